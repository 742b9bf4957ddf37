"""Whether an event is reportable in one jurisdiction: guided by questions, decided and signed."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import commands
from engine.cases import typed
from engine.cases.reported import feeding, places, sealed
from engine.cases.reported.decisions import Asked, Decision, is_against, look
from engine.cases.reported.drawing import REASON, record_of
from engine.cases.reported.errors import DecidedSince
from engine.cases.reported.finding import lock
from engine.cases.reported.models import EventReportability, EventSecondLook
from engine.cases.signing import Signing
from engine.cases.tasks import printed_name
from engine.errors import Invalid, Problem
from engine.evidence import ceremony
from engine.evidence.signatures import PendingSign
from engine.people import Person, authorize
from engine.regulators.reportability import GIVEN
from engine.words import N_

ACTION = "reported_event.decide"
ANSWER_MISSING = N_("Answer this question; “not known” is an answer")
DECISION_MISSING = N_("Choose whether it is reported here")
REPORT_MISSING = N_("Choose which report it is")
REPORTED_UNDER = N_("Number of the report")
LONGEST_NUMBER = 100
REASON_MISSING = N_("Write the reason, for a no as well")


def open_signing(
    db: Session, decision: Decision, *, by: Person, session_id: str, at: datetime
) -> PendingSign:
    """Draw up what is signed; flushes. Raises `Invalid`, and `DecidedSince`."""
    authorize(by, ACTION)
    asked = _refuse(db, decision)
    record = record_of(db, decision, asked)
    return ceremony.open_pending(
        db, record=record, meaning="attest", by=by, session_id=session_id, at=at
    )


def sign_and_decide(
    db: Session, decision: Decision, signing: Signing, *, by: Person, at: datetime, key: str
) -> EventReportability:
    """Decide under a signature; what stood before is superseded. A repeated `key` gives the first.

    Locks the open cases that the event feeds, then the event. Raises `Invalid`, `DecidedSince`, and
    what the ceremony raises: a correction meanwhile is a changed record.
    """
    authorize(by, ACTION)
    commands.take_turn(db, key)
    request = {**_as_json(decision), "by": by.id}
    earlier = commands.earlier_result(db, key, name="decide_reportability", request=request)
    if earlier is not None:
        return db.get_one(EventReportability, earlier["decision"])

    cases = feeding.lock_open_cases(db, decision.number)
    lock(db, decision.number)
    asked = _refuse(db, decision)
    places.ask_in(db, decision.number, asked.here.code, at=at)
    signature = ceremony.sign(
        db, signing.nonce, user_name=signing.user_name, password=signing.password,
        record_sha256=record_of(db, decision, asked).sha256, by=by,
        session_id=signing.session_id, at=at, reason=decision.reason.strip(),
    )  # fmt: skip
    row = _keep(db, decision, asked, signature.id, by=by, at=at)
    needs_second_look = not row.is_reportable and is_against(asked, decision)
    told = {
        "event": row.number,
        "version": row.version,
        "jurisdiction": row.jurisdiction,
        "is_reportable": row.is_reportable,
        "report": row.report,
        "suggested": row.suggested,
        "reported_under": row.reported_under,
        "supersedes": row.supersedes_id,
        "reason": row.reason,
        "signature": row.signature_id,
        "needs_second_look": needs_second_look,
    }
    feeding.tell(db, asked.event, cases, "reported_event_decided", told, by=by, at=at)
    if needs_second_look:  # it is sealed when a second person has looked at it
        db.add(EventSecondLook(decision_id=row.id))
        db.flush()
    else:
        sealed.ask(db, asked, row, None, by=by, at=at)
    result = {"decision": row.id}
    commands.remember(db, key, name="decide_reportability", request=request, result=result,
                      by_id=by.id, at=at)  # fmt: skip
    return row


def _keep(
    db: Session,
    decision: Decision,
    asked: Asked,
    signature_id: int,
    *,
    by: Person,
    at: datetime,
) -> EventReportability:
    suggested = asked.law.suggested(decision.answers, asked.where)
    row = EventReportability(
        number=decision.number, version=asked.event.version, jurisdiction=asked.here.code,
        is_reportable=bool(decision.is_reportable), report=decision.report,
        answers=dict(decision.answers), suggested=suggested.code if suggested else None,
        reason=decision.reason.strip(), reported_under=decision.reported_under, by_id=by.id, at=at,
        signature_id=signature_id, supersedes_id=asked.standing.id if asked.standing else None,
    )  # fmt: skip
    db.add(row)
    db.flush()
    return row


def _as_json(decision: Decision) -> dict[str, Any]:
    return {**vars(decision), "answers": dict(decision.answers)}


def _refuse(db: Session, decision: Decision) -> Asked:
    asked = look(db, decision.number, decision.jurisdiction)
    last = asked.standing
    if (last.id if last else None) != decision.replaces:
        who = printed_name(db, last.by_id) if last else ""
        raise DecidedSince(by=who, number=decision.number)
    problems = [
        Problem(f"answer.{one.code}", ANSWER_MISSING)
        for one in asked.law.questions
        if decision.answers.get(one.code) not in GIVEN
    ]
    if decision.is_reportable is None:
        problems.append(Problem("decision", DECISION_MISSING))
    offered = {one.code for one in asked.law.offered(asked.where)}
    if decision.is_reportable and decision.report not in offered:
        problems.append(Problem("decision", REPORT_MISSING))
    problems += typed.problems_of(decision.reason, "reason", REASON, missing=REASON_MISSING)
    if decision.reported_under:
        problems += typed.problems_of(
            decision.reported_under,
            "reported_under",
            REPORTED_UNDER,
            missing="",
            most=LONGEST_NUMBER,
            lines=False,
        )
    if problems:
        raise Invalid(problems)
    return asked
