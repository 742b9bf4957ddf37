"""Units, lots and holds as their pages show them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from engine.cases.pages import HoldLine, Page
from engine.people import PersonAccount
from engine.serials.active import Holding, holdings_of_lots, holdings_of_units
from engine.serials.errors import LotUnknown, UnitUnknown
from engine.serials.models import (
    Edge,
    Event,
    EventLink,
    EventNode,
    Hold,
    HoldDoor,
    HoldTargetRow,
    Install,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    Segment,
    Tranche,
    Unit,
)
from engine.serials.vocabulary import KINDS

PAGE_SIZE = 50


@dataclass(frozen=True)
class EventLine:
    """One event on a timeline."""

    at: datetime
    recorded_at: datetime
    label: str
    by: str | None
    place: str | None
    source: str
    reason: str | None
    case_number: str | None


@dataclass(frozen=True)
class Piece:
    """One thing that went into another, or that another went into."""

    kind: str  # unit | lot | segment
    id: int
    name: str
    part: str
    note: str = ""
    is_past: bool = False


@dataclass(frozen=True)
class UnitView:
    """One unit: identity, three axes, composition, timeline."""

    unit: Unit
    part: Part
    lot: Lot | None
    place: str | None
    owner: str | None
    holds: tuple[Holding, ...]
    inside: tuple[Piece, ...]
    hosts: tuple[Piece, ...]
    inputs: tuple[Piece, ...]
    events: tuple[EventLine, ...]


@dataclass(frozen=True)
class StockLine:
    """A quantity of a lot in one place and state."""

    place: str
    owner: str
    custody: str
    usability: str
    quantity: Decimal
    grade: str | None


@dataclass(frozen=True)
class LotView:
    """One lot: identity, stock, units, what went in and what it went into."""

    lot: Lot
    part: Part
    maker: str
    holds: tuple[Holding, ...]
    stock: tuple[StockLine, ...]
    units: tuple[Unit, ...]
    unit_count: int
    inputs: tuple[Piece, ...]
    outputs: tuple[Piece, ...]
    events: tuple[EventLine, ...]


def unit_view(db: Session, unit_id: int) -> UnitView:
    """Return what the page of a unit shows; raises `UnitUnknown`."""
    unit = db.get(Unit, unit_id)
    if unit is None:
        raise UnitUnknown
    place, owner = _place(db, unit.location_id)
    return UnitView(
        unit=unit,
        part=db.get_one(Part, unit.part_id),
        lot=db.get(Lot, unit.lot_id) if unit.lot_id else None,
        place=place,
        owner=owner,
        holds=holdings_of_units(db, [unit_id])[unit_id],
        inside=_installed(db, Install.host_id == unit_id, Install.child_id),
        hosts=_installed(db, Install.child_id == unit_id, Install.host_id),
        inputs=_nodes(db, _inputs_of(db, [unit.seg_id or 0, unit.lot_id or 0])),
        events=_events(
            db,
            select(EventLink.event_id).where(EventLink.unit_id == unit_id),
        ),
    )


def lot_view(db: Session, lot_id: int) -> LotView:
    """Return what the page of a lot shows; raises `LotUnknown`."""
    lot = db.get(Lot, lot_id)
    if lot is None:
        raise LotUnknown
    of_lot = Unit.lot_id == lot_id
    outputs = db.scalars(select(Edge.out).where(Edge.inp == lot_id)).all()
    return LotView(
        lot=lot,
        part=db.get_one(Part, lot.part_id),
        maker=db.get_one(Party, lot.manufacturer_id).name,
        holds=holdings_of_lots(db, [lot_id]).get(lot_id, ()),
        stock=tuple(_stock(db, lot_id)),
        units=tuple(
            db.scalars(select(Unit).where(of_lot).order_by(Unit.serial).limit(PAGE_SIZE))
        ),
        unit_count=db.scalar(select(func.count()).select_from(Unit).where(of_lot)) or 0,
        inputs=_nodes(db, _inputs_of(db, [lot_id])),
        outputs=_nodes(db, outputs),
        events=_events(db, select(EventNode.event_id).where(EventNode.node_id == lot_id)),
    )


def _place(db: Session, location_id: int | None) -> tuple[str | None, str | None]:
    found = db.execute(
        select(Location.name, Party.name)
        .join(Party, Party.id == Location.party_id)
        .where(Location.id == location_id)
    ).one_or_none()
    return (found[0], found[1]) if found else (None, None)


def _installed(
    db: Session, where: ColumnElement[bool], other: Any
) -> tuple[Piece, ...]:
    rows = db.execute(
        select(Unit.id, Unit.serial, Part.part_no, Install.position, Install.to_event_id)
        .join(Unit, Unit.id == other)
        .join(Part, Part.id == Unit.part_id)
        .where(where)
        .order_by(Install.to_event_id.is_not(None), Install.id)
    )
    return tuple(
        Piece("unit", row.id, row.serial, row.part_no, row.position or "", row[4] is not None)
        for row in rows
    )


def _inputs_of(db: Session, node_ids: Iterable[int]) -> Sequence[int]:
    return db.scalars(select(Edge.inp).where(Edge.out.in_(list(node_ids)))).all()


def _nodes(db: Session, node_ids: Sequence[int]) -> tuple[Piece, ...]:
    wanted = list(node_ids)[:500]
    lots = db.execute(
        select(Lot.id, Lot.lot_no, Part.part_no)
        .join(Part, Part.id == Lot.part_id)
        .where(Lot.id.in_(wanted))
        .order_by(Part.part_no, Lot.lot_no)
    )
    runs = db.execute(
        select(Segment.id, Segment.work_order, Part.part_no)
        .join(Part, Part.id == Segment.part_id)
        .where(Segment.id.in_(wanted))
        .order_by(Segment.from_at)
    )
    return tuple(
        [Piece("lot", row.id, row.lot_no, row.part_no) for row in lots]
        + [Piece("segment", row.id, row.work_order or str(row.id), row.part_no) for row in runs]
    )


def _stock(db: Session, lot_id: int) -> Iterable[StockLine]:
    rows = db.execute(
        select(LotStock, Location.name, Party.name, Tranche.grade)
        .join(Location, Location.id == LotStock.location_id)
        .join(Party, Party.id == Location.party_id)
        .outerjoin(Tranche, Tranche.id == LotStock.tranche_id)
        .where(LotStock.lot_id == lot_id, LotStock.quantity != 0)
        .order_by(Party.name, Location.name)
    )
    for stock, place, owner, grade in rows:
        yield StockLine(place, owner, stock.custody, stock.usability, stock.quantity, grade)


def _events(db: Session, ids: Any) -> tuple[EventLine, ...]:
    actor = aliased(PersonAccount)
    rows = db.execute(
        select(Event, actor.printed_name, Location.name)
        .outerjoin(actor, actor.id == Event.actor_id)
        .outerjoin(Location, Location.id == Event.location_id)
        .where(Event.id.in_(ids))
        .order_by(Event.event_at.desc(), Event.id.desc())
        .limit(200)
    )
    return tuple(
        EventLine(
            at=event.event_at,
            recorded_at=event.recorded_at,
            label=KINDS[event.type].label if event.type in KINDS else event.type,
            by=by,
            place=place,
            source=event.source,
            reason=event.reason,
            case_number=event.payload.get("case_number"),
        )
        for event, by, place in rows
    )


# --- holds -------------------------------------------------------------------------------------


def hold_lines(
    db: Session,
    *,
    standing: bool = True,
    case_number: str = "",
    oldest_first: bool = True,
    page: int = 1,
) -> tuple[list[HoldLine], Page]:
    """Return one page of the register of holds."""
    wanted = [Hold.released_at.is_(None) if standing else Hold.released_at.is_not(None)]
    if case_number:
        wanted.append(Hold.case_number == case_number)
    placer, releaser = aliased(PersonAccount), aliased(PersonAccount)
    order = (Hold.placed_at, Hold.id) if oldest_first else (Hold.placed_at.desc(), Hold.id.desc())
    rows = db.execute(
        select(Hold, placer.printed_name, releaser.printed_name)
        .outerjoin(placer, placer.id == Hold.placed_by_id)
        .outerjoin(releaser, releaser.id == Hold.released_by_id)
        .where(*wanted)
        .order_by(*order)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    ).all()
    total = db.scalar(select(func.count()).select_from(Hold).where(*wanted)) or 0
    targets = _targets(db, [hold.id for hold, _, _ in rows])
    doors = _doors(db, [hold.id for hold, _, _ in rows])
    lines = [
        HoldLine(
            id=hold.id,
            case_number=hold.case_number,
            target=", ".join(targets.get(hold.id, [])[:3]),
            target_kind=hold.target_kind,
            reason=hold.reason,
            basis=hold.basis,
            location="",
            quantity=Decimal(hold.target_count),
            placed_by=placed_by,
            placed_at=hold.placed_at,
            released_by=released_by,
            released_at=hold.released_at,
            acknowledged=tuple(doors.get(hold.id, [])),
        )
        for hold, placed_by, released_by in rows
    ]
    return lines, Page(number=page, size=PAGE_SIZE, total_count=total)


def _targets(db: Session, hold_ids: Sequence[int]) -> dict[int, list[str]]:
    of_unit = (
        select(HoldTargetRow.hold_id, Unit.serial)
        .join(Unit, Unit.id == HoldTargetRow.target_id)
        .where(HoldTargetRow.kind == "unit")
    )
    of_lot = (
        select(HoldTargetRow.hold_id, Lot.lot_no)
        .join(Lot, Lot.id == HoldTargetRow.target_id)
        .where(HoldTargetRow.kind == "lot")
    )
    of_stock = (
        select(HoldTargetRow.hold_id, Lot.lot_no)
        .join(Tranche, Tranche.id == HoldTargetRow.target_id)
        .join(Lot, Lot.id == Tranche.lot_id)
        .where(HoldTargetRow.kind == "stock")
    )
    found: dict[int, list[str]] = {}
    for query in (of_unit, of_lot, of_stock):
        for hold_id, name in db.execute(query.where(HoldTargetRow.hold_id.in_(hold_ids))):
            found.setdefault(hold_id, []).append(name)
    return found


def _doors(db: Session, hold_ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for hold_id, door in db.execute(
        select(HoldDoor.hold_id, HoldDoor.door).where(HoldDoor.hold_id.in_(hold_ids))
    ):
        found.setdefault(hold_id, []).append(door)
    return found


@dataclass(frozen=True)
class TagLine:
    """One hold tag to print: what hangs on the goods."""

    case_number: str
    name: str
    kind: str
    part: str
    part_name: str
    reason: str
    placed_by: str | None
    placed_at: datetime


def tag_lines(db: Session, case_number: str) -> list[TagLine]:
    """Return a tag for each unit and lot that stands on hold for a case."""
    placer = aliased(PersonAccount)
    lines = []
    of_stock = select(Tranche.id, Tranche.lot_id).subquery()
    queries = (
        ("unit", select(Hold, Unit.serial, Part, placer.printed_name)
            .join(HoldTargetRow, HoldTargetRow.hold_id == Hold.id)
            .join(Unit, Unit.id == HoldTargetRow.target_id)
            .join(Part, Part.id == Unit.part_id)),
        ("lot", select(Hold, Lot.lot_no, Part, placer.printed_name)
            .join(HoldTargetRow, HoldTargetRow.hold_id == Hold.id)
            .join(Lot, Lot.id == HoldTargetRow.target_id)
            .join(Part, Part.id == Lot.part_id)),
        ("stock", select(Hold, Lot.lot_no, Part, placer.printed_name)
            .join(HoldTargetRow, HoldTargetRow.hold_id == Hold.id)
            .join(of_stock, of_stock.c.id == HoldTargetRow.target_id)
            .join(Lot, Lot.id == of_stock.c.lot_id)
            .join(Part, Part.id == Lot.part_id)),
    )
    for kind, query in queries:
        rows = db.execute(
            query.outerjoin(placer, placer.id == Hold.placed_by_id).where(
                Hold.case_number == case_number,
                HoldTargetRow.kind == kind,
                HoldTargetRow.release_event_id.is_(None),
                Hold.released_at.is_(None),
            )
        )
        lines += [
            TagLine(
                hold.case_number, name, kind, part.part_no, part.name, hold.reason, by,
                hold.placed_at,
            )
            for hold, name, part, by in rows
        ]
    return lines
