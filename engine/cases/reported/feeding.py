"""Which cases an event feeds: linked, taken away with a reason, its awareness in their facts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import commands
from engine.cases import facts, typed
from engine.cases.models import Case
from engine.cases.reported.errors import AlreadyFeeds, DoesNotFeed, DrillTakesNoEvent
from engine.cases.reported.finding import lock
from engine.cases.reported.models import CaseEvent, ReportedEvent
from engine.cases.tasks import lock_case, refuse_ended
from engine.errors import Invalid, Problem
from engine.evidence import ledger
from engine.people import Person, authorize
from engine.words import N_

ACTION = "reported_event.record"
REASON = N_("Why it does not belong there")
REASON_MISSING = N_("Write why it does not belong to this case")
FIELD = "reported_events"  # of the forms that begin a case
NUMBERS_MISSING = N_("Enter the number of at least one reported event, such as RE-2026-0007")
NOT_AN_EVENT = N_("There is no reported event %(number)s. Look at the list of reported events")


def link(
    db: Session, case_number: str, numbers: Sequence[str], *, by: Person, at: datetime, key: str
) -> None:
    """Have events feed an open case, all of them or none; a repeated `key` changes nothing.

    The earliest awareness of any becomes that of the case. Raises `AlreadyFeeds`,
    `DrillTakesNoEvent`, `CaseEnded`, and `Invalid` with every number that names no event.
    """
    authorize(by, ACTION)
    commands.take_turn(db, key)
    wanted = list(dict.fromkeys(one.strip().upper() for one in numbers if one.strip()))
    asked = {"case": case_number, "events": wanted, "by": by.id}
    if commands.earlier_result(db, key, name="link_events", request=asked) is not None:
        return

    case = lock_case(db, case_number)
    refuse_ended(case)
    refuse_unknown(db, wanted, at="events")
    feed(db, case, wanted, by=by, at=at)
    case.version += 1
    commands.remember(db, key, name="link_events", request=asked, result={}, by_id=by.id, at=at)


def named_in(answers: Mapping[str, Any]) -> list[str]:
    """Return the events that the answers of a start form name, each once."""
    words = str(answers.get(FIELD) or "").replace("、", ",").replace(",", " ").split()
    return list(dict.fromkeys(word.upper() for word in words))


def refuse_unknown(db: Session, numbers: Sequence[str], *, at: str) -> None:
    """Raise `Invalid` with a problem at the field for every number that names no event."""
    if not numbers:
        raise Invalid([Problem(at, NUMBERS_MISSING)])
    rows = select(ReportedEvent.number).where(ReportedEvent.number.in_(numbers))
    there = set(db.scalars(rows))
    wrong = [Problem(at, NOT_AN_EVENT, (("number", one),)) for one in numbers if one not in there]
    if wrong:
        raise Invalid(wrong)


def feed(db: Session, case: Case, numbers: Sequence[str], *, by: Person, at: datetime) -> None:
    """Link events to a case that is locked or just opened, in the order of their numbers."""
    if case.is_drill:
        raise DrillTakesNoEvent(case=case.number)
    for number in sorted(numbers):
        event = lock(db, number)
        if _standing(db, case.id, number) is not None:
            raise AlreadyFeeds(number=number, case=case.number)
        db.add(CaseEvent(case_id=case.id, number=number, by_id=by.id, at=at))
        db.flush()
        know_earlier(db, case, event, by=by, at=at)
        body = {"event": number, "version": event.version, "complaint": event.complaint_number}
        ledger.append(db, case.stream, "reported_event_linked", body, by=by, at=at)
        told = {"event": number, "case": case.number}
        ledger.append(db, event.stream, "linked_to_case", told, by=by, at=at)


def take_away(
    db: Session,
    case_number: str,
    number: str,
    *,
    reason: str,
    by: Person,
    at: datetime,
    key: str,
) -> None:
    """Take a link away that was wrong; the row, the reason and the ledger keep that it was there.

    The awareness of the case stays the earliest that was ever recorded: clocks have run from it.
    Raises `DoesNotFeed`, `CaseEnded`, and `Invalid` without a reason.
    """
    authorize(by, ACTION)
    commands.take_turn(db, key)
    asked = {"case": case_number, "event": number, "reason": reason, "by": by.id}
    if commands.earlier_result(db, key, name="unlink_event", request=asked) is not None:
        return

    case = lock_case(db, case_number)
    refuse_ended(case)
    words = typed.written(reason, "reason", REASON, missing=REASON_MISSING)
    event = lock(db, number)
    row = _standing(db, case.id, number)
    if row is None:
        raise DoesNotFeed(number=number, case=case_number)
    row.ended_by_id, row.ended_at, row.ended_reason = by.id, at, words
    case.version += 1
    body = {"event": number, "case": case_number, "reason": words}
    ledger.append(db, case.stream, "reported_event_unlinked", body, by=by, at=at)
    ledger.append(db, event.stream, "taken_from_case", body, by=by, at=at)
    commands.remember(db, key, name="unlink_event", request=asked, result={}, by_id=by.id, at=at)


def know_earlier(
    db: Session, case: Case, event: ReportedEvent, *, by: Person, at: datetime
) -> None:
    """Take the awareness of an event into the facts of a case, where it is the earliest."""
    who = f"{event.aware_by}; {event.aware_how}"
    reason = f"{event.number}, version {event.version}"
    if facts.know_earlier(db, case, event.aware_at, who, reason=reason, by=by, at=at):
        body = {"awareness": event.aware_at.isoformat(), "who": who, "event": event.number}
        ledger.append(db, case.stream, "awareness_moved", body, by=by, at=at)


def _standing(db: Session, case_id: int, number: str) -> CaseEvent | None:
    return db.scalar(
        select(CaseEvent).where(
            CaseEvent.case_id == case_id, CaseEvent.number == number, CaseEvent.ended_at.is_(None)
        )
    )


def lock_open_cases(db: Session, number: str) -> list[Case]:
    """Lock the open cases that an event feeds, by ascending id, and return them."""
    fed = select(CaseEvent.case_id).where(CaseEvent.number == number, CaseEvent.ended_at.is_(None))
    rows = (
        select(Case)
        .where(Case.id.in_(fed), Case.state == "open")
        .order_by(Case.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(db.scalars(rows))


def tell(
    db: Session,
    event: ReportedEvent,
    cases: Sequence[Case],
    action: str,
    body: dict[str, Any],
    *,
    by: Person,
    at: datetime,
) -> None:
    """Enter a fact of an event in the ledger of each case, which are locked, then in its own."""
    for case in cases:
        ledger.append(db, case.stream, action, body, by=by, at=at)
        case.version += 1
    ledger.append(db, event.stream, action, body, by=by, at=at)


def links_of(db: Session, number: str) -> list[tuple[CaseEvent, Case]]:
    """Return every case an event feeds or once fed, the newest link first."""
    rows = (
        select(CaseEvent, Case)
        .join(Case, Case.id == CaseEvent.case_id)
        .where(CaseEvent.number == number)
        .order_by(CaseEvent.id.desc())
    )
    return [(link, case) for link, case in db.execute(rows)]


def numbers_of(db: Session, case_id: int) -> list[str]:
    """Return the numbers of the events that feed a case."""
    rows = select(CaseEvent.number).where(
        CaseEvent.case_id == case_id, CaseEvent.ended_at.is_(None)
    )
    return list(db.scalars(rows.order_by(CaseEvent.number)))
