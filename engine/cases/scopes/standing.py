"""Which scope stands, and whether what was traced for one is still what a trace would find."""

from sqlalchemy import TextClause, exists, select, text
from sqlalchemy.orm import Session, aliased

from engine.cases.models import Case
from engine.cases.scopes.errors import NoScope, ScopeUnknown
from engine.cases.scopes.models import ScopeVersion
from engine.serials import expressions
from engine.serials.models import TraceRun
from engine.serials.trace import Seeds

# only these bring something into a trace or take it out; what merely moves is where it was before
CHANGING = (
    "received",
    "built",
    "kitted",
    "input_added",
    "lot_added",
    "lot_split",
    "lot_merged",
    "relabelled",
    "installed",
    "removed",
    "serviced",
)
_TYPES = ", ".join(f"'{name}'" for name in CHANGING)
# the events since a trace that touch what it found, or an UNKNOWN lot of one of its parts
_SINCE = f"""
    SELECT e.id FROM event e
    WHERE e.id > :last AND (e.type IN ({_TYPES}) OR e.corrects_id IS NOT NULL)
      AND (
        EXISTS (
          SELECT 1 FROM event_node n JOIN trace_run_node w ON w.node_id = n.node_id
          WHERE n.event_id IN (e.id, e.corrects_id) AND w.run_id = :run)
        OR EXISTS (
          SELECT 1 FROM event_link l JOIN trace_run_unit w ON w.unit_id = l.unit_id
          WHERE l.event_id IN (e.id, e.corrects_id) AND w.run_id = :run)
        OR EXISTS (
          SELECT 1 FROM event_node n JOIN lot u ON u.id = n.node_id AND u.is_unknown
          JOIN lot o ON o.part_id = u.part_id
          JOIN trace_run_node w ON w.node_id = o.id AND w.run_id = :run
          WHERE n.event_id = e.id))
    LIMIT 1
"""  # noqa: S608  the types are this file's own


def standing(db: Session, case: Case) -> ScopeVersion | None:
    """Return the frozen scope that no later one supersedes."""
    later = aliased(ScopeVersion)
    superseded = exists().where(later.supersedes_id == ScopeVersion.id)
    return db.scalar(
        select(ScopeVersion).where(
            ScopeVersion.case_id == case.id, ScopeVersion.state == "frozen", ~superseded
        )
    )


def standing_or_refuse(db: Session, case: Case) -> ScopeVersion:
    """Return the scope that stands; raises `NoScope`."""
    version = standing(db, case)
    if version is None:
        raise NoScope(case=case.number)
    return version


def numbered(db: Session, case: Case, number: int) -> ScopeVersion:
    """Return a scope of a case; raises `ScopeUnknown`."""
    version = db.scalar(
        select(ScopeVersion).where(ScopeVersion.case_id == case.id, ScopeVersion.number == number)
    )
    if version is None:
        raise ScopeUnknown(case=case.number, scope=number)
    return version


def before_of(db: Session, version: ScopeVersion) -> ScopeVersion | None:
    """Return the scope that a frozen one supersedes."""
    return db.get(ScopeVersion, version.supersedes_id) if version.supersedes_id else None


def versions(db: Session, case: Case) -> list[ScopeVersion]:
    """Return every scope of a case, candidates and withdrawn ones too, in order."""
    rows = select(ScopeVersion).where(ScopeVersion.case_id == case.id)
    return list(db.scalars(rows.order_by(ScopeVersion.number)))


def moved_on(db: Session, version: ScopeVersion) -> bool:
    """Say whether tracing anew may find something else than was traced for a scope.

    What was shipped, received back or put on hold since changes where things are, not what is
    affected: freezing takes each from where it is then.
    """
    return run_moved_on(db, db.get_one(TraceRun, version.run_id))


def run_moved_on(db: Session, run: TraceRun) -> bool:
    """Say of a trace that no scope has kept yet what `moved_on` says of a scope."""
    given = {"last": run.last_event_id, "run": run.id}
    if db.execute(_since(), given).first() is not None:
        return True
    return expressions.seeds_of(db, run.expression) != _seeds(run)


def _since() -> TextClause:
    return text(_SINCE)


def _seeds(run: TraceRun) -> Seeds:
    return Seeds(**{kind: frozenset(ids) for kind, ids in run.seeds.items()})
