"""Reporting a nonconformance: the start form, a look at what it opens, and saving it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases import commands
from engine.cases.overview import case_named
from engine.cases.scope import scope_of
from engine.people import Person
from engine.serials.errors import EventUnknown
from webapp.config import LARGEST_ID
from webapp.permissions import allow
from webapp.queries.failure import failure_of
from webapp.queries.report import understood
from webapp.queries.reported_events import begun_nonconformance
from webapp.reading import read
from webapp.starting import StartForm
from webapp.times import number

bp = Blueprint("report", __name__, url_prefix="/report")

START = StartForm(
    process="nonconformance",
    template="cases/report.html",
    check_template="cases/report_check.html",
    first="report.new",
    check="report.check",
    opened="case.overview",
)


@bp.get("")
@allow("case.report")
def new() -> ResponseReturnValue:
    """Show the form with what this person has typed so far, or with what led here."""
    kept = START.kept()
    about = request.args.get("event", type=int)
    if about is not None and about > LARGEST_ID:
        raise EventUnknown
    if about is not None and (failed := failure_of(read(), about)):
        return START.page(failed, [])
    if number := request.args.get("reported_event", ""):
        return START.page(begun_nonconformance(read(), number), [])
    return START.page(kept.answers if kept else _begun(), [])


def _begun() -> dict[str, Any]:
    """Return the start of a report: about what was shown, or what the search could not find."""
    scanned, sought = (
        request.args.get(name, "").replace("\x00", "").strip()[:200]
        for name in ("scanned", "unidentified")
    )
    field = next((one.id for one in START.form.fields if one.kind == "suspects"), "")
    if not field or not (scanned or sought):
        return {}
    rows = [{"description": sought, "quantity": ""}] if sought else []
    return {field: {"scanned": scanned, "unidentified": rows}}


def start_with(
    db: Session, scanned: Sequence[str], unidentified: Sequence[str], *, by: Person, at: datetime
) -> None:
    """Add goods to this person's draft of a report; what they typed before stays."""
    field = next((one.id for one in START.form.fields if one.kind == "suspects"), "")
    kept = commands.find_draft(db, START.place, by=by)
    raw = dict(kept.answers) if kept else {}
    before = raw.get(field) or {}
    lines = [one for one in str(before.get("scanned", "")).splitlines() if one]
    rows = [row for row in before.get("unidentified", []) if row.get("description")]
    raw[field] = {
        "scanned": "\n".join(dict.fromkeys([*lines, *scanned])),
        "unidentified": [*rows, *({"description": one, "quantity": ""} for one in unidentified)],
    }
    commands.save_draft(db, START.place, raw, by=by, at=at)


@bp.post("")
@allow("case.report")
def send() -> ResponseReturnValue:
    """Keep what was typed; go on to check it, or show every problem."""
    return START.send()


@bp.get("/check")
@allow("case.report")
def check() -> ResponseReturnValue:
    """Show what was understood, what has left already, and cases that may be the same."""
    return START.check_page(
        lambda form, _context, answers: {"understood": understood(read(), form, answers)}
    )


@bp.post("/save")
@allow("case.report")
def save() -> ResponseReturnValue:
    """Open the case from what was checked; sent twice it is one case."""
    return START.save(_told)


def _told(db: Session, opened: str) -> Iterator[str]:
    yield gettext("%(number)s is open. Thank you for reporting.", number=opened)
    scope = scope_of(db, case_named(db, opened))
    if scope.affected:
        facts = {"affected": number(scope.affected), "held": number(scope.held)}
        yield gettext("%(affected)s are affected, %(held)s of them on hold.", **facts)


@bp.post("/draft")
@allow("case.report")
def draft() -> ResponseReturnValue:
    """Keep what was typed, unchecked, and say when."""
    return START.draft()
