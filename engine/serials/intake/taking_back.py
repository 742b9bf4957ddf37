"""Taking a loaded batch back: while nothing later refers to it, else by events that correct it."""

from collections.abc import Iterator
from typing import Any, Unpack

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import EngineError
from engine.serials import correct
from engine.serials.errors import (
    BatchInUse,
    CannotBeCorrected,
    NothingToCompensate,
    NotImported,
    NotTakenBack,
    WhyMissing,
)
from engine.serials.events import record_recording
from engine.serials.intake import staging
from engine.serials.intake.batch import get, note
from engine.serials.intake.layouts import DOCUMENTS
from engine.serials.intake.striking import strike
from engine.serials.intake.used import MAKES, first_used, own_events
from engine.serials.models import (
    EpcisEvent,
    Event,
    EventLink,
    ExternalId,
    ImportBatch,
    ImportLine,
    LegacyCase,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    RecallContact,
    StockPosting,
    TraceNode,
    Unit,
    UnitRoot,
)
from engine.serials.record import How

PIECE = 20_000  # lines
ROWS = {
    "parties": (Party.id,),
    "contacts": (RecallContact.id,),
    "locations": (Location.id,),
    "parts": (Part.id,),
    "lots": (Lot.id, TraceNode.id),
    "units": (UnitRoot.unit_id, Unit.id),
    "receipts": (UnitRoot.unit_id, Unit.id),
    "names": (ExternalId.id,),
    "cases": (LegacyCase.id,),
}
# receipts did nothing but what their links and postings say: they are struck all at once
RECEIPTS = frozenset({"units", "stock"})


def roll_back(db: Session, batch_id: int, **how: Unpack[How]) -> ImportBatch:
    """Take a loaded batch back while nothing later refers to it; give the `reason`.

    Its events stay and are corrected as "did not occur"; the rows they described go. Raises
    `BatchInUse`, naming the first line in use, or `NotTakenBack`: then `compensate`. Locks the
    units, the rows it takes away and the stock; memory does not grow with the file.
    """
    batch = _loaded(db, batch_id)
    _lock(db, batch)
    line = first_used(db, batch)
    if line is not None:
        raise BatchInUse(line=line)

    because: How = {**how, "reason": how.get("reason") or f"import {batch.id} taken back"}
    if batch.kind in DOCUMENTS:  # as the events themselves: nobody is told of either any more
        because["source"] = f"epcis:{batch.source}"
    recording = strike(db, batch_id, because) if batch.kind in RECEIPTS else None
    for event_id in _events(db, batch):
        try:
            correct.withdraw(db, event_id, **because)
        except EngineError as refused:
            raise _in_words(_line_of(db, batch_id, event_id), refused) from refused
    for column in ROWS.get(batch.kind, ()):
        for first, last in _pieces(db, batch_id):
            _delete(db, batch, column, first, last)
    if batch.kind in DOCUMENTS:
        _tell_no_more(db, batch_id, how)
    _settle(db, batch, how)
    if recording is not None:
        record_recording(db, recording, by=how["by"], at=how["at"], stream=how.get("stream"))
    note(db, "import_rolled_back", batch, how, reason=how.get("reason"))
    return batch


def compensate(db: Session, batch_id: int, **how: Unpack[How]) -> ImportBatch:
    """Correct what a loaded batch recorded though later records stand on it; give the `reason`.

    Each of its events that can still be corrected is withdrawn by an event of its own; what the
    rows described stays, as later records name it, and so do events on which others were built:
    they are counted. Raises `NothingToCompensate` when there is no event to correct, `NotTakenBack`
    with what stands in the way of the first when there are some and none could be.
    """
    if not (how.get("reason") or "").strip():
        raise WhyMissing
    batch = _loaded(db, batch_id)
    _lock(db, batch)
    corrected = left = 0
    first: EngineError | None = None
    for event_id in _events(db, batch):
        try:
            with db.begin_nested():
                correct.withdraw(db, event_id, **how)
        except EngineError as refused:
            left += 1
            first = first or _in_words(_line_of(db, batch_id, event_id), refused)
            continue
        corrected += 1
    if not corrected:
        raise first or NothingToCompensate()
    _settle(db, batch, how)
    batch.counts = {**batch.counts, "compensated": corrected, "left_standing": left}
    db.flush()
    note(db, "import_compensated", batch, how, reason=how.get("reason"))
    return batch


def _tell_no_more(db: Session, batch_id: int, how: How) -> None:
    """Have a partner's events be told no more; they may come again."""
    made = select(ImportLine.entity_id).where(
        ImportLine.batch_id == batch_id, ImportLine.is_new.is_(True)
    )
    gone = update(EpcisEvent).where(EpcisEvent.id.in_(made)).values(taken_back_at=how["at"])
    db.execute(gone.execution_options(synchronize_session=False))


def _in_words(line: int, refused: EngineError) -> EngineError:
    """Return what stops a batch from being taken back: its line, and why in the engine's words."""
    if isinstance(refused, CannotBeCorrected):
        return BatchInUse(line=line)
    return NotTakenBack(line=line, why=refused.problem(""))


def _loaded(db: Session, batch_id: int) -> ImportBatch:
    batch = get(db, batch_id, lock=True)
    if batch.state != "loaded":
        raise NotImported
    return batch


def _lock(db: Session, batch: ImportBatch) -> None:
    """Lock units first, then the other rows and the stock: the order of every command."""
    own = own_events(batch)
    linked = select(EventLink.unit_id).where(EventLink.event_id.in_(own))
    _lock_rows(db, select(Unit.id).where(Unit.id.in_(linked)))
    for column in ROWS.get(batch.kind, ())[-1:]:
        _lock_rows(db, select(column).where(column.in_(_made(batch))))
    lots = select(StockPosting.lot_id).where(StockPosting.event_id.in_(own))
    _lock_rows(db, select(LotStock.id).where(LotStock.lot_id.in_(lots)))


def _made(batch: ImportBatch) -> Select[int]:
    return select(ImportLine.entity_id).where(
        ImportLine.batch_id == batch.id,
        ImportLine.entity == MAKES[batch.kind],
        ImportLine.is_new.is_(True),
    )


def _lock_rows(db: Session, rows: Select[int]) -> None:
    """Lock rows in their order; none of them comes here."""
    [key] = rows.selected_columns
    locked = rows.order_by(key).with_for_update().subquery()
    db.scalar(select(func.count()).select_from(locked))


def _settle(db: Session, batch: ImportBatch, how: How) -> None:
    staging.clear(db, batch.id)
    batch.state, batch.rolled_back_at, batch.problem_count = "rolled_back", how["at"], 0
    batch.rolled_back_by_id = how["by"].id if how["by"] else None
    db.flush()


def _events(db: Session, batch: ImportBatch) -> list[int]:
    """Return the standing events of a batch, the newest first."""
    corrected = select(Event.corrects_id).where(Event.corrects_id.is_not(None))
    rows = (
        select(Event.id)
        .where(Event.id.in_(own_events(batch)), Event.id.not_in(corrected))
        .order_by(Event.id.desc())
    )
    return list(db.scalars(rows))


def _line_of(db: Session, batch_id: int, event_id: int) -> int:
    line = db.scalar(
        select(func.min(ImportLine.line)).where(
            ImportLine.batch_id == batch_id, ImportLine.event_id == event_id
        )
    )
    return line or 0


def _pieces(db: Session, batch_id: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of lines, the last of the file first."""
    last = db.scalar(select(func.max(ImportLine.line)).where(ImportLine.batch_id == batch_id)) or 0
    for to in range(last, 0, -PIECE):
        yield max(1, to - PIECE + 1), to


def _delete(db: Session, batch: ImportBatch, column: Any, first: int, last: int) -> None:
    """Delete the rows that lines made; the line of one that something names is told."""
    made = _made(batch).where(ImportLine.line.between(first, last))
    gone = delete(column.class_).where(column.in_(made))
    try:
        with db.begin_nested():
            db.execute(gone.execution_options(synchronize_session=False))
    except IntegrityError as error:
        if first == last:
            raise BatchInUse(line=first) from error
        middle = (first + last) // 2
        _delete(db, batch, column, first, middle)
        _delete(db, batch, column, middle + 1, last)


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
