"""Paper for when Holdfast is away: numbered forms, and what was done by them, entered afterwards.

A late entry is an event like another: it happened then, by whom, on which form, and is recorded now
by whom and why. It says so on every timeline (`source` is `late_entry`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import Conflict, Invalid, NotFound, Problem
from engine.evidence import ledger
from engine.people.person import Person
from engine.serials import find, holds, parties, receive, ship, state
from engine.serials.exchange.subscriptions import STREAM
from engine.serials.exchange.tables import quantity_of
from engine.serials.models import DowntimeForm, Event, Location, LotStock, Part
from engine.serials.models.axes import IN_OUR_HANDS
from engine.serials.record import How, StockPart
from engine.serials.targets import HoldTarget
from engine.words import N_

LATE = "late_entry"
KINDS = {
    "receiving": N_("Receiving"),
    "segregation": N_("Segregation"),
    "shipping": N_("Shipping check"),
    "hold_tag": N_("Hold tag"),
}
MOST_AT_ONCE = 20


class FormUnknown(NotFound):
    """There is no downtime form of this number. Check the number on the paper."""


class FormSettled(Conflict):
    """This form was entered already, or written down as not used."""


@dataclass(frozen=True)
class LateEntry:
    """What stands on a form that was filled in."""

    happened_at: datetime | None
    done_by: str
    reason: str
    numbers: str  # one a line: a serial, or `lot = quantity`
    place: str
    part_no: str = ""
    document_no: str = ""
    case_number: str = ""


# --- paper -----------------------------------------------------------------------------------


def print_forms(
    db: Session, kind: str, count: int, *, language: str, by: Person, at: datetime
) -> list[DowntimeForm]:
    """Give out blank forms with running numbers, each of them accounted for later. Flushes."""
    if kind not in KINDS or not 1 <= count <= MOST_AT_ONCE:
        sentence = N_("Choose the form, and how many: up to %(most)s.")
        raise Invalid([Problem("count", sentence, (("most", MOST_AT_ONCE),))])
    ledger.lock_head(db, STREAM)  # two who print at once: no number twice
    last = db.scalar(select(func.max(DowntimeForm.id))) or 0
    forms = [
        DowntimeForm(
            number=f"DT-{at.year}-{last + step:05d}",
            kind=kind,
            language=language,
            printed_at=at,
            printed_by_id=by.id,
        )
        for step in range(1, count + 1)
    ]
    db.add_all(forms)
    db.flush()
    body = {"kind": kind, "numbers": [one.number for one in forms]}
    ledger.append(db, STREAM, "downtime_forms_printed", body, by=by, at=at)
    return forms


def form_numbered(db: Session, number: str, *, lock: bool = False) -> DowntimeForm:
    """Return a form by its number; raises `FormUnknown`."""
    wanted = select(DowntimeForm).where(DowntimeForm.number == number)
    found = db.scalars(wanted.with_for_update() if lock else wanted).first()
    if found is None:
        raise FormUnknown
    return found


def not_used(db: Session, number: str, *, reason: str, by: Person, at: datetime) -> DowntimeForm:
    """Write down what became of a form that nothing is entered from. Flushes."""
    form = _open(db, number)
    if not reason.strip():
        raise Invalid([Problem("not_used_reason", N_("Write the reason first."))])
    form.not_used_reason, form.not_used_by_id = reason.strip(), by.id
    db.flush()
    body = {"form": number, "reason": reason.strip()}
    ledger.append(db, STREAM, "downtime_form_not_used", body, by=by, at=at)
    return form


# --- late entry ------------------------------------------------------------------------------


def enter(db: Session, number: str, said: LateEntry, *, by: Person, at: datetime) -> Event:
    """Record what was done by a form while Holdfast was away. Flushes.

    What happened is a fact: it is recorded also where a hold or a rule forbade it, and flagged.
    Raises `Invalid` with every problem, `FormSettled`.
    """
    form = _open(db, number)
    problems = _problems(db, form, said, at=at)
    if problems:
        raise Invalid(problems)
    how: How = {
        "by": by,
        "at": at,
        "event_at": said.happened_at,
        "source": LATE,
        "documents": [number, *([said.document_no.strip()] if said.document_no.strip() else [])],
        "facts": {"operator": [said.done_by.strip()]},
        "reason": said.reason.strip(),
    }
    enter_kind = {
        "receiving": _receive,
        "segregation": _segregate,
        "shipping": _ship,
        "hold_tag": _hold,
    }[form.kind]
    event = enter_kind(db, said, how)
    form.entered_at, form.entered_by_id, form.event_id = at, by.id, event.id
    db.flush()
    body = {"form": number, "event": event.id, "done_by": said.done_by, "reason": said.reason}
    ledger.append(db, STREAM, "late_entry", body, by=by, at=at)
    return event


def lines_of(numbers: str) -> list[tuple[str, Decimal | None, bool]]:
    """Return each line as its number, its quantity, and whether the quantity can be read."""
    found = []
    for line in filter(str.strip, numbers.splitlines()):
        name, equals, quantity = line.rpartition("=")
        said = (name if equals else quantity).strip()
        amount = quantity_of(quantity) if equals else None
        found.append((said, amount, not equals or (amount is not None and amount > 0)))
    return found


def _open(db: Session, number: str) -> DowntimeForm:
    form = form_numbered(db, number, lock=True)
    if form.entered_at is not None or form.not_used_reason is not None:
        raise FormSettled
    return form


def _problems(db: Session, form: DowntimeForm, said: LateEntry, *, at: datetime) -> list[Problem]:
    problems = []
    if said.happened_at is None or said.happened_at > at:
        problems.append(Problem("happened_at", N_("Enter when it was done: a moment in the past.")))
    problems += [
        Problem(name, ASKED[name])
        for name in ("done_by", "reason")
        if not getattr(said, name).strip()
    ]
    lines = lines_of(said.numbers)
    if not lines or not all(good for _, _, good in lines):
        problems.append(Problem("numbers", ASKED["numbers"]))
    if form.kind != "hold_tag" and _place(db, said.place) is None:
        problems.append(Problem("place", N_("Enter the code of a place that is known here.")))
    if form.kind == "receiving" and _part(db, said.part_no) is None:
        problems.append(Problem("part_no", N_("Enter the number of a part that is known here.")))
    if form.kind in ("segregation", "hold_tag") and lines:
        unknown = [text for text, one in _found(db, lines) if one is None]
        if unknown:
            sentence = N_("Not known here: %(numbers)s. Check the labels.")
            problems.append(Problem("numbers", sentence, (("numbers", ", ".join(unknown)),)))
    return problems


ASKED = {
    "done_by": N_("Enter who did it, as signed on the form."),
    "reason": N_("Enter why it was done on paper."),
    "numbers": N_("Enter serials, or lots with quantities, one a line: S-0001 = 40"),
}


def _receive(db: Session, said: LateEntry, how: How) -> Event:
    part, place = _part(db, said.part_no), _place(db, said.place)
    assert part is not None  # noqa: S101 - `_problems` has looked
    assert place is not None  # noqa: S101 - `_problems` has looked
    lines = lines_of(said.numbers)
    if part.control == "serial":
        serials = [text for text, _, _ in lines]
        return receive.receive_units(db, part.id, serials, location_id=place.id, **how).event
    events = [
        receive.receive_lot(
            db,
            parties.ensure_lot(db, part.id, text, **how).id,
            amount or Decimal(1),
            location_id=place.id,
            **how,
        ).event
        for text, amount, _ in lines
    ]
    return events[0]


def _segregate(db: Session, said: LateEntry, how: How) -> Event:
    place = _place(db, said.place)
    assert place is not None  # noqa: S101 - `_problems` has looked
    units, parts, _ = _goods(db, said)
    return state.move(
        db, location_id=place.id, units=units, stock_parts=parts, reported=True, **how
    ).event


def _ship(db: Session, said: LateEntry, how: How) -> Event:
    place = _place(db, said.place)
    assert place is not None  # noqa: S101 - `_problems` has looked
    units, parts, unknown = _goods(db, said)
    return ship.report_shipment(
        db,
        to_location_id=place.id,
        units=units,
        stock_parts=parts,
        unknown=unknown,
        document_no=said.document_no.strip() or None,
        **how,
    ).event


def _hold(db: Session, said: LateEntry, how: How) -> Event:
    targets = [
        HoldTarget.unit(found.id) if found.kind == "unit" else HoldTarget.lot(found.id)
        for _, found in _found(db, lines_of(said.numbers))
        if found is not None
    ]
    hold = holds.place(
        db,
        stream=f"case:{said.case_number}",
        case_number=said.case_number,
        reason=said.reason.strip(),
        basis=LATE,
        target=HoldTarget.scope(targets),
        by=how["by"],
        at=how["at"],
        event_at=said.happened_at,
        source=LATE,
    )
    return db.get_one(Event, hold.placed_event_id)


def _goods(db: Session, said: LateEntry) -> tuple[list[int], list[StockPart], list[str]]:
    """Return the units, the quantities out of stock, and what is not known or not there."""
    lines = lines_of(said.numbers)
    units: list[int] = []
    parts: list[StockPart] = []
    unknown: list[str] = []
    for (text, found), (_, amount, _) in zip(_found(db, lines), lines, strict=True):
        if found is None:
            unknown.append(text)
        elif found.kind == "unit":
            units.append(found.id)
        else:
            taken, left = _out_of(db, found.id, amount)
            parts += taken
            if left or not taken:
                unknown.append(f"{text} = {left:f}" if left else text)
    return units, parts, unknown


def _out_of(db: Session, lot_id: int, amount: Decimal | None) -> tuple[list[StockPart], Decimal]:
    """Return where a quantity of a lot (all of it without one) is taken, and what is not there."""
    rows = db.scalars(
        select(LotStock)
        .where(LotStock.lot_id == lot_id, LotStock.custody.in_(IN_OUR_HANDS), LotStock.quantity > 0)
        .order_by(LotStock.id)
    ).all()
    left = amount if amount is not None else sum((row.quantity for row in rows), Decimal(0))
    taken = []
    for row in rows:
        part = min(left, row.quantity)
        if part > 0:
            taken.append(StockPart(row.id, part))
            left -= part
    return taken, left


def _found(db: Session, lines: Sequence[tuple[str, Any, Any]]) -> list[tuple[str, Any]]:
    texts = [text for text, _, _ in lines]
    found = find.resolve_many(db, texts)
    return [
        (text, one.matches[0] if len(one.matches) == 1 else None)
        for text, one in zip(texts, found, strict=True)
    ]


def _place(db: Session, code: str) -> Location | None:
    return db.scalars(select(Location).where(Location.code == code.strip())).first()


def _part(db: Session, part_no: str) -> Part | None:
    return db.scalars(select(Part).where(Part.part_no == part_no.strip())).first()
