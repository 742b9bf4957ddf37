"""What a consignee is asked about: its own units and quantities of lots, and nobody else's."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.models import BalanceTotal, BalanceUnit
from engine.cases.notices.models import Notice
from engine.serials.models import Lot, Part, Unit

# what went back into use or turned out not to be concerned: nobody is asked about it
CLEARED = (
    "released_under_concession",
    "released_no_fault",
    "released_after_sorting",
    "released_not_affected",
    "in_other_case",
    "recorded_in_error",
)


@dataclass(frozen=True)
class ListedUnit:
    """One unit on a consignee's list."""

    id: int
    serial: str
    part_id: int
    lot_id: int | None


@dataclass(frozen=True)
class ListedLot:
    """A quantity of a lot on a consignee's list."""

    id: int
    lot_no: str
    part_id: int
    quantity: Decimal


@dataclass(frozen=True)
class Group:
    """The units of one part and lot."""

    part_id: int
    lot_id: int | None
    lot_no: str | None
    units: tuple[ListedUnit, ...]

    @property
    def key(self) -> str:
        """Return what a form calls it."""
        return f"{self.part_id}-{self.lot_id or 0}"


@dataclass(frozen=True)
class PartNamed:
    """How a part is called on the page."""

    part_no: str
    name: str
    name_zh: str | None
    uom: str


@dataclass(frozen=True)
class Listed:
    """One consignee's list, in the order of part, lot and serial number."""

    units: tuple[ListedUnit, ...] = ()
    lots: tuple[ListedLot, ...] = ()
    parts: dict[int, PartNamed] = field(default_factory=dict)
    lot_numbers: dict[int, str] = field(default_factory=dict)

    @cached_property
    def unit_of(self) -> dict[int, ListedUnit]:
        """Return the units by id."""
        return {one.id: one for one in self.units}

    @cached_property
    def lot_of(self) -> dict[int, ListedLot]:
        """Return the lots by id."""
        return {one.id: one for one in self.lots}

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Return the units by part and lot."""
        return tuple(self._grouped())

    @property
    def quantity(self) -> Decimal:
        """Return how much it is altogether."""
        return sum((one.quantity for one in self.lots), Decimal(len(self.units)))

    def _grouped(self) -> Iterator[Group]:
        for (part_id, lot_id), units in groupby(self.units, lambda u: (u.part_id, u.lot_id)):
            yield Group(part_id, lot_id, self.lot_numbers.get(lot_id or 0), tuple(units))


def listed(db: Session, notice: Notice) -> Listed:
    """Return what lies in the balance with the consignee of a notice, whatever became of it."""
    there = (
        BalanceUnit.case_id == notice.case_id,
        BalanceUnit.party_id == notice.party_id,
        BalanceUnit.account.not_in(CLEARED),
    )
    units = db.execute(
        select(Unit.id, Unit.serial, Unit.part_id, Unit.lot_id, Lot.lot_no)
        .join(BalanceUnit, BalanceUnit.unit_id == Unit.id)
        .outerjoin(Lot, Lot.id == Unit.lot_id)
        .join(Part, Part.id == Unit.part_id)
        .where(*there)
        .order_by(Part.part_no, Part.id, Lot.lot_no, Unit.lot_id, Unit.serial)
    ).all()
    sums: dict[int, Decimal] = {}
    lots: dict[int, Lot] = {}
    rows = db.execute(
        select(Lot, BalanceTotal.quantity)
        .join(BalanceTotal, BalanceTotal.lot_id == Lot.id)
        .where(
            BalanceTotal.case_id == notice.case_id,
            BalanceTotal.party_id == notice.party_id,
            ~BalanceTotal.counts_units,
            BalanceTotal.lot_id > 0,
            BalanceTotal.account.not_in(CLEARED),
        )
        .order_by(Lot.lot_no, Lot.id)
    )
    for lot, quantity in rows:
        lots[lot.id] = lot
        sums[lot.id] = sums.get(lot.id, Decimal(0)) + quantity
    part_ids = {row.part_id for row in units} | {lot.part_id for lot in lots.values()}
    parts = {one.id: one for one in db.scalars(select(Part).where(Part.id.in_(part_ids)))}
    return Listed(
        units=tuple(ListedUnit(i, serial, part, lot) for i, serial, part, lot, _ in units),
        lots=tuple(ListedLot(i, lot.lot_no, lot.part_id, sums[i]) for i, lot in lots.items()),
        parts={
            i: PartNamed(one.part_no, one.name, one.name_zh, one.uom) for i, one in parts.items()
        },
        lot_numbers={row.lot_id: row.lot_no for row in units if row.lot_id is not None},
    )
