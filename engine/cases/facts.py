"""The dated facts of a case, under the one list of names that diagrams and rules may use."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.cases.models import Case, Fact
from engine.people.person import Person

NAMES = {
    "awareness": "When somebody in the company first knew of it",
    "awareness_by": "Who first knew of it",
    "left_control": "When it was first known that affected product had left our control",
    "containment": "When the last unit in house was on hold",
    "field_action_decision": "What was decided about product that left our control",
    "closure": "When the case was closed",
}


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
) -> Fact:
    """Write down a fact; flushes."""
    if name not in NAMES:
        raise UnknownFact(name)

    fact = Fact(
        case_id=case.id,
        name=name,
        value=value,
        evidence=evidence,
        by_id=by.id if by else None,
        recorded_at=at,
    )
    db.add(fact)
    db.flush()
    return fact


def standing(db: Session, case: Case) -> list[Fact]:
    """Return the facts that no later row corrects, oldest first."""
    later = aliased(Fact)
    corrected = select(later.id).where(later.supersedes_id == Fact.id).exists()
    return list(
        db.scalars(select(Fact).where(Fact.case_id == case.id, ~corrected).order_by(Fact.id))
    )
