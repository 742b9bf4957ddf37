"""Where the parts of a case lie: each place by its name, with how much lies there."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.dispositions import Part
from engine.cases.models import Case
from engine.cases.names import Target
from engine.cases.segregated import held_stock
from engine.serials.models import Location, Unit
from engine.serials.sets import id_set

Places = tuple[tuple[str, Decimal], ...]


def places_of(
    db: Session, case: Case, parts: Sequence[Part], *, is_drawn: bool = False
) -> dict[Target, Places]:
    """Return every place where a case holds these parts, whatever it was decided to take of them.

    With `is_drawn` the places the quantity comes out of when its line is carried out: see
    `engine.cases.holding.stock_parts`, which takes the rows in the same order.
    """
    of_lots: dict[int, list[tuple[str, Decimal]]] = {}
    for row, _, _, _, place in held_stock(db, case, {p.lot_id for p in parts if p.lot_id}):
        of_lots.setdefault(row.lot_id, []).append((place, row.quantity))
    found = _of_units(db, [p.unit_id for p in parts if p.unit_id])
    for part in parts:
        if part.lot_id is not None:
            rows = of_lots.get(part.lot_id, [])
            found[part.key] = _summed(_first(rows, part.quantity) if is_drawn else rows)
    return found


def _of_units(db: Session, unit_ids: Sequence[int]) -> dict[Target, Places]:
    rows = db.execute(
        select(Unit.id, Location.name)
        .join(Location, Location.id == Unit.location_id)
        .where(Unit.id.in_(id_set(db, unit_ids)))
    )
    return {(unit_id, None): ((place, Decimal(1)),) for unit_id, place in rows}


def _first(rows: Iterable[tuple[str, Decimal]], left: Decimal) -> Iterable[tuple[str, Decimal]]:
    for place, quantity in rows:
        taken = min(left, quantity)
        if taken > 0:
            yield place, taken
        left -= taken


def _summed(rows: Iterable[tuple[str, Decimal]]) -> Places:
    sums: dict[str, Decimal] = {}
    for place, quantity in rows:
        sums[place] = sums.get(place, Decimal(0)) + quantity
    return tuple(sums.items())
