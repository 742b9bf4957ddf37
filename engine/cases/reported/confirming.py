"""A no against its own answers: a second person confirms it under a signature, or refuses it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import commands
from engine.cases import typed
from engine.cases.reported import decisions, drawing, feeding, sealed
from engine.cases.reported.decisions import Asked, decision_of
from engine.cases.reported.errors import DecidedByYou, NothingToConfirm
from engine.cases.reported.finding import lock
from engine.cases.reported.models import EventReportability, EventSecondLook
from engine.cases.signing import Signing
from engine.errors import Invalid, Problem
from engine.evidence import ceremony
from engine.evidence.signatures import PendingSign, RecordToSign
from engine.people import Person, authorize
from engine.words import N_

ACTION = "reported_event.confirm"
CHOICE_MISSING = N_("Choose whether it is right that nothing is reported")
REASON_MISSING = N_("Write what you compared, and why")


@dataclass(frozen=True)
class Look:
    """What a second person says of one decision, and why."""

    number: str
    jurisdiction: str
    decision_id: int | None
    is_confirmed: bool | None = None
    reason: str = ""


def waiting(db: Session, number: str, code: str) -> tuple[Asked, EventSecondLook]:
    """Return a no that waits for a second person. Raises `NothingToConfirm`, `EventUnknown`."""
    asked = decisions.look(db, number, code)
    look = db.get(EventSecondLook, asked.standing.id) if asked.standing else None
    is_current = asked.standing and asked.standing.version >= asked.event.judged_version
    if look is None or look.at is not None or not is_current:
        raise NothingToConfirm(number=number)
    return asked, look


def open_signing(
    db: Session, look: Look, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Draw up what the second person signs; flushes. Raises `Invalid`, and what is not theirs."""
    authorize(by, ACTION)
    asked, _ = _refuse(db, look, by)
    return ceremony.open_pending(
        db, record=record_of(db, look, asked), meaning=_meaning(look), by=by,
        session_id=session_id, at=at,
    )  # fmt: skip


def sign(
    db: Session, look: Look, signing: Signing, *, by: Person, at: datetime, key: str
) -> EventSecondLook:
    """Confirm or refuse a no under a signature; a repeated `key` gives the first.

    Refused, the event runs as if reportable until it is decided on again. Locks the open cases that
    the event feeds, then the event. Raises `DecidedByYou`, `NothingToConfirm`, `Invalid`.
    """
    authorize(by, ACTION)
    commands.take_turn(db, key)
    request = {**vars(look), "by": by.id}
    earlier = commands.earlier_result(db, key, name="confirm_no", request=request)
    if earlier is not None:
        return db.get_one(EventSecondLook, earlier["look"])

    cases = feeding.lock_open_cases(db, look.number)
    lock(db, look.number)
    asked, row = _refuse(db, look, by)
    signature = ceremony.sign(
        db, signing.nonce, user_name=signing.user_name, password=signing.password,
        record_sha256=record_of(db, look, asked).sha256, by=by, session_id=signing.session_id,
        at=at, reason=look.reason.strip(),
    )  # fmt: skip
    row.is_confirmed, row.reason = look.is_confirmed, look.reason.strip()
    row.by_id, row.at, row.signature_id = by.id, at, signature.id
    db.flush()
    told = told_of(row, asked.event.number, asked.here.code)
    feeding.tell(db, asked.event, cases, "reported_event_no_looked_at", told, by=by, at=at)
    decision = db.get_one(EventReportability, row.decision_id)
    sealed.ask(db, asked, decision, row, by=by, at=at)
    commands.remember(db, key, name="confirm_no", request=request, result={"look": row.decision_id},
                      by_id=by.id, at=at)  # fmt: skip
    return row


def told_of(row: EventSecondLook, number: str, jurisdiction: str) -> dict[str, Any]:
    """Return what the ledger enters of a second look that was given."""
    return {
        "event": number,
        "jurisdiction": jurisdiction,
        "decision": row.decision_id,
        "is_confirmed": row.is_confirmed,
        "reason": row.reason,
        "signature": row.signature_id,
    }


def _meaning(look: Look) -> str:
    return "verify" if look.is_confirmed else "reject"


def _refuse(db: Session, look: Look, by: Person) -> tuple[Asked, EventSecondLook]:
    asked, row = waiting(db, look.number, look.jurisdiction)
    decision = asked.standing
    if decision is None or decision.id != look.decision_id:
        raise NothingToConfirm(number=look.number)
    if decision.by_id == by.id:
        raise DecidedByYou
    problems = []
    if look.is_confirmed is None:
        problems.append(Problem("decision", CHOICE_MISSING))
    problems += typed.problems_of(look.reason, "reason", drawing.COMPARED, missing=REASON_MISSING)
    if problems:
        raise Invalid(problems)
    return asked, row


def record_of(db: Session, look: Look, asked: Asked) -> RecordToSign:
    """Draw up what is signed: the event, the answers, the no with its reason, the second look."""
    decision, language = asked.standing, str(db.info.get("language") or "en")
    if decision is None:  # what `waiting` returns has one
        raise NothingToConfirm(number=look.number)
    before = db.get(EventReportability, decision.supersedes_id or 0)
    content = drawing.content_of(
        db, decision_of(decision), asked, before, title=N_("Second look at a no")
    )
    content["sections"] += drawing.second_look(
        db, decision, is_confirmed=look.is_confirmed is True, reason=look.reason, language=language
    )
    return RecordToSign(
        stream=asked.event.stream,
        record_type="event_second_look",
        record_id=f"{asked.event.number}/{asked.here.code}/{decision.id}",
        record_version=asked.event.version,
        content=content,
        language=language,
    )
