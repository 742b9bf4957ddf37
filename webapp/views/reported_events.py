"""Reported events: the register, one event, and the cases it feeds."""

from dataclasses import replace

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine.cases.reported import feeding, finding, listing
from engine.cases.reported.models import OUTCOMES
from engine.clock import now
from engine.errors import Invalid, Problem
from engine.evidence import documents
from webapp.downloads import download
from webapp.exports import exported
from webapp.numbers import whole
from webapp.permissions import allow
from webapp.queries.reported_events import columns, event_page, file_rows, rows_shown, seen_names
from webapp.reading import read
from webapp.recording import Entered
from webapp.session import person
from webapp.transactions import begin, request_key
from webapp.views.tasks import addresses, page_addresses, up_to_last

bp = Blueprint("reported_events", __name__, url_prefix="/reported-events")


def _wanted() -> listing.Wanted:
    args = {name: text.replace("\x00", "").strip()[:200] for name, text in request.args.items()}
    outcome, country = args.get("outcome", ""), args.get("country", "")
    return listing.Wanted(
        text=args.get("text", ""),
        is_reporter_seen="reporter_name" in seen_names(),
        outcome=outcome if outcome in OUTCOMES else None,
        country=country if country == "none" else country[:2] or None,
        is_undecided=args.get("show") == "undecided",
        is_unlinked=args.get("show") == "unlinked",
        unit_id=_id("unit"),
        lot_id=_id("lot"),
    )


def _id(name: str) -> int | None:
    return whole(request.args.get(name)) or None


@bp.get("")
@allow("reported_event.read")
def index() -> ResponseReturnValue:
    """List the events, the latest received first, narrowed by words, outcome and country."""
    db, wanted = read(), _wanted()
    show = request.args.get("show", "")
    kept = {
        "text": wanted.text or None,
        "outcome": wanted.outcome,
        "country": wanted.country,
        "unit": str(wanted.unit_id) if wanted.unit_id else None,
        "lot": str(wanted.lot_id) if wanted.lot_id else None,
        "show": show if show in ("undecided", "unlinked") else None,
    }
    return render_template(
        "reported_events/index.html",
        listed=up_to_last(
            lambda number: listing.events(db, wanted, page=number), lambda found: found.page
        ),
        undecided_count=listing.undecided_count(db),
        countries=listing.countries(db),
        wanted=wanted,
        show=kept["show"] or "all",
        outcomes=OUTCOMES,
        kept=kept,
        address=addresses(**kept),
        page_address=page_addresses(**kept),
    )


@bp.get("/events.csv")
@allow("reported_event.read")
def file() -> ResponseReturnValue:
    """Send every event that the list is narrowed to as a file."""
    rows = file_rows(read(), _wanted())
    return exported(columns(), rows, format="csv", name=gettext("reported-events"), at=now())


@bp.get("/<number>")
@allow("reported_event.read")
def one(number: str) -> ResponseReturnValue:
    """Show one event: what was told, where it is decided on, what it feeds, its versions."""
    return _one(number, [])


def _one(number: str, problems: list[Problem]) -> str:
    page = event_page(read(), number)
    return render_template(
        "reported_events/one.html",
        page=page,
        rows=lambda *names: rows_shown(page.event, *names),
        problems=problems,
        entered=request.form,
    )


@bp.get("/<number>/documents/<int:document_id>")
@allow("reported_event_document.read")
def document(number: str, document_id: int) -> ResponseReturnValue:
    """Send a sealed record of this event, or the rows behind one, as a download."""
    db = read()
    event, found = finding.named(db, number), documents.document_of(db, document_id)
    if found.stream != event.stream:
        raise documents.DocumentUnknown
    content = documents.content_of(db, found)
    return download(content, name=found.download_name, media_type=found.media_type)


@bp.post("/<number>/cases")
@allow("reported_event.record")
def link(number: str) -> ResponseReturnValue:
    """Have this event feed a case."""
    key, entered = request_key(), Entered()
    case = entered.text("case", required=True).upper()
    try:
        entered.check()
        with begin() as db:
            feeding.link(db, case, [number], by=person(), at=now(), key=key)
    except Invalid as wrong:
        return _one(number, wrong.problems), 422
    flash(gettext("%(event)s feeds %(case)s.", event=number, case=case))
    return redirect(url_for(".one", number=number), 303)


@bp.post("/<number>/cases/<case>/end")
@allow("reported_event.record")
def end(number: str, case: str) -> ResponseReturnValue:
    """Take a link away that was wrong, with the reason."""
    key, reason = request_key(), Entered().text("reason")
    try:
        with begin() as db:
            feeding.take_away(db, case, number, reason=reason, by=person(), at=now(), key=key)
    except Invalid as wrong:
        problems = [replace(one, at=f"reason.{case}") for one in wrong.problems]
        return _one(number, problems), 422
    flash(gettext("%(event)s does not feed %(case)s any more. What the case knows of when the "
                  "company was aware stays: clocks have run from it.",
                  event=number, case=case))  # fmt: skip
    return redirect(url_for(".one", number=number), 303)
