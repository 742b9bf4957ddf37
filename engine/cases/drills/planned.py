"""Carrying out the drills that are planned, and telling whoever planned them what came of each.

A drill itself has no way out of the house. What came of it is no word of the recall that it
practised: it is told by mail once the drill has ended, to one of our own people, as a drill.
"""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from engine import clock, outbox
from engine.cases.drills import interrupted, planning, running
from engine.cases.drills.models import Drill, DrillPlan, PlannedRun
from engine.cases.drills.report import FAILED, PASSED
from engine.cases.models import Case
from engine.db import Database
from engine.people.queries import account_of
from engine.serials import expressions
from engine.serials.models import Lot, LotStock, Unit
from engine.words import N_, say

TRIES = 20  # lots that are looked at until one can be named so that nothing is asked back
GONE = timedelta(hours=1)  # a run of which no drill came, and that nobody works at any more
NOTHING_SHIPPED = N_("No lot was ever shipped, so none could be drawn.")
BROKEN_OFF = N_("It broke off before the drill began.")
NOT_BEGUN, ABANDONED = N_("Not begun"), N_("Abandoned")

log = logging.getLogger(__name__)


def run_due(database: Database, *, now: Callable[[], datetime] = clock.now) -> int:
    """Carry out every plan that is due, one after the other; tell of those that ended.

    Returns how many drills were begun. While another drill of robots runs they wait.
    """
    with database.read() as db:
        due = [one.id for one in planning.due(db, at=now())]
    count = 0
    for plan_id in due:
        try:
            run_id = _claim(database, plan_id, at=now())
        except interrupted.DrillRuns:
            break
        if run_id is not None:
            count += _carry_out(database, run_id, now=now)
    tell_ended(database, at=now())
    return count


def _claim(database: Database, plan_id: int, *, at: datetime) -> int | None:
    """Set when a plan is next due and keep that it was due now; None where another was quicker."""
    with database.begin() as db:
        interrupted.refuse_running(db, at=at)
        plan = db.get_one(DrillPlan, plan_id, with_for_update=True, populate_existing=True)
        if plan.due_at is None or plan.due_at > at:
            return None
        scope = plan.scope or drawn(db, secrets.token_hex(16))
        run = PlannedRun(plan_id=plan.id, due_at=plan.due_at, at=at, scope=scope or "")
        if scope is None:
            run.failure = say(NOTHING_SHIPPED, plan.language)
        db.add(run)
        zone = account_of(db, plan.made_by_id).time_zone
        plan.due_at = planning.next_due(at, plan.every, zone)
        db.flush()
        return run.id if scope is not None else None


def _carry_out(database: Database, run_id: int, *, now: Callable[[], datetime]) -> bool:
    with database.read() as db:
        run = db.get_one(PlannedRun, run_id)
        scope, language = run.scope, db.get_one(DrillPlan, run.plan_id).language

    def begun(db: Session, case: Case) -> None:
        db.get_one(PlannedRun, run_id).case_id = case.id

    try:
        running.run(database, scope, now=now, language=language, begun=begun)
    except Exception as wrong:  # the next plan is due too, and whoever planned this one is told
        log.exception("the planned drill of “%s” went wrong", scope)
        with database.begin() as db:
            run = db.get_one(PlannedRun, run_id)
            if run.case_id is None:
                run.failure = running.because(wrong, language)
            return run.case_id is not None
    return True


def drawn(db: Session, seed: str) -> str | None:
    """Return how a lot that was shipped is named, drawn by a seed; None where none was."""
    lots = _shipped()
    count = db.scalar(select(func.count()).select_from(lots.subquery())) or 0
    first = int.from_bytes(sha256(seed.encode()).digest()[:8])
    for step in range(min(count, TRIES)):
        lot_no = db.scalars(lots.offset((first + step) % count).limit(1)).one()
        if expressions.understand(db, lot_no).is_ready:
            return lot_no
    return None


def _shipped() -> Select[str]:
    stock = select(LotStock.id).where(
        LotStock.lot_id == Lot.id, LotStock.custody == "at_consignee", LotStock.quantity > 0
    )
    units = select(Unit.id).where(Unit.lot_id == Lot.id, Unit.custody == "at_consignee")
    return (
        select(Lot.lot_no)
        .where(~Lot.is_unknown, or_(stock.exists(), units.exists()))
        .order_by(Lot.id)
    )


def tell_ended(database: Database, *, at: datetime) -> int:
    """Mail what came of each planned drill that has ended, once; return how many."""
    with database.read() as db:
        ids = db.scalars(_untold(at)).all()
    for run_id in ids:
        with database.begin() as db:
            run = db.get_one(PlannedRun, run_id, with_for_update=True, populate_existing=True)
            if run.told_at is None:
                _tell(db, run, at=at)
    return len(ids)


def _untold(at: datetime) -> Select[int]:
    return (
        select(PlannedRun.id)
        .outerjoin(Drill, Drill.case_id == PlannedRun.case_id)
        .where(
            PlannedRun.told_at.is_(None),
            or_(
                Drill.ended_at.is_not(None),
                PlannedRun.failure.is_not(None),
                PlannedRun.case_id.is_(None) & (PlannedRun.at < at - GONE),
            ),
        )
        .order_by(PlannedRun.id)
    )


def _tell(db: Session, run: PlannedRun, *, at: datetime) -> None:
    plan = db.get_one(DrillPlan, run.plan_id)
    account = account_of(db, plan.owner_id)
    if run.case_id is None and run.failure is None:
        run.failure = say(BROKEN_OFF, plan.language)
    run.told_at = at
    db.flush()
    if not account.is_active or not account.email:
        return
    outbox.say(
        db,
        f"planned_drill:{run.id}",
        receiver=account.email,
        language=account.language,
        layout="layouts/drill_ended",
        body={
            "printed_name": account.printed_name,
            "time_zone": account.time_zone,
            "begun_at": run.at.isoformat(),
            "practised": run.scope or "–",
            **_came_of_it(db, run, account.language),
        },
        at=at,
    )


def _came_of_it(db: Session, run: PlannedRun, language: str) -> dict[str, str]:
    """Return what the mail says of a run: its drill, what came of it, and why."""
    if run.case_id is None:
        return {
            "drill_number": "–",
            "outcome": say(NOT_BEGUN, language),
            "points": "–",
            "why": run.failure or "–",
            "path": "/drills",
        }
    case, drill = db.get_one(Case, run.case_id), db.get_one(Drill, run.case_id)
    words = {"passed": PASSED, "failed": FAILED}.get(drill.outcome or "", ABANDONED)
    stopped = (drill.result or {}).get("stopped", {}).get(language)
    return {
        "drill_number": case.number,
        "outcome": say(words, language),
        "points": str(drill.result["points"]) if drill.result else "–",
        "why": stopped or drill.reason or "–",
        "path": f"/drills/{case.number}",
    }
