"""Which scope a running scope change is about."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.scopes.models import ScopeVersion
from engine.cases.scopes.standing import before_of


def change_of(db: Session, instance_id: int) -> tuple[ScopeVersion, ScopeVersion | None]:
    """Return the scope that did not name something any more, and the one before it."""
    version = db.scalars(
        select(ScopeVersion).where(ScopeVersion.change_instance_id == instance_id)
    ).one()
    return version, before_of(db, version)
