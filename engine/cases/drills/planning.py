"""Plans of drills that robots carry out again and again, and who is told what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.drills.models import RHYTHMS, Drill, DrillPlan, PlannedRun
from engine.cases.drills.starting import refuse_unclear
from engine.cases.models import Case
from engine.cases.typed import LINE, problems_of
from engine.errors import Invalid, NotFound, Problem
from engine.evidence import ledger
from engine.people import Person, authorize, people_with_role
from engine.people.accounts import LANGUAGES
from engine.people.models import PersonAccount
from engine.words import N_

STREAM = "drills"
AT = time(2)  # at night, in the zone of whoever planned it
OWNERS = ("qa_manager", "management_representative")
QUARTER = 3  # months


class PlanUnknown(NotFound):
    """There is no such plan of drills. It may have ended; look at the page Drills."""


@dataclass(frozen=True)
class Planned:
    """A plan with whom it tells, and the last time it was due."""

    plan: DrillPlan
    owner: str
    run: PlannedRun | None
    case: Case | None
    drill: Drill | None

    @property
    def failed(self) -> bool:
        """Say whether what came of it last is nothing to rely on."""
        if self.run is None or (self.run.case_id is not None and self.drill is None):
            return False
        return self.run.failure is not None or bool(
            self.drill and self.drill.outcome not in (None, "passed")
        )


def owners(db: Session, *, at: datetime) -> list[PersonAccount]:
    """Return who can be told what came of a plan, by name."""
    found = {one.id: one for role in OWNERS for one in people_with_role(db, role, at=at)}
    return sorted(found.values(), key=lambda one: one.printed_name)


def plan(
    db: Session,
    *,
    scope: str,
    every: str,
    owner_id: int,
    language: str,
    by: Person,
    at: datetime,
) -> DrillPlan:
    """Have robots practise what `scope` says again and again; a drawn lot where it is empty.

    Raises `Invalid`, and whatever says that the scope cannot be traced. Flushes.
    """
    authorize(by, "drill.start")
    problems = []
    if every not in RHYTHMS:
        problems.append(Problem("every", N_("Choose how often.")))
    if owner_id not in {one.id for one in owners(db, at=at)}:
        problems.append(Problem("owner", N_("Choose who is told.")))
    if scope.strip():
        label = N_("Lot, serial numbers, or anything Trace can read")
        problems += problems_of(scope, "plan_scope", label, missing="", most=LINE, lines=False)
    if problems:
        raise Invalid(problems)
    if scope.strip():
        refuse_unclear(db, {"text": scope.strip()}, by)
    row = DrillPlan(
        scope=scope.strip() or None,
        every=every,
        language=language if language in LANGUAGES else "en",
        owner_id=owner_id,
        made_at=at,
        made_by_id=by.id,
        due_at=next_due(at, every, by.time_zone),
    )
    db.add(row)
    db.flush()
    body = {"plan": row.id, "scope": row.scope, "every": every, "owner": owner_id}
    ledger.append(db, STREAM, "drills_planned", body, by=by, at=at)
    return row


def end(db: Session, plan_id: int, *, by: Person, at: datetime) -> None:
    """Have a plan carried out no more; what came of it stays. Flushes."""
    authorize(by, "drill.end")
    row = _standing(db, plan_id)
    row.due_at, row.ended_at = None, at
    db.flush()
    ledger.append(db, STREAM, "drill_plan_ended", {"plan": row.id}, by=by, at=at)


def hasten(db: Session, plan_id: int, *, by: Person, at: datetime) -> None:
    """Have a plan carried out now; its rhythm goes on from there. Flushes."""
    authorize(by, "drill.start")
    row = _standing(db, plan_id)
    row.due_at = at
    db.flush()
    ledger.append(db, STREAM, "drill_plan_hastened", {"plan": row.id}, by=by, at=at)


def _standing(db: Session, plan_id: int) -> DrillPlan:
    row = db.get(DrillPlan, plan_id, with_for_update=True, populate_existing=True)
    if row is None or row.ended_at is not None:
        raise PlanUnknown
    return row


def next_due(after: datetime, every: str, zone: str) -> datetime:
    """Return the next night of a rhythm: before a Monday, the first of a month, of a quarter."""
    day = after.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    while not (day.weekday() == 0 if every == "weekly" else day.day == 1) or (
        every == "quarterly" and (day.month - 1) % QUARTER
    ):
        day += timedelta(days=1)
    return datetime.combine(day, AT, ZoneInfo(zone))


def standing(db: Session) -> list[Planned]:
    """Return the plans that are carried out, each with its last time, the next due first."""
    last = select(func.max(PlannedRun.id)).group_by(PlannedRun.plan_id)
    rows = db.execute(
        select(DrillPlan, PersonAccount.printed_name, PlannedRun, Case, Drill)
        .join(PersonAccount, PersonAccount.id == DrillPlan.owner_id)
        .outerjoin(PlannedRun, (PlannedRun.plan_id == DrillPlan.id) & PlannedRun.id.in_(last))
        .outerjoin(Case, Case.id == PlannedRun.case_id)
        .outerjoin(Drill, Drill.case_id == PlannedRun.case_id)
        .where(DrillPlan.ended_at.is_(None))
        .order_by(DrillPlan.due_at, DrillPlan.id)
    )
    return [Planned(*row) for row in rows]


def due(db: Session, *, at: datetime) -> Sequence[DrillPlan]:
    """Return the plans that are due."""
    rows = select(DrillPlan).where(DrillPlan.due_at <= at)
    return db.scalars(rows.order_by(DrillPlan.due_at, DrillPlan.id)).all()
