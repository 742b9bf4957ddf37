"""Accounting for what a drill leaves: nothing came back, so the drill says what would have."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, case as when, func, select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import balance
from engine.cases.accounts import OPEN
from engine.cases.drills.measures import LEAST_ATTEMPTS
from engine.cases.models import Case
from engine.cases.notices.models import Notice, OutreachAttempt
from engine.cases.tasks import open_tasks
from engine.evidence import ledger
from engine.people import Person

EVIDENCE = "drill"
ACCOUNTED, UNRESOLVED, STILL_MISSING = "accounted_in_drill", "unresolved", "missing_in_drill"
# nobody said that they have it
MISSING = ("at_consignee", "passed_on", "not_received", "not_found")


def is_due(db: Session, case: Case) -> bool:
    """Say whether the recall waits for its reconciliation: before it, consignees may answer."""
    waits = open_tasks(case.number).where(Task.element_id == "reconcile")
    return db.scalar(waits.limit(1)) is not None


def settle(db: Session, case: Case, *, by: Person | None, at: datetime) -> int:
    """Post what is open: what somebody has as accounted for, the rest as missing. Flushes.

    What is missing is unresolved only with who was tried as often as a recall must. Returns how
    many moved. Only in a drill: it is no fact of any unit.
    """
    balance.lock(db, case)
    has = tuple(name for name in OPEN if name not in MISSING)
    accounted, missing = (
        balance.post_set(db, case, selection, to=to, evidence=EVIDENCE, by=by, at=at)
        for selection, to in ((balance.lying_in(case.id, has), ACCOUNTED), (_missing(case), None))
    )
    body = {"accounted": accounted, "missing": missing}
    ledger.append(db, case.stream, "drill_settled", body, by=by, at=at)
    return accounted + missing


def _missing(case: Case) -> Select[*tuple[Any, ...]]:
    """Return the query of what nobody says they have, each with where it goes."""
    lying = balance.lying_in(case.id, MISSING).subquery()
    goes = when((lying.c.party_id.in_(tried_enough(case)), UNRESOLVED), else_=STILL_MISSING)
    return select(lying, goes.label("to_account"))


def tried_enough(case: Case) -> Select[int]:
    """Return the query of the consignees that were tried as often as a recall must."""
    return (
        select(Notice.party_id)
        .join(OutreachAttempt, OutreachAttempt.notice_id == Notice.id)
        .where(Notice.case_id == case.id)
        .group_by(Notice.party_id)
        .having(func.count(OutreachAttempt.id) >= LEAST_ATTEMPTS)
    )
