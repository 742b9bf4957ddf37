"""What people do about obligations: say what starts a clock, and record what was submitted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import commands
from engine.cases import facts
from engine.cases.models import Case
from engine.cases.obligations.keeping import refresh
from engine.cases.obligations.models import CHANNELS, MET, OPEN, Obligation
from engine.cases.recalls.models import JurisdictionDecision
from engine.cases.tasks import lock_case, refuse_ended
from engine.cases.typed import LINE, written
from engine.errors import Conflict, Invalid, NotFound, Problem
from engine.evidence import ledger
from engine.people import Person, authorize
from engine.regulators import rulebook
from engine.regulators.triggers import read_by
from engine.words import N_

ACTION = "recall.authority"
# what the steps of a recall record themselves
RECORDED = frozenset({"awareness", "decision", "initiation", "completion", "gate_opened",
                      "termination_requested"})  # fmt: skip
PLANNED = frozenset({"planned_start", "order_due"})  # what may lie ahead

# what lies further off is a slip in the year, and no due time moves later again
BEFORE, AHEAD = timedelta(days=366), timedelta(days=5 * 366)

NO_MOMENT = N_("Enter a date and a time.")
NOT_YET = N_("This lies in the future. Record it when it has happened.")
LONG_AGO = N_("This lies more than a year before the recall was opened. Look at the year.")
FAR_AHEAD = N_("This lies more than five years ahead. Look at the year.")
NAME_RECEIPT = N_("Write the number or the words of the receipt.")
NAME_EVIDENCE = N_("Say where it is known from: a letter, a number, a call.")
RECEIPT, EVIDENCE = N_("Receipt"), N_("Where it is known from")
NO_SUCH_FACT = N_("No clock of this jurisdiction starts with this.")
NO_CHANNEL = N_("Choose how it was sent.")


class ObligationUnknown(NotFound):
    """This recall owes no such thing. Look at its obligations again."""


class ObligationNotOpen(Conflict):
    """This is not owed any more, or was submitted already. Look at it again."""


@dataclass(frozen=True)
class Submission:
    """What was sent: when, how, and what proves it."""

    sent_at: datetime | None
    channel: str
    receipt: str


def starting(code: str | None) -> list[str]:
    """Return the facts that people record for the clocks of a jurisdiction."""
    names = [
        name
        for rule in rulebook.of_jurisdiction(code or "other")
        if rule.about == "action" and rule.whose == "ours"
        for name in read_by(rule.start)
        if name not in RECORDED
    ]
    return list(dict.fromkeys(names))


def tell(
    db: Session,
    number: str,
    jurisdiction: str,
    name: str,
    moment: datetime | None,
    *,
    evidence: str,
    by: Person,
    at: datetime,
    key: str,
) -> None:
    """Record a fact that starts a clock of one jurisdiction. Locks the case; raises `Invalid`."""
    authorize(by, ACTION)
    case = lock_case(db, number)
    asked = {"case": number, "jurisdiction": jurisdiction, "name": name,
             "moment": moment.isoformat() if moment else None, "by": by.id}  # fmt: skip
    if commands.earlier_result(db, key, name="tell_fact", request=asked) is not None:
        return

    refuse_ended(case)
    moment = _plausible(moment, "moment", case, at=at, may_lie_ahead=name in PLANNED)
    row = db.scalar(
        select(JurisdictionDecision).where(
            JurisdictionDecision.case_id == case.id, JurisdictionDecision.code == jurisdiction
        )
    )
    if row is None or name not in starting(jurisdiction):
        raise Invalid([Problem("name", NO_SUCH_FACT)])
    told = written(evidence, "evidence", EVIDENCE, missing=NAME_EVIDENCE, most=LINE, lines=False)
    facts.record(
        db, case, name, moment.isoformat(), by=by, at=at, evidence=told, jurisdiction=jurisdiction
    )
    body = {"jurisdiction": jurisdiction, "name": name, "moment": moment.isoformat(),
            "evidence": told}  # fmt: skip
    ledger.append(db, case.stream, "fact_told", body, by=by, at=at)
    case.version += 1
    commands.remember(
        db, key, name="tell_fact", request=asked, result={"case": number}, by_id=by.id, at=at
    )


def meet(
    db: Session,
    number: str,
    obligation_id: int,
    sent: Submission,
    *,
    by: Person,
    at: datetime,
    key: str,
) -> None:
    """Record that something owed was submitted; what comes next of a row is open then.

    Locks the case. Raises `Invalid`, `ObligationUnknown`, `ObligationNotOpen`.
    """
    authorize(by, ACTION)
    case = lock_case(db, number)
    asked = {"case": number, "obligation": obligation_id, "receipt": sent.receipt, "by": by.id}
    if commands.earlier_result(db, key, name="meet_obligation", request=asked) is not None:
        return

    row = _open_row(db, case, obligation_id)
    sent_at = _plausible(sent.sent_at, "sent_at", case, at=at)
    if sent.channel not in CHANNELS:
        raise Invalid([Problem("channel", NO_CHANNEL)])
    receipt = written(
        sent.receipt, "receipt", RECEIPT, missing=NAME_RECEIPT, most=LINE, lines=False
    )
    row.state, row.met_at, row.channel = MET, sent_at, sent.channel
    row.receipt, row.met_by_id = receipt, by.id
    db.flush()
    body = {"obligation": row.shared, "authority": row.authority, "number": row.number,
            "sent_at": sent_at.isoformat(), "channel": sent.channel, "receipt": receipt,
            "due_at": row.alarm_at.isoformat() if row.alarm_at else None}  # fmt: skip
    ledger.append(db, case.stream, "obligation_met", body, by=by, at=at)
    refresh(db, case, by=by, at=at)
    case.version += 1
    commands.remember(
        db, key, name="meet_obligation", request=asked, result={"case": number}, by_id=by.id, at=at
    )


def _plausible(
    moment: datetime | None, field: str, case: Case, *, at: datetime, may_lie_ahead: bool = False
) -> datetime:
    """Return a moment that can be meant; raises `Invalid` with what to do about another."""
    if moment is None:
        raise Invalid([Problem(field, NO_MOMENT)])
    if moment > at and not may_lie_ahead:
        raise Invalid([Problem(field, NOT_YET)])
    if moment > at + AHEAD:
        raise Invalid([Problem(field, FAR_AHEAD)])
    if moment < case.opened_at - BEFORE:
        raise Invalid([Problem(field, LONG_AGO)])
    return moment


def _open_row(db: Session, case: Case, obligation_id: int) -> Obligation:
    row = db.get(Obligation, obligation_id, with_for_update=True, populate_existing=True)
    if row is None or row.case_id != case.id:
        raise ObligationUnknown
    if row.state != OPEN:
        raise ObligationNotOpen
    return row
