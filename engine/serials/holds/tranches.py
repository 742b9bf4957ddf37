"""Telling a held quantity apart from the rest of its lot."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials import stock
from engine.serials.models import (
    Event,
    HoldExemption,
    HoldTargetRow,
    LotStock,
)


def split_keeping_holds(
    db: Session,
    taken: stock.Taken,
    event: Event,
    *,
    but: int | None = None,
    grade: str | None = None,
) -> int:
    """Tell a quantity apart and name the new tranche in every hold on the old one, `but` one."""
    old = taken.spot.tranche_id
    new = stock.split(db, event, taken, grade=grade)
    others = db.scalars(
        select(HoldTargetRow.hold_id).where(
            HoldTargetRow.kind == "stock",
            HoldTargetRow.target_id == old,
            HoldTargetRow.release_event_id.is_(None),
            HoldTargetRow.hold_id != (but or 0),
        )
    ).all()
    db.add_all(HoldTargetRow(hold_id=key, kind="stock", target_id=new) for key in others if old)
    exempted = db.scalars(
        select(HoldExemption.hold_id).where(
            HoldExemption.kind == "stock", HoldExemption.target_id == old
        )
    ).all()
    db.add_all(
        HoldExemption(hold_id=key, kind="stock", target_id=new, event_id=event.id)
        for key in exempted
        if old
    )
    db.flush()
    return new


def in_tranche(db: Session, tranche_id: int) -> object:
    """Return how much a tranche holds, wherever it lies."""
    return sum(
        db.scalars(select(LotStock.quantity).where(LotStock.tranche_id == tranche_id)),
    )
