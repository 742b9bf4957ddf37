"""The dated facts of a case, as people and diagrams record them."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.cases.models import Case, Fact
from engine.cases.obligations.keeping import refresh
from engine.cases.standing import latest, standing
from engine.facts import CLOCKS, NAMES
from engine.people.person import Person

__all__ = ["UnknownFact", "know_earlier", "latest", "record", "standing"]


class UnknownFact(ValueError):
    """A fact name that is not in the one list; a fault of the program, not of a person."""


def record(
    db: Session,
    case: Case,
    name: str,
    value: str,
    *,
    by: Person | None,
    at: datetime,
    evidence: str | None = None,
    jurisdiction: str | None = None,
    corrects: Fact | None = None,
    reason: str | None = None,
) -> Fact:
    """Write down a fact, of one jurisdiction where it is named; flushes.

    What it makes owed to authorities is owed in the same transaction. One that `corrects` another
    takes its place, and says for what `reason`.
    """
    if name not in NAMES:
        raise UnknownFact(name)

    fact = Fact(
        case_id=case.id,
        name=name,
        value=value,
        jurisdiction=jurisdiction,
        evidence=evidence,
        by_id=by.id if by else None,
        recorded_at=at,
        supersedes_id=corrects.id if corrects else None,
        reason=reason if corrects else None,
    )
    db.add(fact)
    db.flush()
    if name in CLOCKS:
        refresh(db, case, by=by, at=at)
    return fact


def know_earlier(
    db: Session,
    case: Case,
    aware_at: datetime,
    aware_by: str,
    *,
    reason: str,
    by: Person,
    at: datetime,
) -> bool:
    """Take an awareness into the facts of a case where it is the earliest; say whether it is.

    It is never made later: clocks have run from it. Flushes.
    """
    known = latest(db, case, "awareness")
    if known is not None and datetime.fromisoformat(known.value) <= aware_at:
        return False
    record(db, case, "awareness", aware_at.isoformat(), by=by, at=at, evidence=reason,
           corrects=known, reason=reason)  # fmt: skip
    record(db, case, "awareness_by", aware_by, by=by, at=at, evidence=reason,
           corrects=latest(db, case, "awareness_by"), reason=reason)  # fmt: skip
    return True
