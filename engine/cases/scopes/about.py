"""Which scope a running scope change is about."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.scopes.models import ScopeVersion


def change_of(db: Session, instance_id: int) -> tuple[ScopeVersion, ScopeVersion | None]:
    """Return the scope that did not name something any more, and the one before it."""
    version = db.scalars(
        select(ScopeVersion).where(ScopeVersion.change_instance_id == instance_id)
    ).one()
    before = db.get(ScopeVersion, version.supersedes_id) if version.supersedes_id else None
    return version, before
