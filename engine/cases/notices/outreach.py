"""Trying to reach who does not answer: attempts by channel, escalation, and the end without reply.

A consignee is unresolved only after documented effort; what was tried is never rewritten.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.bpmn.step import Step
from engine.cases import answers as kept
from engine.cases.carrying_out import case_of
from engine.cases.models import Case
from engine.cases.notices.models import (
    OUTREACH_CHANNELS,
    OUTREACH_OUTCOMES,
    Notice,
    OutreachAttempt,
)
from engine.cases.recalls import succession
from engine.errors import Invalid, Problem
from engine.evidence import ledger
from engine.people import Person, authorize
from engine.words import N_

PROCESS = "consignee_notice"
CHOOSE = N_("Choose one of the list")
SAY_WHAT = N_("Write down whom you asked for and what was said.")
IN_FUTURE = N_("This lies in the future.")


def record_attempt(
    db: Session,
    notice: Notice,
    *,
    channel: str,
    outcome: str,
    note: str,
    tried_at: datetime,
    by: Person | None,
    at: datetime,
) -> OutreachAttempt:
    """Write down one attempt, also outside of any task; flushes and enters the ledger.

    Raises `Invalid` with every problem.
    """
    problems = [
        *([Problem("channel", CHOOSE)] if channel not in OUTREACH_CHANNELS else ()),
        *([Problem("outcome", CHOOSE)] if outcome not in OUTREACH_OUTCOMES else ()),
        *([Problem("note", SAY_WHAT)] if not note.strip() else ()),
        *([Problem("tried_at", IN_FUTURE)] if tried_at > at else ()),
    ]
    if problems:
        raise Invalid(problems)

    if by is not None:
        authorize(by, "notice.attempt")
    attempt = OutreachAttempt(
        notice_id=notice.id,
        channel=channel,
        at=tried_at,
        recorded_at=at,
        by_id=by.id if by else None,
        outcome=outcome,
        note=note.strip(),
    )
    db.add(attempt)
    db.flush()
    body = {"notice": notice.number, "attempt": attempt.id, "channel": channel, "outcome": outcome}
    stream = db.get_one(Case, notice.case_id).stream
    ledger.append(db, stream, "outreach_attempted", body, by=by, at=at)
    return attempt


def attempts_of(db: Session, case_id: int, party_id: int) -> list[OutreachAttempt]:
    """Return every documented attempt to reach a consignee of a recall, oldest first.

    Those of recalls that ended in this one count too.
    """
    return list(
        db.scalars(
            select(OutreachAttempt)
            .join(Notice, Notice.id == OutreachAttempt.notice_id)
            .where(
                Notice.case_id.in_([case_id, *succession.earlier(db, case_id)]),
                Notice.party_id == party_id,
            )
            .order_by(OutreachAttempt.at, OutreachAttempt.id)
        )
    )


def keep_answered(step: Step, notice_id: int) -> int:
    """Keep the attempt that was answered at the task; return how many there are by now."""
    db = step.db
    notice = db.get_one(Notice, notice_id)
    answer = kept.latest(
        db, case_of(step), PROCESS, "reach_consignee", instance_id=step.instance.id
    )
    assert answer is not None  # noqa: S101 (the diagram comes here from that task only)
    given = answer.answers
    record_attempt(
        db,
        notice,
        channel=given["channel"],
        outcome=given["outcome"],
        note=given["note"],
        tried_at=datetime.fromisoformat(given["tried_at"]["at"]),
        by=step.by,
        at=step.at,
    )
    before = [one.id for one in succession.notices_before(db, [notice_id])]
    tried = OutreachAttempt.notice_id.in_([notice_id, *before])
    return db.scalar(select(func.count(OutreachAttempt.id)).where(tried)) or 0


def escalate(step: Step, notice_id: int) -> None:
    """Mark a notice as one that a person follows to its end; flushes."""
    notice = step.db.get_one(Notice, notice_id, with_for_update=True)
    notice.state = "escalated"
    step.db.flush()
    body = {"notice": notice.number}
    ledger.append(step.db, case_of(step).stream, "notice_escalated", body, by=step.by, at=step.at)


def close(step: Step, notice_id: int) -> None:
    """Close a notice whose consignee never answered; flushes.

    The units stay in the balance as unresolved: that posting is the recall's.
    """
    notice = step.db.get_one(Notice, notice_id, with_for_update=True)
    notice.state, notice.closed_at = "closed", step.at
    step.db.flush()
    body = {"notice": notice.number, "settlement": "unresolved"}
    ledger.append(step.db, case_of(step).stream, "notice_closed", body, by=step.by, at=step.at)
