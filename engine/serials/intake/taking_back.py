"""Taking a loaded batch back: while nothing later refers to it, else by events that correct it."""

from collections.abc import Sequence
from typing import Any, Unpack

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.serials import correct
from engine.serials.errors import (
    BatchInUse,
    CannotBeCorrected,
    MadeSince,
    NothingToCompensate,
    NotImported,
    WhyMissing,
)
from engine.serials.intake import staging
from engine.serials.intake.batch import get, note
from engine.serials.models import (
    Event,
    EventLink,
    ExternalId,
    ImportBatch,
    ImportLine,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    StockPosting,
    TraceNode,
    Unit,
    UnitRoot,
)
from engine.serials.record import How
from engine.serials.sets import id_set

PIECE = 5_000
ROWS = {
    "parties": (Party.id,),
    "locations": (Location.id,),
    "parts": (Part.id,),
    "lots": (Lot.id, TraceNode.id),
    "units": (UnitRoot.unit_id, Unit.id),
    "names": (ExternalId.id,),
}


def roll_back(db: Session, batch_id: int, **how: Unpack[How]) -> ImportBatch:
    """Take a loaded batch back while nothing later refers to it; give the `reason`.

    Its events stay and are corrected as "did not occur"; the rows they described go. Raises
    `BatchInUse`, naming the first line in use, and changes nothing: then `compensate`.
    """
    batch = _loaded(db, batch_id)
    events = _events(db, batch_id)
    _refuse_used(db, batch_id, events)
    because: How = {**how, "reason": how.get("reason") or f"import {batch.id} taken back"}
    for event_id in reversed(events):
        try:
            correct.withdraw(db, event_id, **because)
        except CannotBeCorrected as made:
            raise BatchInUse(line=_line_of(db, batch_id, event_id)) from made
    for column in ROWS.get(batch.kind, ()):
        _delete(db, batch_id, column)
    _settle(db, batch, how)
    note(db, "import_rolled_back", batch, how, reason=how.get("reason"))
    return batch


def compensate(db: Session, batch_id: int, **how: Unpack[How]) -> ImportBatch:
    """Correct what a loaded batch recorded though later records stand on it; give the `reason`.

    Each of its events that can still be corrected is withdrawn by an event of its own; what the
    rows described stays, as later records name it. Raises `NothingToCompensate` when there is no
    event to correct.
    """
    if not (how.get("reason") or "").strip():
        raise WhyMissing
    batch = _loaded(db, batch_id)
    corrected = 0
    for event_id in reversed(_events(db, batch_id)):
        try:
            with db.begin_nested():
                correct.withdraw(db, event_id, **how)
        except (CannotBeCorrected, MadeSince):
            continue
        corrected += 1
    if not corrected:
        raise NothingToCompensate
    _settle(db, batch, how)
    batch.counts = {**batch.counts, "compensated": corrected}
    db.flush()
    note(db, "import_compensated", batch, how, reason=how.get("reason"))
    return batch


def _loaded(db: Session, batch_id: int) -> ImportBatch:
    batch = get(db, batch_id, lock=True)
    if batch.state != "loaded":
        raise NotImported
    return batch


def _settle(db: Session, batch: ImportBatch, how: How) -> None:
    staging.clear(db, batch.id)
    batch.state, batch.rolled_back_at, batch.problem_count = "rolled_back", how["at"], 0
    batch.rolled_back_by_id = how["by"].id if how["by"] else None
    db.flush()


def _events(db: Session, batch_id: int) -> list[int]:
    """Return the standing events of a batch, in the order they were recorded."""
    corrected = select(Event.corrects_id).where(Event.corrects_id.is_not(None))
    rows = (
        select(ImportLine.event_id)
        .where(
            ImportLine.batch_id == batch_id,
            ImportLine.event_id.is_not(None),
            ImportLine.event_id.not_in(corrected),
        )
        .distinct()
        .order_by(ImportLine.event_id)
    )
    return [one for one in db.scalars(rows) if one is not None]


def _line_of(db: Session, batch_id: int, event_id: int) -> int:
    line = db.scalar(
        select(func.min(ImportLine.line)).where(
            ImportLine.batch_id == batch_id, ImportLine.event_id == event_id
        )
    )
    return line or 0


def _refuse_used(db: Session, batch_id: int, events: Sequence[int]) -> None:
    own = id_set(db, events)
    later = db.execute(
        select(EventLink.unit_id, func.min(EventLink.event_id))
        .where(
            EventLink.unit_id.in_(select(EventLink.unit_id).where(EventLink.event_id.in_(own))),
            EventLink.event_id > (max(events) if events else 0),
        )
        .group_by(EventLink.unit_id)
        .limit(1)
    ).first()
    if later is not None and events:
        event_id = db.scalar(
            select(func.min(EventLink.event_id)).where(
                EventLink.unit_id == later[0], EventLink.event_id.in_(own)
            )
        )
        line = db.scalar(
            select(func.min(ImportLine.line)).where(
                ImportLine.batch_id == batch_id,
                ImportLine.entity_id == later[0],
                ImportLine.event_id == event_id,
            )
        )
        raise BatchInUse(line=line or _line_of(db, batch_id, event_id or 0))

    for posting in db.scalars(select(StockPosting).where(StockPosting.event_id.in_(own))):
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
            raise BatchInUse(line=_line_of(db, batch_id, posting.event_id))


def _delete(db: Session, batch_id: int, column: Any) -> None:
    """Delete the rows that a batch made; the line of the first that something names is told."""
    model = column.class_
    made = (
        select(ImportLine.line, ImportLine.entity_id)
        .where(ImportLine.batch_id == batch_id, ImportLine.is_new)
        .order_by(ImportLine.line.desc())
    )
    rows = db.execute(made).all()
    for at_row in range(0, len(rows), PIECE):
        piece = rows[at_row : at_row + PIECE]
        try:
            with db.begin_nested():
                db.execute(delete(model).where(column.in_(id_set(db, (r[1] for r in piece)))))
        except IntegrityError as error:
            raise BatchInUse(line=_first_used(db, model, column, piece)) from error


def _first_used(db: Session, model: Any, column: Any, piece: Sequence[Any]) -> int:
    for line, entity_id in piece:
        try:
            with db.begin_nested():
                db.execute(delete(model).where(column == entity_id))
        except IntegrityError:
            return int(line)
    return 0


def came_with(db: Session, entity: str, entity_id: int) -> list[tuple[int, int, str, bool]]:
    """Return batch, line, file, and whether that made it, of each file that named a record."""
    rows = (
        select(ImportLine.batch_id, ImportLine.line, ImportBatch.file_name, ImportLine.is_new)
        .join(ImportBatch, ImportBatch.id == ImportLine.batch_id)
        .where(
            ImportLine.entity_id == entity_id,
            ImportLine.entity == entity,
            ImportBatch.state != "rolled_back",
        )
        .order_by(ImportLine.batch_id, ImportLine.line)
    )
    return [(row[0], row[1], row[2], row[3]) for row in db.execute(rows)]
