"""Scanning with a phone or a wedge: one thing at a time, or a batch with its running tally."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from sqlalchemy.orm import Session

from engine.clock import now
from engine.errors import EngineError, Refused
from engine.exports import Column
from engine.people.permissions import may
from engine.serials import receive, scans, ship, state
from engine.serials.identifiers import join
from engine.serials.models import Location
from engine.serials.record import How
from webapp.errors import status_of
from webapp.exports import FORMATS, exported
from webapp.permissions import allow
from webapp.queries.scan import DOORS, Seen, Tally, place_scanned, see, tally
from webapp.queries.search import LONGEST, MOST, readable
from webapp.reading import read
from webapp.security import POLICY
from webapp.sentences import in_words
from webapp.session import person
from webapp.transactions import begin
from webapp.views.report import start_with
from webapp.views.search import address_of
from webapp.words import N_

bp = Blueprint("scan", __name__, url_prefix="/scan")

# the camera of this page and no other
CAMERA = {
    "Content-Security-Policy": f"{POLICY}; media-src 'self' blob:; worker-src 'self'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
# what may be done with a batch: the words, and who may
ACTS = {
    "move": (N_("Move to"), "goods.move"),
    "receive": (N_("Receive as new at"), "goods.receive"),
    "return": (N_("Take back at"), "goods.return"),
}
COLUMNS = (
    Column("scan", "Scan"),
    Column("what", "What it is"),
    Column("part", "Part"),
    Column("lot", "Lot"),
    Column("serial", "Serial"),
    Column("expires_on", "Expires on", "date"),
    Column("verdict", "Verdict"),
    Column("scanned_at", "Scanned", "datetime"),
)


class NoUnits(Refused):
    """There is no unit in this batch. Scan one first."""


class NothingNew(Refused):
    """Nothing in this batch is the label of a part with a serial that is new here."""


@bp.get("")
@allow("unit.read")
def one() -> ResponseReturnValue:
    """Show at once what was scanned, in large words, and whether it may pass a door."""
    text = readable(request.args.get("q", "")[:LONGEST]).strip()
    before = readable(request.args.get("before", "")[:LONGEST]).strip()
    text = (join(before, text) if before and text else None) or text
    door = _door()
    found = see(read(), [text], door=door, on=now().date())[0] if text else None
    return _with_camera(
        render_template(
            "scan/one.html", seen=found, text=text, door=door, doors=DOORS, address_of=address_of
        )
    )


@bp.get("/batch")
@allow("unit.read")
def batch() -> ResponseReturnValue:
    """Show the batch of this person and what it adds up to."""
    return _with_camera(_page())


@bp.post("/batch")
@allow("unit.read")
def add() -> ResponseReturnValue:
    """Add what was scanned, one or many; what was there already is told."""
    text = readable(request.form.get("scans", "")[:MOST])
    with begin() as db:
        again = scans.add_scans(db, text, by=person(), at=now())
    if again:
        flash(
            ngettext(
                "%(text)s was scanned before: it counts once.",
                "%(num)d were scanned before, each counts once: %(text)s",
                len(again),
                text=", ".join(again[:5]),
            )
        )
    return redirect(url_for(".batch", door=_door()), 303)


@bp.post("/batch/drop")
@allow("unit.read")
def drop() -> ResponseReturnValue:
    """Take one line out of the batch, or all of them."""
    chosen = request.form.getlist("line", type=int)
    with begin() as db:
        lines = [one.id for one in scans.scans_of(db, person())]
        wanted = lines if request.form.get("all") else set(chosen) & set(lines)
        scans.drop_scans(db, wanted, by=person())
    return redirect(url_for(".batch", door=_door()), 303)


@bp.post("/batch/report")
@allow("case.report")
def report() -> ResponseReturnValue:
    """Begin the report of a nonconformance with everything in the batch."""
    with begin() as db:
        found = _tally(db)
        start_with(
            db,
            [one.text for one in found.lines if one.word != "unknown"],
            [one.text for one in found.lines if one.word == "unknown"],
            by=person(),
            at=now(),
        )
    return redirect(url_for("report.new"), 303)


@bp.post("/batch/act")
@allow("unit.read")
def act() -> ResponseReturnValue:
    """Move, receive or take back what is in the batch; what is done leaves the batch."""
    name = request.form.get("act", "")
    if name not in ACTS or not may(person(), ACTS[name][1]):
        abort(403)
    try:
        with begin() as db:
            place = place_scanned(db, request.form.get("place", ""))
            found = _tally(db)
            done = _DONE[name](db, found, place)
            lines = [one.line.id for one in done if one.line]
            scans.drop_scans(db, lines, by=person())
    except EngineError as refused:
        return _page(in_words(refused)), status_of(refused)
    flash(
        ngettext(
            "%(num)d scan: recorded at %(place)s.",
            "%(num)d scans: recorded at %(place)s.",
            len(done),
            place=place.name,
        )
    )
    return redirect(url_for(".batch", door=_door()), 303)


@bp.get("/batch/export")
@allow("unit.read")
def export() -> ResponseReturnValue:
    """Send the batch as a file."""
    kind = request.args.get("format", "csv")
    if kind not in FORMATS:
        abort(404)
    found = _tally(read())
    columns = [Column(one.name, gettext(one.label), one.type) for one in COLUMNS]
    answer = exported(columns, _rows(found), format=kind, name="scans", at=now())
    answer.make_sequence()  # a batch is small: nothing is left to read when this is over
    return answer


def _rows(found: Tally) -> Iterator[Sequence[object]]:
    for one in reversed(found.lines):
        match = one.match
        yield (
            one.text,
            match.kind if match else one.word,
            match.part_no if match else None,
            match.lot_no if match else one.said.lot_no if one.said.elements else None,
            match.serial if match else one.said.serial if one.said.elements else None,
            match.expires_on if match else one.said.expires_on,
            in_words(one.problem) if one.problem else one.word,
            one.line.scanned_at if one.line else None,
        )


def _move(db: Session, found: Tally, place: Location) -> list[Seen]:
    units = _units(found)
    state.move(db, location_id=place.id, units=[_id(one) for one in units], **_how())
    return units


def _take_back(db: Session, found: Tally, place: Location) -> list[Seen]:
    units = _units(found)
    ship.receive_return(db, location_id=place.id, units=[_id(one) for one in units], **_how())
    return units


def _receive(db: Session, found: Tally, place: Location) -> list[Seen]:
    """Receive the labels of a part of ours whose serial nobody has recorded yet."""
    new = [one for one in found.lines if one.new_unit]
    if not new:
        raise NothingNew
    for (part_id, lot_no), group in groupby(sorted(new, key=_new_key), key=_new_key):
        ones = list(group)
        receive.receive_labelled(
            db,
            part_id,
            [one.said.serial or "" for one in ones],
            lot_no=lot_no or None,
            expires_on=ones[0].said.expires_on,
            location_id=place.id,
            **_how(),
        )
    return new


_DONE: dict[str, Callable[[Session, Tally, Location], list[Seen]]] = {
    "move": _move,
    "receive": _receive,
    "return": _take_back,
}


def _new_key(one: Seen) -> tuple[int, str]:
    return one.new_part_id or 0, one.said.lot_no or ""


def _units(found: Tally) -> list[Seen]:
    units = [one for one in found.lines if one.match and one.match.kind == "unit"]
    if not units:
        raise NoUnits
    return units


def _id(one: Seen) -> int:
    return one.match.id if one.match else 0


def _how() -> How:
    document = request.form.get("document", "").strip()[:80]
    how: How = {"by": person(), "at": now()}
    if document:
        how["documents"] = [document]
    return how


def _tally(db: Session) -> Tally:
    return tally(db, scans.scans_of(db, person()), door=_door(), on=now().date())


def _page(refused: str = "") -> str:
    found = _tally(read())
    return render_template(
        "scan/batch.html",
        tally=found,
        door=_door(),
        doors=DOORS,
        acts=[(name, gettext(text)) for name, (text, who) in ACTS.items() if may(person(), who)],
        most=scans.MOST,
        refused=refused,
        typed=request.form,
        address_of=address_of,
    )


def _door() -> str:
    asked = request.values.get("door", "")
    return asked if asked in DOORS else DOORS[0]


def _with_camera(page: str) -> Response:
    response = Response(page)
    response.headers.update(CAMERA)
    return response
