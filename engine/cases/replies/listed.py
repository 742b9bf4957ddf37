"""What a consignee is asked about: its own units and quantities of lots, and nobody else's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases import scopes
from engine.cases.models import BalanceTotal, BalanceUnit, Case
from engine.cases.notices.models import Notice
from engine.serials.models import Lot, Part, Unit
from engine.serials.sets import id_set

PAGE = 5_000  # units of one read
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
    """Return what of the standing scope a consignee was ever sent: what its letter lists.

    Where no scope is frozen, what lies with it in the balance of the case.
    """
    case = db.get_one(Case, notice.case_id)
    if scopes.standing(db, case) is None:
        return _named(db, *_lying_with(db, notice))
    units, after = [], 0
    while page := scopes.units_of(db, case, notice.party_id, after=after, limit=PAGE):
        units += [one.unit_id for one in page]
        after = units[-1]
        if len(page) < PAGE:
            break
    lots = scopes.stock_of(db, case, notice.party_id)
    return _named(db, units, {one.lot_id: max(one.sent, one.there) for one in lots})


def _lying_with(db: Session, notice: Notice) -> tuple[list[int], dict[int, Decimal]]:
    of_units = select(BalanceUnit.unit_id).where(
        BalanceUnit.case_id == notice.case_id,
        BalanceUnit.party_id == notice.party_id,
        BalanceUnit.account.not_in(CLEARED),
    )
    total = BalanceTotal
    of_lots = select(total.lot_id, func.sum(total.quantity, type_=total.quantity.type)).where(
        total.case_id == notice.case_id,
        total.party_id == notice.party_id,
        ~total.counts_units,
        total.lot_id > 0,
        total.account.not_in(CLEARED),
    )
    lots = {lot_id: much for lot_id, much in db.execute(of_lots.group_by(total.lot_id))}  # noqa: C416  rows are not pairs to mypy
    return list(db.scalars(of_units)), lots


def _named(db: Session, unit_ids: Sequence[int], lots: Mapping[int, Decimal]) -> Listed:
    units = db.execute(
        select(Unit.id, Unit.serial, Unit.part_id, Unit.lot_id, Lot.lot_no)
        .join(Part, Part.id == Unit.part_id)
        .outerjoin(Lot, Lot.id == Unit.lot_id)
        .where(Unit.id.in_(id_set(db, unit_ids)))
        .order_by(Part.part_no, Part.id, Lot.lot_no, Unit.lot_id, Unit.serial)
    ).all()
    of_lots = select(Lot).where(Lot.id.in_(id_set(db, lots)), ~Lot.is_unknown)
    known = db.scalars(of_lots.order_by(Lot.lot_no, Lot.id)).all()
    part_ids = {row.part_id for row in units} | {lot.part_id for lot in known}
    parts = db.scalars(select(Part).where(Part.id.in_(part_ids)))
    return Listed(
        units=tuple(ListedUnit(i, serial, part, lot) for i, serial, part, lot, _ in units),
        lots=tuple(ListedLot(lot.id, lot.lot_no, lot.part_id, lots[lot.id]) for lot in known),
        parts={one.id: PartNamed(one.part_no, one.name, one.name_zh, one.uom) for one in parts},
        lot_numbers={row.lot_id: row.lot_no for row in units if row.lot_id is not None},
    )
