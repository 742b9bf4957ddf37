"""What the pages that record show: open lines of orders, and what was recorded last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.people import PersonAccount
from engine.serials.errors import NothingDescribed
from engine.serials.find import resolve
from engine.serials.models import (
    Event,
    Location,
    Lot,
    Part,
    Party,
    PurchaseLine,
    PurchaseOrder,
    Unit,
)
from engine.serials.purchase import received_of
from engine.serials.sets import id_set
from engine.serials.units import contents
from engine.serials.vocabulary import KINDS

SHOWN = 300  # open lines that a page offers
LAST = 20
TOLD = tuple(kind for kind in KINDS if kind not in ("hold_placed", "hold_released", "stock_split"))


@dataclass(frozen=True)
class OpenLine:
    """One line of an order of which something is still to come."""

    id: int
    order: str
    line_no: int
    part_no: str
    part_name: str
    part_name_zh: str | None
    supplier: str
    quantity: Decimal
    received: Decimal
    uom: str
    due_on: date | None

    @property
    def open(self) -> Decimal:
        """Return how much is still to come."""
        return self.quantity - self.received


@dataclass(frozen=True)
class Found:
    """The part a receipt is of, and the line of the order it counts against."""

    part: Part
    line_id: int | None = None


@dataclass(frozen=True)
class Last:
    """One event as the list of what was recorded last shows it."""

    event_id: int
    label: str
    event_at: datetime
    by: str | None
    documents: tuple[str, ...]


def open_lines(db: Session) -> list[OpenLine]:
    """Return the lines of standing orders of which something is still to come, the oldest first."""
    later = aliased(Event)
    rows = db.execute(
        select(PurchaseLine, PurchaseOrder.number, Part, Party.name)
        .join(PurchaseOrder, PurchaseOrder.id == PurchaseLine.order_id)
        .join(Part, Part.id == PurchaseLine.part_id)
        .join(Party, Party.id == PurchaseOrder.supplier_id)
        .outerjoin(later, later.corrects_id == PurchaseOrder.event_id)
        .where(later.id.is_(None))
        .order_by(PurchaseOrder.id.desc(), PurchaseLine.line_no)
        .limit(SHOWN * 3)
    ).all()
    received: Mapping[int, Decimal] = received_of(db, [line.id for line, *_ in rows])
    lines = [
        OpenLine(
            line.id, number, line.line_no, part.part_no, part.name, part.name_zh, supplier,
            line.quantity, received[line.id], part.uom, line.due_on,
        )
        for line, number, part, supplier in rows
    ]  # fmt: skip
    return [line for line in reversed(lines) if line.open > 0][:SHOWN]


def part_numbered(db: Session, part_no: str, line_id: int | None) -> Found | None:
    """Return the part of a line, or else of a number that names one part."""
    if line_id:
        part = db.scalar(
            select(Part)
            .join(PurchaseLine, PurchaseLine.part_id == Part.id)
            .where(PurchaseLine.id == line_id)
        )
        return Found(part, line_id) if part is not None else None
    parts = db.scalars(select(Part).where(Part.part_no == part_no).limit(2)).all()
    return Found(parts[0]) if len(parts) == 1 else None


def suppliers(db: Session) -> list[tuple[str, str]]:
    """Return who can be ordered from, by code."""
    return _parties(db, ("supplier", "manufacturer"))


def issuers(db: Session) -> list[tuple[str, str]]:
    """Return who gives certificates: suppliers, makers and our own sites, by code."""
    return _parties(db, ("supplier", "manufacturer", "site"))


def _parties(db: Session, kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    rows = db.execute(
        select(Party.code, Party.name)
        .where(Party.kind.in_(kinds))
        .order_by(Party.name)
        .limit(SHOWN)
    )
    return [(code, f"{code} · {name}") for code, name in rows]


@dataclass(frozen=True)
class Record:
    """One record that other systems have names for."""

    kind: str
    id: int
    label: str


NAMES = {
    "party": Party.code,
    "location": Location.code,
    "part": Part.part_no,
    "lot": Lot.lot_no,
    "unit": Unit.serial,
}


def record_named(db: Session, kind: str, id: int) -> Record:
    """Return a record by its kind and number; raises `NothingDescribed`."""
    column = NAMES.get(kind)
    label = db.scalar(select(column).where(column.class_.id == id)) if column is not None else None
    if label is None:
        raise NothingDescribed(kind=kind, id=id)
    return Record(kind, id, label)


def latest(db: Session) -> list[Last]:
    """Return what was recorded last, whoever did."""
    rows = db.execute(
        select(Event, PersonAccount.printed_name)
        .outerjoin(PersonAccount, PersonAccount.id == Event.actor_id)
        .where(Event.type.in_(TOLD))
        .order_by(Event.id.desc())
        .limit(LAST)
    )
    return [
        Last(
            event.id, KINDS[event.type].label, event.event_at, name,
            tuple(event.payload.get("documents", ())),
        )
        for event, name in rows
    ]  # fmt: skip


def parts_inside(db: Session, text: str) -> list[tuple[str, str]]:
    """Return the serialised parts now inside the device that a text names, with their part."""
    units = [match.id for match in resolve(db, text) if match.kind == "unit"] if text else []
    if len(units) != 1:
        return []
    rows = db.execute(
        select(Unit.serial, Part.part_no, Part.name)
        .join(Part, Part.id == Unit.part_id)
        .where(Unit.id.in_(id_set(db, contents(db, units))))
        .order_by(Part.part_no, Unit.serial)
        .limit(100)
    )
    return [(serial, f"{serial} · {part_no} {name}") for serial, part_no, name in rows]
