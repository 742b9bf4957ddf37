"""Whether anything later stands on what a file brought: every table of the installation is asked.

A table that names units, lots or master data is found by its columns, so that one that is new is
asked from its first day.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    CompoundSelect,
    Select,
    Table,
    func,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from engine.db import Base
from engine.serials.intake.layouts import DOCUMENTS, KINDS
from engine.serials.models import (
    EpcisCapture,
    EpcisEvent,
    Event,
    EventLink,
    EventNode,
    HoldTargetRow,
    ImportBatch,
    ImportLine,
    LegacyCase,
    PurchaseLine,
    PurchaseReceipt,
    Unit,
)

# the batch's own rows, what is staged only, and the row that every unit has
OWN = frozenset({"import_line", "import_row", "unit_root"})
# what a line of each kind of file makes; receipts of a lot's quantity make nothing
MAKES = {
    **{k: KINDS[k] for k in ("parties", "contacts", "locations", "parts", "lots", "units")},
    **{k: KINDS[k] for k in ("names", "cases")},
    "receipts": "unit",
}
TABLES = {"contact": "recall_contact"}  # where it is not called as the record is


class Reference(NamedTuple):
    """One column by which a table names rows of a kind, and which of its rows do."""

    column: Column[int]
    which: ColumnElement[bool] | None


@cache
def references(entity: str) -> tuple[Reference, ...]:
    """Return every column of any table that names records of this kind."""
    return tuple(
        one
        for table in Base.metadata.sorted_tables
        if table.name not in OWN and table.name != TABLES.get(entity, entity)
        for one in _of(table, entity)
    )


def _of(table: Table, entity: str) -> Iterator[Reference]:
    targets = {f"{TABLES.get(entity, entity)}.id"} | (
        {"trace_node.id"} if entity == "lot" else set()
    )
    names = {f"{entity}_id"} | ({"node_id"} if entity == "lot" else set())
    for column in table.columns:
        if column.name in names or any(k.target_fullname in targets for k in column.foreign_keys):
            yield Reference(column, None)
    for kind, key in (("entity", "entity_id"), ("kind", "target_id")):
        if kind in table.c and key in table.c:
            yield Reference(table.c[key], table.c[kind] == entity)


def first_used(db: Session, batch: ImportBatch) -> int | None:
    """Return the first line whose record or event later records name; None when there is none."""
    lines = [_corrected(db, batch), _short(db, batch)]
    if batch.kind in MAKES:
        lines += [_named(db, batch, one) for one in references(MAKES[batch.kind])]
        lines += [_came_again(db, batch), _held(db, batch), _continued(db, batch)]
        lines.append(_told_since(db, batch))
    else:
        lines += [_went_on(db, batch), _received(db, batch)]
    return min((line for line in lines if line is not None), default=None)


def _made(batch: ImportBatch) -> tuple[ColumnElement[bool], ...]:
    return (
        ImportLine.batch_id == batch.id,
        ImportLine.entity == MAKES[batch.kind],
        ImportLine.is_new.is_(True),
    )


def own_events(batch: ImportBatch) -> Select[int | None]:
    """Return the events that a batch recorded; of one line of a partner's they may be several."""
    if batch.kind not in DOCUMENTS:
        return _events(batch)
    captures = (
        select(EpcisEvent.capture_id)
        .join(ImportLine, ImportLine.entity_id == EpcisEvent.id)
        .where(ImportLine.batch_id == batch.id, ImportLine.is_new.is_(True))
    )
    return (
        select(Event.id)
        .join(EpcisCapture, EpcisCapture.received_at == Event.recorded_at)
        .where(EpcisCapture.id.in_(captures), Event.source == f"epcis:{batch.source}")
    )


def _received(db: Session, batch: ImportBatch) -> int | None:
    """Return the first line whose order something was received against."""
    later = aliased(Event)
    query = (
        select(func.min(ImportLine.line))
        .join(PurchaseLine, PurchaseLine.order_id == ImportLine.entity_id)
        .join(PurchaseReceipt, PurchaseReceipt.line_id == PurchaseLine.id)
        .outerjoin(later, later.corrects_id == PurchaseReceipt.event_id)
        .where(ImportLine.batch_id == batch.id, later.id.is_(None))
    )
    return db.scalar(query) if batch.kind == "orders" else None


def _named(db: Session, batch: ImportBatch, by: Reference) -> int | None:
    """Return the first line whose record this column names, but for the event that made it."""
    table = by.column.table
    query = (
        select(func.min(ImportLine.line))
        .join(table, by.column == ImportLine.entity_id)
        .where(*_made(batch))
    )
    if by.which is not None:
        query = query.where(by.which)
    if "event_id" in table.c:
        event_id = table.c["event_id"]
        query = query.where(
            or_(
                ImportLine.event_id.is_(None),
                event_id.is_(None),
                event_id != ImportLine.event_id,
            )
        )
    return db.scalar(query)


def _came_again(db: Session, batch: ImportBatch) -> int | None:
    """Return the first line whose record another file named too."""
    other = aliased(ImportLine)
    same = (other.entity_id == ImportLine.entity_id) & (other.entity == ImportLine.entity)
    query = (
        select(func.min(ImportLine.line))
        .join(other, same)
        .join(ImportBatch, ImportBatch.id == other.batch_id)
        .where(*_made(batch), other.batch_id != batch.id, ImportBatch.state == "loaded")
    )
    return db.scalar(query)


def _held(db: Session, batch: ImportBatch) -> int | None:
    """Return the first line whose unit is of a lot on hold: it is held with it."""
    query = (
        select(func.min(ImportLine.line))
        .join(Unit, Unit.id == ImportLine.entity_id)
        .join(HoldTargetRow, HoldTargetRow.target_id == Unit.lot_id)
        .where(
            *_made(batch),
            ImportLine.entity == "unit",
            HoldTargetRow.kind == "lot",
            HoldTargetRow.release_event_id.is_(None),
        )
    )
    return db.scalar(query) if batch.kind == "units" else None


def _continued(db: Session, batch: ImportBatch) -> int | None:
    """Return the first line whose case goes on as one of ours."""
    query = (
        select(func.min(ImportLine.line))
        .join(LegacyCase, LegacyCase.id == ImportLine.entity_id)
        .where(*_made(batch), LegacyCase.continued_as.is_not(None))
    )
    return db.scalar(query) if batch.kind == "cases" else None


def _corrected(db: Session, batch: ImportBatch) -> int | None:
    """Return the first line whose event was corrected."""
    query = (
        select(func.min(ImportLine.line))
        .join(Event, Event.corrects_id == ImportLine.event_id)
        .where(ImportLine.batch_id == batch.id)
    )
    return db.scalar(query)


# less lies there than the whole batch put there
SHORT = text(
    """
    SELECT p.lot_id, p.location_id, p.custody, p.usability, p.tranche_id
    FROM stock_posting AS p
    WHERE p.event_id IN (SELECT event_id FROM import_line
                         WHERE batch_id = :batch AND event_id IS NOT NULL)
    GROUP BY p.lot_id, p.location_id, p.custody, p.usability, p.tranche_id
    HAVING sum(p.quantity) > 0 AND sum(p.quantity) > coalesce(
        (SELECT s.quantity FROM lot_stock AS s
         WHERE s.lot_id = p.lot_id AND s.location_id = p.location_id AND s.custody = p.custody
           AND s.usability = p.usability AND s.tranche_id = p.tranche_id), 0)
    LIMIT 1
    """
)
SHORT_LINE = text(
    """
    SELECT min(l.line) FROM import_line AS l
    JOIN stock_posting AS p ON p.event_id = l.event_id
    WHERE l.batch_id = :batch AND p.lot_id = :lot_id AND p.location_id = :location_id
      AND p.custody = :custody AND p.usability = :usability AND p.tranche_id = :tranche_id
    """
)


def _short(db: Session, batch: ImportBatch) -> int | None:
    spot = db.execute(SHORT, {"batch": batch.id}).mappings().first()
    return db.scalar(SHORT_LINE, {"batch": batch.id, **spot}) if spot else None


def _went_on(db: Session, batch: ImportBatch) -> int | None:
    """Return the line whose unit, or whose made lot, has a later event than the file's."""
    own = own_events(batch)
    node = aliased(EventNode)
    # what else happens to a lot that went in does not stand on its going in
    lots = (
        select(EventNode.event_id, EventNode.node_id)
        .join(node, node.node_id == EventNode.node_id)
        .where(
            EventNode.event_id.in_(own),
            EventNode.role == "output",
            node.event_id > EventNode.event_id,
            node.event_id.not_in(own),
            node.event_id.not_in(_came_to_nothing()),
        )
    )
    lines = [_units_went_on(db, batch, own), _first(db, batch, lots)]
    return min((line for line in lines if line is not None), default=None)


def _told_since(db: Session, batch: ImportBatch) -> int | None:
    """Return the line that told a unit its lot, and something happened to the unit since."""
    return _units_went_on(db, batch, _events(batch).where(ImportLine.is_new.is_(False)))


def _events(batch: ImportBatch) -> Select[int | None]:
    return select(ImportLine.event_id).where(
        ImportLine.batch_id == batch.id, ImportLine.event_id.is_not(None)
    )


def _came_to_nothing() -> CompoundSelect[Any]:
    """Return events that did not occur, with those that say so: nothing stands on them."""
    withdrawn = Event.type == "did_not_occur"
    return union_all(
        select(Event.id).where(withdrawn),
        select(Event.corrects_id).where(withdrawn, Event.corrects_id.is_not(None)),
    )


def _units_went_on(db: Session, batch: ImportBatch, of: Select[int | None]) -> int | None:
    later = aliased(EventLink)
    units = (
        select(EventLink.event_id, EventLink.unit_id)
        .join(later, later.unit_id == EventLink.unit_id)
        .where(
            EventLink.event_id.in_(of),
            later.event_id > EventLink.event_id,
            later.event_id.not_in(own_events(batch)),
            later.event_id.not_in(_came_to_nothing()),
        )
    )
    return _first(db, batch, units)


def _first(db: Session, batch: ImportBatch, found: Select[int, int]) -> int | None:
    row = db.execute(found.order_by(text("1, 2")).limit(1)).first()
    return None if row is None else _line(db, batch, row[0], row[1])


def _line(db: Session, batch: ImportBatch, event_id: int, entity_id: int) -> int:
    of_event = (ImportLine.batch_id == batch.id, ImportLine.event_id == event_id)
    line = select(func.min(ImportLine.line)).where(*of_event)
    return db.scalar(line.where(ImportLine.entity_id == entity_id)) or db.scalar(line) or 0
