"""Why a unit is in a scope, and why another is not."""

from sqlalchemy.orm import Session

from engine.cases.scopes.models import ScopeVersion
from engine.serials import trace


def why(db: Session, version: ScopeVersion, unit_id: int) -> trace.Why:
    """Return the shortest way by which a unit came into a scope; raises `trace.UnitNotInRun`."""
    return trace.why(db, version.run_id, unit_id)


def why_not(db: Session, version: ScopeVersion, unit_id: int) -> trace.WhyNot:
    """Return why a unit is not in a scope: its own lots beside the scope's, or a correction."""
    return trace.why_not(db, version.run_id, unit_id)
