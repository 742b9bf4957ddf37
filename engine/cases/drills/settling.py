"""Accounting for what a drill leaves: nothing came back, so the drill says what would have."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.accounts import ACCOUNTS
from engine.cases.models import Case
from engine.evidence import ledger
from engine.people import Person

ACCOUNTED = "accounted_in_drill"
# nobody said that they have it: a drill ends it as a recall would, after its attempts
MISSING = ("at_consignee", "passed_on", "not_received", "not_found")


def settle(db: Session, case: Case, *, by: Person | None, at: datetime) -> int:
    """Post what is open: what somebody has as accounted for, the rest as unresolved. Flushes.

    Returns how many moved. Only in a drill: it is no fact of any unit.
    """
    balance.lock(db, case)
    has = tuple(name for name, one in ACCOUNTS.items() if one.is_open and name not in MISSING)
    moved = [
        balance.post_set(
            db, case, balance.lying_in(case.id, accounts), to=to, evidence="drill", by=by, at=at
        )
        for accounts, to in ((has, ACCOUNTED), (MISSING, "unresolved"))
    ]
    body = {"accounted": moved[0], "unresolved": moved[1]}
    ledger.append(db, case.stream, "drill_settled", body, by=by, at=at)
    return sum(moved)
