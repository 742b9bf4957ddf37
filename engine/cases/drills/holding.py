"""The holds of a drill: counted and told, and no row that any door, list or shipment would read."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.cases.drills.models import SimulatedHold
from engine.cases.models import Case
from engine.serials import holds


def simulate_run(
    db: Session, case: Case, *, basis: str, run_id: int, beside: int | None, at: datetime
) -> int:
    """Return how many units and lots of a run a recall would hold now; holds none. Flushes."""
    count = holds.count_run(db, case_number=case.number, run_id=run_id, beside=beside)
    if count:
        db.add(SimulatedHold(case_id=case.id, basis=basis, target_count=count, placed_at=at))
        db.flush()
    return count
