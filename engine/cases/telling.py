"""What other systems are told of a case: that its scope was settled, and that it has ended."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.affected import Settled
from engine.cases.models import Case
from engine.serials.exchange.announce import announce


def scope_frozen(db: Session, case: Case, settled: Settled, *, at: datetime) -> None:
    """Tell subscribers what a case is about from here on. Flushes.

    Triage settles it; what turns up later is told of as it is put on hold.
    """
    data = {
        "case_number": case.number,
        "title": case.title,
        "unit_count": len(settled.affected.roots),
        "lot_count": len(settled.affected.lot_ids),
        "left_control_count": f"{settled.left_control:f}",
    }
    announce(db, "scope.frozen", f"{case.number}:{at.isoformat()}", data, at=at)


def case_ended(db: Session, case: Case, *, at: datetime) -> None:
    """Tell subscribers that a case was closed, or voided. Flushes."""
    if case.is_drill:
        return
    data = {
        "case_number": case.number,
        "title": case.title,
        "state": case.state,
        "severity": case.severity,
        "balance": {name: f"{q:f}" for name, q in balance.totals(db, case.id).items()},
    }
    announce(db, "case.closed", f"{case.number}:{at.isoformat()}", data, at=at)
