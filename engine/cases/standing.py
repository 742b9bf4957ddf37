"""The dated facts of a case that no later one corrects: what obligations are reckoned from."""

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.cases.models import Case, Fact


def standing(db: Session, case: Case) -> list[Fact]:
    """Return the facts that no later row corrects, oldest first."""
    later = aliased(Fact)
    corrected = select(later.id).where(later.supersedes_id == Fact.id).exists()
    return list(
        db.scalars(select(Fact).where(Fact.case_id == case.id, ~corrected).order_by(Fact.id))
    )


def latest(db: Session, case: Case, name: str, *, jurisdiction: str | None = None) -> Fact | None:
    """Return the newest standing fact of this name, of one jurisdiction where it is named."""
    found = [one for one in standing(db, case) if one.name == name]
    return next((one for one in reversed(found) if one.jurisdiction == jurisdiction), None)
