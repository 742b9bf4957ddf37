"""Recording an event as it was reported, and correcting it by a version that says why."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import commands
from engine.cases import typed
from engine.cases.numbering import next_number
from engine.cases.reported import feeding, places
from engine.cases.reported.errors import EventCorrected
from engine.cases.reported.finding import lock, named
from engine.cases.reported.given import JUDGED, Given, problems_of
from engine.cases.reported.models import ReportedEvent
from engine.cases.reported.understanding import understand
from engine.cases.tasks import printed_name
from engine.errors import Invalid, Problem
from engine.evidence import ledger
from engine.people import Person, authorize
from engine.words import N_

ACTION = "reported_event.record"
SERIES = "RE"
RECORD, CORRECT = "record_event", "correct_event"  # the commands, as they are remembered
REASON, REASON_MISSING = N_("Why it is corrected"), N_("Write why it is corrected")
NOTHING_CHANGED = N_("Nothing is changed. Change what is wrong, or leave it as it is")
# what says when and by whom, and not what happened
OWN = ("id", "number", "version", "judged_version", "warnings", "recorded_by_id", "recorded_at",
       "supersedes_id", "reason")  # fmt: skip


def record(db: Session, given: Given, *, by: Person, at: datetime, key: str) -> ReportedEvent:
    """Record an event under the next number; a repeated `key` gives the first.

    A patient's identity in the text is warned of, never refused; an identification that means
    nothing here is kept as told. Raises `Invalid` with every problem.
    """
    authorize(by, ACTION)
    commands.take_turn(db, key)
    asked = {**asdict(given), "by": by.id}
    earlier = commands.earlier_result(db, key, name=RECORD, request=asked)
    if earlier is not None:
        return named(db, earlier["number"], version=1)

    _refuse(problems_of(given, at=at))
    number = next_number(db, SERIES, at=at)
    event = ReportedEvent(
        number=number, version=1, judged_version=1, **_columns(db, given), recorded_by_id=by.id,
        recorded_at=at,
    )  # fmt: skip
    db.add(event)
    db.flush()
    asked_in = places.ask(db, event, at=at)
    _enter(db, event, "reported_event_recorded", {"jurisdictions": asked_in}, by=by, at=at)
    result = {"number": number}
    commands.remember(db, key, name=RECORD, request=asked, result=result, by_id=by.id,
                      at=at)  # fmt: skip
    return event


def correct(
    db: Session,
    number: str,
    given: Given,
    *,
    version: int,
    reason: str,
    by: Person,
    at: datetime,
    key: str,
) -> ReportedEvent:
    """Record a new version of an event that takes the place of `version`, which is the latest.

    Raises `EventCorrected` when a colleague corrected it first, `Invalid` with every problem. What
    reportability rests on puts the decisions given back to be looked at; an earlier awareness
    becomes that of every open case it feeds. Locks those cases, then the event.
    """
    authorize(by, ACTION)
    commands.take_turn(db, key)
    asked = {**asdict(given), "number": number, "version": version, "reason": reason, "by": by.id}
    earlier = commands.earlier_result(db, key, name=CORRECT, request=asked)
    if earlier is not None:
        return named(db, number, version=earlier["version"])

    cases = feeding.lock_open_cases(db, number)
    before = lock(db, number)
    if before.version != version:
        raise EventCorrected(
            by=printed_name(db, before.recorded_by_id), number=number, version=before.version
        )
    _refuse([*problems_of(given, at=at), *problems_of_reason(reason)])
    columns = _columns(db, given)
    changed = [name for name in columns if columns[name] != getattr(before, name)]
    if not set(changed) - {"warnings"}:
        raise Invalid([Problem("reason", NOTHING_CHANGED)])

    is_judged = not set(changed).isdisjoint(JUDGED)
    event = ReportedEvent(
        number=number, version=version + 1,
        judged_version=version + 1 if is_judged else before.judged_version, **columns,
        recorded_by_id=by.id, recorded_at=at, supersedes_id=before.id, reason=reason.strip(),
    )  # fmt: skip
    db.add(event)
    db.flush()
    asked_in = places.ask(db, event, at=at)
    told = {"changed": sorted(changed), "jurisdictions": asked_in, "reason": event.reason}
    for case in cases:
        feeding.know_earlier(db, case, event, by=by, at=at)
        body = {"event": number, "version": event.version, **told}
        ledger.append(db, case.stream, "reported_event_corrected", body, by=by, at=at)
        case.version += 1
    _enter(db, event, "reported_event_corrected", told, by=by, at=at)
    result = {"version": event.version}
    commands.remember(db, key, name=CORRECT, request=asked, result=result, by_id=by.id,
                      at=at)  # fmt: skip
    return event


def problems_of_reason(reason: str) -> list[Problem]:
    """Return what is wrong with the reason of a correction."""
    return typed.problems_of(reason, "reason", REASON, missing=REASON_MISSING)


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise Invalid(problems)


def _columns(db: Session, given: Given) -> dict[str, Any]:
    found = understand(db, given.identification, given.device_name, meant=given.meant)
    return {
        **given.columns(),
        "unit_id": found.unit_id,
        "lot_id": found.lot_id,
        "part_id": found.part.id if found.part else None,
        "warnings": list(given.warnings),
    }


def said(event: ReportedEvent) -> dict[str, Any]:
    """Return what an event says, as it is entered and signed; days and moments as texts."""
    columns = [one.key for one in ReportedEvent.__table__.columns if one.key not in OWN]
    values = {name: getattr(event, name) for name in columns}
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in values.items()
    }


def _enter(
    db: Session,
    event: ReportedEvent,
    action: str,
    more: dict[str, Any],
    *,
    by: Person,
    at: datetime,
) -> None:
    body = {"event": event.number, "version": event.version, **more, "said": said(event)}
    ledger.append(db, event.stream, action, body, by=by, at=at)
