"""Rebuilding what events say: axes of units, roots, stock of lots, what is released or was used.

The rows are compared first; with `is_check` nothing else happens. What differs is set to what the
events say, in place: a stock row keeps its number, for holds and shipments name it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, text, update
from sqlalchemy.orm import Session, aliased

from engine.evidence import ledger
from engine.people.person import Person
from engine.serials.events import data_stream
from engine.serials.models import (
    Event,
    EventLink,
    EventNode,
    Lot,
    LotStock,
    Part,
    StockPosting,
    Unit,
    UnitInput,
    UnitRoot,
)
from engine.serials.projection import State, fold
from engine.serials.sets import id_set
from engine.serials.stock import Spot, spot_of
from engine.serials.undo import USING_LOTS

CHUNK = 5000
NAMED = 50  # differences of each kind that are named; all are counted
AXES = ("custody", "usability", "location_id", "grade")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Difference:
    """One value that is not what the events say."""

    kind: str  # unit, root, stock, release, input
    name: str
    field: str
    there: object
    said: object

    def __str__(self) -> str:
        """Return it as a line for a person."""
        return f"{self.kind} {self.name}: {self.field} is {self.there}, events say {self.said}"


@dataclass
class Rebuilt:
    """What was compared and what differed; `differences` names the first of each kind."""

    unit_count: int = 0
    stock_count: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    @property
    def difference_count(self) -> int:
        """Return how many values differed."""
        return sum(self.counts.values())

    def differs(self, one: Difference) -> None:
        """Count a difference, and name it while there is room."""
        self.counts[one.kind] = self.counts.get(one.kind, 0) + 1
        if self.counts[one.kind] <= NAMED:
            self.differences.append(one)


def rebuild(
    db: Session,
    *,
    at: datetime,
    by: Person | None = None,
    is_check: bool = False,
    progress: Progress | None = None,
) -> Rebuilt:
    """Compare everything projected with the events and, unless `is_check`, set it to them.

    What was set leaves a ledger entry with the counts and the first differences. The work follows
    the number of units and postings; memory does not. Run it alone: it holds what it writes until
    the caller commits.
    """
    say = progress or (lambda *_: None)
    rebuilt = Rebuilt()
    total = db.scalar(select(func.count(Unit.id))) or 0
    for ids in _unit_chunks(db):
        _units(db, ids, rebuilt, is_check=is_check)
        _roots(db, ids, rebuilt, is_check=is_check)
        rebuilt.unit_count += len(ids)
        say("units", rebuilt.unit_count, total)
    lots = db.scalar(select(func.count(Lot.id))) or 0
    done = 0
    for lot_ids in _lot_chunks(db):
        _stock(db, lot_ids, rebuilt, is_check=is_check)
        done += len(lot_ids)
        say("lots", done, lots)
    _released(db, rebuilt, is_check=is_check)
    _used(db, rebuilt, is_check=is_check)
    if rebuilt.counts and not is_check:
        said = {"counts": rebuilt.counts, "differences": [str(d) for d in rebuilt.differences]}
        ledger.append(db, data_stream(db), "projections_rebuilt", said, by=by, at=at)
    db.flush()
    db.expire_all()
    return rebuilt


def _unit_chunks(db: Session) -> Iterator[list[int]]:
    yield from _chunks(db, Unit.id)


def _lot_chunks(db: Session) -> Iterator[list[int]]:
    yield from _chunks(db, Lot.id)


def _chunks(db: Session, key: Any) -> Iterator[list[int]]:
    after = 0
    while ids := list(db.scalars(select(key).where(key > after).order_by(key).limit(CHUNK))):
        yield ids
        after = ids[-1]


def _units(db: Session, ids: list[int], rebuilt: Rebuilt, *, is_check: bool) -> None:
    states = fold(db, ids)
    rows = db.execute(
        select(Unit.id, Unit.serial, *(getattr(Unit, axis) for axis in AXES)).where(
            Unit.id.in_(id_set(db, ids))
        )
    ).all()
    changes = []
    for row in rows:
        state = states.get(row.id, State())
        change = {
            axis: getattr(state, axis)
            for axis in AXES
            if getattr(row, axis) != getattr(state, axis)
        }
        for axis, said in change.items():
            rebuilt.differs(Difference("unit", row.serial, axis, getattr(row, axis), said))
        if change:
            changes.append({"id": row.id, **{a: getattr(state, a) for a in AXES}})
    if changes and not is_check:
        db.execute(update(Unit), changes)


def _roots(db: Session, ids: list[int], rebuilt: Rebuilt, *, is_check: bool) -> None:
    said, moved = _tops(db, ids), _moved(db, ids)
    of = {
        row.id: row
        for row in db.execute(
            select(Unit.id, Unit.serial, Unit.seg_id, Unit.lot_id).where(
                Unit.id.in_(id_set(db, ids))
            )
        )
    }
    there = {
        row.unit_id: row
        for row in db.execute(
            select(
                UnitRoot.unit_id,
                UnitRoot.root_id,
                UnitRoot.seg_id,
                UnitRoot.lot_id,
                UnitRoot.has_past,
            ).where(UnitRoot.unit_id.in_(id_set(db, ids)))
        )
    }
    missing, wrong = [], []
    for unit_id, unit in of.items():
        row = there.get(unit_id)
        right = {
            "root_id": said[unit_id],
            "seg_id": unit.seg_id,
            "lot_id": unit.lot_id,
            # once it is set it stays, whatever corrections say later
            "has_past": unit_id in moved or (row is not None and row.has_past),
        }
        if row is None:
            rebuilt.differs(Difference("root", unit.serial, "row", None, right["root_id"]))
            missing.append({"unit_id": unit_id, **right})
            continue
        differing = [name for name, value in right.items() if getattr(row, name) != value]
        for name in differing:
            rebuilt.differs(Difference("root", unit.serial, name, getattr(row, name), right[name]))
        if differing:
            wrong.append({"unit_id": unit_id, **right})
    if is_check:
        return
    if missing:
        db.execute(insert(UnitRoot), missing)
    if wrong:
        db.execute(update(UnitRoot), wrong)


_UP = """
    WITH RECURSIVE up(unit_id, host_id) AS (
      SELECT u.id, u.id FROM unit u WHERE u.id BETWEEN :first AND :last
      UNION ALL
      SELECT up.unit_id, n.host_id FROM up
      JOIN install n ON n.child_id = up.host_id AND n.to_event_id IS NULL
    )
"""
_TOPS = f"""{_UP}
    SELECT unit_id, host_id FROM up
    WHERE NOT EXISTS (SELECT 1 FROM install n
                      WHERE n.child_id = up.host_id AND n.to_event_id IS NULL)
"""  # noqa: S608  a constant
_MOVED = f"""{_UP}
    SELECT DISTINCT unit_id FROM up
    WHERE EXISTS (SELECT 1 FROM install n
                  WHERE n.child_id = up.host_id AND n.to_event_id IS NOT NULL)
"""  # noqa: S608  a constant


def _tops(db: Session, ids: list[int]) -> dict[int, int]:
    """Return the unit around each unit that is in no other, by the open installs."""
    rows = db.execute(text(_TOPS), {"first": ids[0], "last": ids[-1]})
    return {unit_id: host_id for unit_id, host_id in rows}  # noqa: C416  rows are not pairs


def _moved(db: Session, ids: list[int]) -> set[int]:
    """Return the units that left a host once, or are in one that did."""
    return set(db.scalars(text(_MOVED), {"first": ids[0], "last": ids[-1]}))


def _stock(db: Session, lot_ids: list[int], rebuilt: Rebuilt, *, is_check: bool) -> None:
    listed = id_set(db, lot_ids)
    said = {
        Spot(*row[:5]): Decimal(row[5])
        for row in db.execute(
            select(
                StockPosting.lot_id,
                StockPosting.location_id,
                StockPosting.custody,
                StockPosting.usability,
                StockPosting.tranche_id,
                func.sum(StockPosting.quantity, type_=StockPosting.quantity.type),
            )
            .where(StockPosting.lot_id.in_(listed))
            .group_by(
                StockPosting.lot_id,
                StockPosting.location_id,
                StockPosting.custody,
                StockPosting.usability,
                StockPosting.tranche_id,
            )
        )
    }
    rows = list(db.scalars(select(LotStock).where(LotStock.lot_id.in_(listed))))
    there = {spot_of(row): row for row in rows}
    names = dict(db.execute(select(Lot.id, Lot.lot_no).where(Lot.id.in_(listed))).all())
    rebuilt.stock_count += len(said)
    for spot in sorted(set(said) | set(there)):
        row, quantity = there.get(spot), said.get(spot)
        if row is not None and quantity is not None and row.quantity == quantity:
            continue
        where = f"{names[spot.lot_id]} at {spot.location_id}, {spot.custody}, {spot.usability}"
        lying = row.quantity if row is not None else None
        rebuilt.differs(Difference("stock", where, "quantity", lying, quantity))
        if not is_check:
            _set_stock(db, spot, row, quantity)


def _set_stock(db: Session, spot: Spot, row: LotStock | None, quantity: Decimal | None) -> None:
    if row is None:
        db.execute(insert(LotStock), [{**spot._asdict(), "quantity": quantity}])
    elif quantity is None:
        db.execute(delete(LotStock).where(LotStock.id == row.id))
    else:
        db.execute(update(LotStock), [{"id": row.id, "quantity": quantity}])


def _released(db: Session, rebuilt: Rebuilt, *, is_check: bool) -> None:
    """Fix the key fields of what was ever released and is not marked so.

    A unit whose release did not occur may be of another life since: it is not asked for.
    """
    later = aliased(Event)
    released_units = (
        select(EventLink.unit_id)
        .outerjoin(later, later.corrects_id == EventLink.event_id)
        .where(EventLink.usability == "conforming", later.id.is_(None))
    )
    released_lots = select(StockPosting.lot_id).where(StockPosting.usability == "conforming")
    parts = (
        select(Unit.part_id)
        .where(Unit.is_released)
        .union(select(Lot.part_id).where(Lot.is_released))
    )
    tables: tuple[tuple[Any, Any, Any], ...] = (
        (Unit, Unit.serial, released_units),
        (Lot, Lot.lot_no, released_lots),
        (Part, Part.part_no, parts),
    )
    for table, name, query in tables:
        found = db.execute(
            select(table.id, name).where(table.id.in_(query), ~table.is_released)
        ).all()
        for row in found:
            rebuilt.differs(Difference("release", row[1], "is_released", there=False, said=True))
        if found and not is_check:
            _mark_released(db, table, [row[0] for row in found])


def _used(db: Session, rebuilt: Rebuilt, *, is_check: bool) -> None:
    """Add what events name as used in a unit and no trace would lead through.

    Of a rework that was corrected from a quantity to a unit this was once not kept.
    """
    later = aliased(Event)
    kept = exists().where(
        UnitInput.unit_id == EventLink.unit_id,
        UnitInput.lot_id == EventNode.node_id,
        UnitInput.event_id == Event.id,
        UnitInput.never_event_id.is_(None),
    )
    rows = db.execute(
        select(EventLink.unit_id, EventNode.node_id, Event.id, Unit.serial, Lot.lot_no)
        .select_from(Event)
        .join(EventNode, (EventNode.event_id == Event.id) & (EventNode.role == "input"))
        .join(EventLink, (EventLink.event_id == Event.id) & (EventLink.role == "subject"))
        .join(Unit, Unit.id == EventLink.unit_id)
        .join(Lot, Lot.id == EventNode.node_id)
        .outerjoin(later, later.corrects_id == Event.id)
        .where(Event.type.in_(USING_LOTS), later.id.is_(None), ~kept)
        .order_by(Event.id, EventLink.unit_id, EventNode.node_id)
    ).all()
    for row in rows:
        rebuilt.differs(
            Difference("input", row.serial, f"used by event {row.id}", None, row.lot_no)
        )
    if rows and not is_check:
        missing = [
            {"unit_id": row.unit_id, "lot_id": row.node_id, "event_id": row.id} for row in rows
        ]
        db.execute(insert(UnitInput), missing)


def _mark_released(db: Session, table: Any, ids: Iterable[int]) -> None:
    db.execute(
        update(table)
        .where(table.id.in_(id_set(db, ids)))
        .values(is_released=True)
        .execution_options(synchronize_session=False)
    )
