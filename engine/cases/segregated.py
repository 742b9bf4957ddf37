"""What should stand in quarantine, and whether what was scanned and counted agrees with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.models import Case
from engine.serials.active import holdings_of_stock
from engine.serials.models import Location, Lot, LotStock, Part, Unit
from engine.serials.models.axes import IN_OUR_HANDS
from engine.serials.sets import id_set
from forms.context import LotFound, Stock, UnitFound

IN_HAND = (
    select(LotStock, Lot.lot_no, Part.part_no, Part.uom, Location.name)
    .join(Lot, Lot.id == LotStock.lot_id)
    .join(Part, Part.id == Lot.part_id)
    .join(Location, Location.id == LotStock.location_id)
    .where(
        LotStock.lot_id.in_(bindparam("lots", expanding=True)),
        LotStock.custody.in_((*IN_OUR_HANDS, "at_third_party")),
        LotStock.quantity > 0,
    )
    # what lies with us comes first, as the balance takes "held" before "held_elsewhere"
    .order_by(LotStock.custody == "at_third_party", Location.name, Lot.lot_no, LotStock.id)
)


def expected(db: Session, case: Case) -> Sequence[Stock]:
    """Return every unit and stock row in our hands that this case holds, with where it lies."""
    held = balance.holdings(db, case.id, accounts=balance.IN_HOUSE)
    units = _units(db, [part.unit_id for part in held if part.unit_id is not None])
    lots = {part.lot_id for part in held if part.lot_id is not None}
    return [*units, *(_stock(*row) for row in held_stock(db, case, lots))]


def _units(db: Session, unit_ids: list[int]) -> list[Stock]:
    if not unit_ids:
        return []
    rows = db.execute(
        select(Unit, Part.part_no, Location.name)
        .join(Part, Part.id == Unit.part_id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .where(Unit.id.in_(id_set(db, unit_ids)))
        .order_by(Location.name, Unit.serial)
    )
    return [
        Stock(
            key=f"unit-{unit.id}",
            part_no=part_no,
            location=location or "",
            unit=UnitFound(unit.id, unit.serial, part_no),
        )
        for unit, part_no, location in rows
    ]


def held_stock(
    db: Session, case: Case, lot_ids: set[int]
) -> list[tuple[LotStock, str, str, str, str]]:
    """Return the stock rows of these lots that a hold of this case bears on, with their words."""
    if not lot_ids:
        return []
    rows = db.execute(IN_HAND, {"lots": list(lot_ids)}).all()
    holding = holdings_of_stock(db, [row[0] for row in rows])
    return [
        (row[0], row[1], row[2], row[3], row[4])
        for row in rows
        if any(hold.case_number == case.number for hold in holding[row[0].id])
    ]


def _stock(row: LotStock, lot_no: str, part_no: str, uom: str, location: str) -> Stock:
    return Stock(
        key=f"stock-{row.id}",
        part_no=part_no,
        location=location,
        quantity=row.quantity,
        uom=uom,
        lot=LotFound(row.lot_id, lot_no, part_no),
    )


@dataclass(frozen=True)
class Comparison:
    """What a count came to: missing units, units nobody expected, quantities that differ."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    differing: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """Say whether everything was there and nothing else."""
        return not (self.missing or self.unexpected or self.differing)


def compare(stocks: Sequence[Stock], answer: dict[str, Any]) -> Comparison:
    """Hold an answer of the field kind `segregation` against what should be there."""
    scanned = {unit["unit_id"] for unit in answer.get("units") or ()}
    counted = {count["key"]: Decimal(count["counted"]) for count in answer.get("counts") or ()}
    units = {s.unit.unit_id: s for s in stocks if s.unit is not None}
    others = [s for s in stocks if s.unit is None]
    return Comparison(
        missing=tuple(s.name for unit_id, s in units.items() if unit_id not in scanned),
        unexpected=(
            *(u["serial"] for u in answer.get("units") or () if u["unit_id"] not in units),
            *(str(text) for text in answer.get("unknown") or ()),
        ),
        differing=tuple(
            f"{s.name} ({s.location}): {counted.get(s.key, 0)} / {s.quantity}"
            for s in others
            if counted.get(s.key, Decimal(0)) != s.quantity
        ),
    )
