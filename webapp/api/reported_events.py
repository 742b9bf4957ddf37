"""Reported events as a complaint system writes and reads them: recorded, corrected, listed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from marshmallow import Schema, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.reported import feeding, finding, listing, recording
from engine.cases.reported.given import Given, given_of
from engine.cases.reported.models import OUTCOMES, CaseEvent, ReportedEvent
from engine.clock import now
from engine.serials.dictionary import seen
from webapp.api.blueprint import Day, Paged, Past, Stored, Strict, moment, part
from webapp.api.matching import etag, refuse_unmatched, tagged
from webapp.api.naming import ID, exactly
from webapp.api.paging import page_of
from webapp.api.writing import Answer, change, once
from webapp.permissions import allow
from webapp.reading import read
from webapp.session import person

bp = part(
    "reported_events", "Complaints and what else was reported of a device.",
    under="/reported-events",
)  # fmt: skip
LONGEST = validate.Length(max=200_000)  # the engine says how long each may be, in its own words
TEXTS = (
    "complaint_number", "device_name", "identification", "reporter_name", "reporter_address",
    "reporter_phone", "what_happened", "corrective_action", "reply", "why_no_investigation",
    "aware_by", "aware_how", "country", "outcome",
)  # fmt: skip
NEVER_NONE = ("complaint_number", "device_name", "what_happened", "outcome", "aware_by",
              "aware_how")  # fmt: skip
STATES = ("undecided", "waits_for_second_person", "reportable", "not_reportable")


def _hidden() -> fields.Field[Any]:
    about = {"description": "Only for accounts that may see who complained."}
    return fields.String(allow_none=True, metadata=about)


# --- what is sent ----------------------------------------------------------------------------


def _text(about: str) -> fields.Field[Any]:
    return Stored(allow_none=True, validate=LONGEST, metadata={"description": about})


class ReportedSaid(Strict):
    """An event as it was told, by 21 CFR 820.35(a); what nobody knows is left out or null."""

    complaint_number = _text("The number of the complaint, ours or the reporter's.")
    is_external = fields.Boolean(metadata={"description": "The number is the reporter's."})
    device_name = _text("As it was told; a part number is understood too.")
    identification = _text("UDI, UPC, lot or serial, as told.")
    unit_id = fields.Integer(
        validate=ID, metadata={"description": "Which unit, where the identification fits several."}
    )
    lot_id = fields.Integer(
        validate=ID, metadata={"description": "Which lot, where the identification fits several."}
    )
    received_on = Day(allow_none=True)
    reporter_name = _text("A person or an organisation, never the patient.")
    reporter_address = _text("Their address.")
    reporter_phone = _text("Their telephone.")
    what_happened = _text("Nature and details, without a patient's identity.")
    outcome = _text(f"One of {', '.join(OUTCOMES)}.")
    happened_on = Day(allow_none=True)
    country = _text("Where it happened, ISO 3166-1 alpha-2.")
    aware_at = Past(allow_none=True, metadata={"description": "When anyone here first knew of it."})
    aware_by = _text("Who first knew of it.")
    aware_how = _text("How they learned of it.")
    corrective_action = _text("Correction or corrective action taken.")
    reply = _text("Reply to whoever complained.")
    why_no_investigation = _text("Why it is not investigated.")


class NewReportedEvent(ReportedSaid):
    """A new event, and the case that it feeds, if any."""

    case_number = Stored(
        validate=validate.Length(1, 40), metadata={"description": "An open case that it feeds."}
    )


class ReportedCorrection(Strict):
    """What is said otherwise, and why; the version before stays."""

    reason = Stored(load_default="", validate=LONGEST)
    changes = fields.Nested(ReportedSaid, required=True)


class WantedReported(Paged):
    """Which events."""

    complaint_number = Stored(validate=validate.Length(1, 80))
    outcome = fields.String(validate=validate.OneOf(list(OUTCOMES)))
    country = Stored(validate=exactly("[A-Z]", 2))
    case_number = Stored(
        validate=validate.Length(1, 40), metadata={"description": "Only what feeds this case."}
    )


# --- what is answered ------------------------------------------------------------------------


class Reportability(Schema):
    """Where an event stands in one jurisdiction; what is not decided runs as if reportable."""

    jurisdiction = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))


class ReportedEventShown(Schema):
    """The latest version of an event."""

    number = fields.String(required=True)
    version = fields.Integer(required=True)
    complaint_number = fields.String(required=True)
    is_external = fields.Boolean(required=True)
    device_name = fields.String(required=True)
    received_on = fields.String(required=True, metadata={"format": "date"})
    identification = fields.String(required=True, allow_none=True)
    unit_id = fields.Integer(required=True, allow_none=True)
    lot_id = fields.Integer(required=True, allow_none=True)
    part_id = fields.Integer(required=True, allow_none=True)
    reporter_name = _hidden()
    reporter_address = _hidden()
    reporter_phone = _hidden()
    what_happened = fields.String(required=True)
    happened_on = fields.String(required=True, allow_none=True, metadata={"format": "date"})
    country = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, validate=validate.OneOf(list(OUTCOMES)))
    corrective_action = fields.String(required=True, allow_none=True)
    reply = fields.String(required=True, allow_none=True)
    why_no_investigation = fields.String(required=True, allow_none=True)
    aware_at = moment()
    aware_by = fields.String(required=True)
    aware_how = fields.String(required=True)
    warnings = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "What looked like a patient's identity when it was recorded."},
    )
    recorded_at = moment()
    reason = fields.String(required=True, allow_none=True)
    cases = fields.List(fields.String(), required=True)
    reportability = fields.List(fields.Nested(Reportability), required=True)


class ReportedEvents(Schema):
    """A page of events."""

    data = fields.List(fields.Nested(ReportedEventShown), required=True)
    next = fields.String(required=True, allow_none=True)


def _shown(db: Session, events: list[ReportedEvent]) -> list[dict[str, Any]]:
    """Return events as this account may see them."""
    rows = listing.rows_of(db, events)
    names = [field.kept for field in seen("reported_event", person())]
    kept = [name for name in names if name in ReportedEventShown().fields]
    return [
        {
            **{name: _plain(getattr(row.event, name)) for name in kept},
            "cases": [number for number, _ in row.cases],
            "reportability": [
                {"jurisdiction": code, "state": _state(row, code)} for code in row.asked
            ],
        }
        for row in rows
    ]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _state(row: listing.EventRow, code: str) -> str:
    if code in row.waiting:
        return "waits_for_second_person"
    if code in row.undecided:
        return "undecided"
    return "reportable" if code in row.reportable else "not_reportable"


def _one(db: Session, number: str) -> dict[str, Any]:
    return _shown(db, [finding.named(db, number)])[0]


# --- reading ---------------------------------------------------------------------------------


@bp.route("", methods=["GET"])
@allow("reported_event.read")
@bp.arguments(WantedReported, location="query")
@bp.response(200, ReportedEvents)
def all_events(asked: Mapping[str, Any]) -> Any:
    """List the latest version of each event in the order recorded; a corrected one comes again."""
    db, kept = read(), ReportedEvent.__table__.c
    wanted = listing.Wanted(outcome=asked.get("outcome"), country=asked.get("country"))
    rows = select(kept.id).where(*wanted.conditions())
    if "complaint_number" in asked:
        rows = rows.where(kept.complaint_number == asked["complaint_number"])
    if "case_number" in asked:
        fed = (
            select(CaseEvent.number)
            .join(Case, Case.id == CaseEvent.case_id)
            .where(Case.number == asked["case_number"], CaseEvent.ended_at.is_(None))
        )
        rows = rows.where(kept.number.in_(fed))
    page = page_of(db, rows, [kept.id], asked, list_name="reported-events")
    ids = [row.id for row in page.rows]
    found = select(ReportedEvent).where(ReportedEvent.id.in_(ids)).order_by(ReportedEvent.id)
    return {"data": _shown(db, list(db.scalars(found))), "next": page.next}


@bp.route("/<number>", methods=["GET"])
@allow("reported_event.read")
@bp.response(200, ReportedEventShown)
def one_event(number: str) -> Any:
    """Read the latest version of one event by its number, with its ETag."""
    return tagged(_one(read(), number))


# --- writing ---------------------------------------------------------------------------------


@bp.route("", methods=["POST"])
@allow("reported_event.record")
@bp.arguments(NewReportedEvent)
@bp.response(201, ReportedEventShown)
def record_event(said: dict[str, Any]) -> Any:
    """Record an event as it was told; with `case_number` it feeds that case, or nothing is done."""
    return once(lambda db: _recorded(db, said))


def _recorded(db: Session, said: dict[str, Any]) -> Answer:
    case, by, at = said.pop("case_number", None), person(), now()
    empty = Given("", "", None, "", "", None, "", "")
    number = recording.record(db, _with(empty, said), by=by, at=at, key=_key()).number
    if case is not None:
        feeding.link(db, case, [number], by=by, at=at, key=_key())
    shown = _one(db, number)
    where = f"/api/v1/reported-events/{number}"
    return Answer(shown, status=201, headers={"Location": where, "ETag": f'"{etag(shown)}"'})


@bp.route("/<number>", methods=["PATCH"])
@allow("reported_event.record")
@bp.arguments(ReportedCorrection)
@bp.response(200, ReportedEventShown)
def correct_event(said: dict[str, Any], number: str) -> Any:
    """Correct an event as it was read (If-Match), with the reason; what is not named stays."""
    return change(lambda db: _corrected(db, number, said))


def _corrected(db: Session, number: str, said: Mapping[str, Any]) -> Answer:
    feeding.lock_open_cases(db, number)
    before = finding.lock(db, number)
    refuse_unmatched(_one(db, number))
    recording.correct(
        db, number, _with(given_of(before), said["changes"]), version=before.version,
        reason=said["reason"], by=person(), at=now(), key=_key(),
    )  # fmt: skip
    shown = _one(db, number)
    return Answer(shown, headers={"ETag": f'"{etag(shown)}"'})


def _with(given: Given, said: Mapping[str, Any]) -> Given:
    """Return an event with what is said of it; an empty text is what nobody knows."""
    values = dict(said)
    for name in TEXTS:
        if name in values:
            text = (values[name] or "").strip()
            values[name] = text if name in NEVER_NONE else text or None
    unit_id, lot_id = values.pop("unit_id", None), values.pop("lot_id", None)
    if unit_id is not None or lot_id is not None:
        values["meant"] = f"unit-{unit_id}" if unit_id is not None else f"lot-{lot_id}"
    return replace(given, **values)


def _key() -> str:
    """Return a key of its own: the request's key, or If-Match, is what makes a repeat harmless."""
    return f"api:{uuid4().hex}"
