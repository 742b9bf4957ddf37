"""Taking a loaded batch back while nothing later refers to it."""

from collections.abc import Sequence
from typing import Any, Unpack

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.serials import correct
from engine.serials.errors import BatchInUse, BatchUnknown, NotImported
from engine.serials.intake.batch import note
from engine.serials.models import (
    EventLink,
    ImportBatch,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    StagingRow,
    StockPosting,
    TraceNode,
    Unit,
    UnitRoot,
)
from engine.serials.record import How
from engine.serials.sets import id_set


def roll_back(db: Session, batch_id: int, **how: Unpack[How]) -> ImportBatch:
    """Take a loaded batch back while nothing later refers to it; give the `reason`.

    Its events stay and are corrected as "did not occur"; the rows they described go. Raises
    `BatchInUse`, naming the first line in use, and changes nothing.
    """
    batch = db.get(ImportBatch, batch_id, with_for_update=True)
    if batch is None:
        raise BatchUnknown(batch=batch_id)
    if batch.state != "loaded":
        raise NotImported

    rows = db.scalars(
        select(StagingRow)
        .where(StagingRow.batch_id == batch_id, StagingRow.is_new)
        .order_by(StagingRow.line.desc())
    ).all()
    if batch.kind in ("units", "stock", "shipments"):
        _withdraw_events(db, batch, rows, how)
    with_lines = [(row.line, row.entity_id) for row in rows if row.entity_id is not None]
    _delete_rows(db, batch.kind, with_lines)
    batch.state, batch.rolled_back_at = "rolled_back", how["at"]
    batch.rolled_back_by_id = how["by"].id if how["by"] else None
    db.flush()
    note(db, "import_rolled_back", batch, how, reason=how.get("reason"))
    return batch


def _withdraw_events(db: Session, batch: ImportBatch, rows: Sequence[StagingRow], how: How) -> None:
    by_event: dict[int, int] = {}
    for row in rows:
        by_event.setdefault(row.values["event_id"], row.line)
    _refuse_used(db, batch, rows)
    reason = how.get("reason") or f"import {batch.id} taken back"
    because: How = {**how, "reason": reason}
    for event_id in by_event:
        correct.withdraw(db, event_id, **because)


def _refuse_used(db: Session, batch: ImportBatch, rows: Sequence[StagingRow]) -> None:
    own = {row.values["event_id"] for row in rows}
    units = set(
        db.scalars(select(EventLink.unit_id).where(EventLink.event_id.in_(id_set(db, own))))
    )
    later = db.execute(
        select(EventLink.unit_id).where(
            EventLink.unit_id.in_(id_set(db, units)), EventLink.event_id > max(own)
        )
    ).first()
    if later is not None:
        line = next((r.line for r in rows if r.entity_id == later[0]), rows[-1].line)
        raise BatchInUse(line=line)

    for posting in db.scalars(
        select(StockPosting).where(StockPosting.event_id.in_(id_set(db, own)))
    ):
        left = db.scalar(
            select(LotStock.quantity).filter_by(
                lot_id=posting.lot_id,
                location_id=posting.location_id,
                custody=posting.custody,
                usability=posting.usability,
                tranche_id=posting.tranche_id,
            )
        )
        if left is None or (posting.quantity > 0 and left < posting.quantity):
            line = next(r.line for r in rows if r.values["event_id"] == posting.event_id)
            raise BatchInUse(line=line)


def _delete_rows(db: Session, kind: str, rows: Sequence[tuple[int, int]]) -> None:
    models: dict[str, tuple[Any, ...]] = {
        "parties": (Party.id,),
        "locations": (Location.id,),
        "parts": (Part.id,),
        "lots": (Lot.id, TraceNode.id),
        "units": (UnitRoot.unit_id, Unit.id),
    }
    for line, entity_id in rows:
        for column in models.get(kind, ()):
            try:
                with db.begin_nested():
                    db.execute(delete(column.class_).where(column == entity_id))
            except IntegrityError as error:
                raise BatchInUse(line=line) from error
