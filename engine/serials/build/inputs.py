"""What went into what was made: the stock it took, the lots used in single units."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.serials import gate, stock
from engine.serials.active import holdings_of_stock
from engine.serials.build.edges import add_edges, name_of
from engine.serials.flags import raise_flag
from engine.serials.models import Event, LotStock, UnitInput
from engine.serials.record import LotInput
from engine.serials.sets import id_set
from engine.serials.targets import HoldTarget
from engine.words import N_

OVERDRAWN = N_("More of lot %(lot)s went in than was received: %(over)s too many")


def consume(
    db: Session,
    event: Event,
    node_id: int,
    inputs: Sequence[LotInput],
    *,
    location_id: int,
    again: bool = False,
    is_new: bool = False,
    reported: bool = False,
) -> tuple[str, ...]:
    """Write the edges and take the stock; return what to warn of.

    With `again` a lot may be made in several goes: an input it already has gets no second edge.
    `is_new` says that the node is made by this very command.
    """
    add_edges(db, event, node_id, by_lot(inputs), again=again, is_new=is_new)
    return take_inputs(db, event, inputs, location_id=location_id, reported=reported)


def by_lot(inputs: Iterable[LotInput]) -> list[LotInput]:
    """Return one input for each lot, with all that was taken of it, wherever it lay."""
    sums: dict[int, LotInput] = {}
    for one in inputs:
        sums[one.lot_id] = _sum(sums.get(one.lot_id), one)
    return list(sums.values())


def take_inputs(
    db: Session,
    event: Event,
    inputs: Iterable[LotInput],
    *,
    location_id: int,
    reported: bool = False,
) -> tuple[str, ...]:
    """Post inputs from where they lie to `consumed`; return warnings of overdrawn lots."""
    inputs = list(inputs)
    changes: list[tuple[stock.Spot, Decimal]] = []
    for one in inputs:
        if one.quantity is not None:
            changes += _draw(
                db, one, one.quantity, one.location_id or location_id, reported=reported
            )
    stock.post(db, event, changes)
    return _overdrawn(db, event, {one.lot_id for one in inputs})


def use_in_units(
    db: Session, event: Event, unit_ids: Iterable[int], inputs: Sequence[LotInput]
) -> None:
    """Name the lots that went into single units after their run; `quantity` is per unit."""
    rows = [
        {"unit_id": key, "lot_id": one.lot_id, "qty": one.quantity, "event_id": event.id}
        for key in sorted(set(unit_ids))
        for one in inputs
    ]
    if rows:
        db.execute(insert(UnitInput), rows)


def _sum(earlier: LotInput | None, one: LotInput) -> LotInput:
    if earlier is None or earlier.quantity is None or one.quantity is None:
        return one
    return LotInput(one.lot_id, earlier.quantity + one.quantity, one.location_id, one.uom)


def _draw(
    db: Session, one: LotInput, quantity: Decimal, location_id: int, *, reported: bool
) -> list[tuple[stock.Spot, Decimal]]:
    """Take from the rows at the place, the freest first; what is missing goes below zero."""
    rows = list(
        db.scalars(
            select(LotStock)
            .where(
                LotStock.lot_id == one.lot_id,
                LotStock.location_id == location_id,
                LotStock.custody == "in_house",
                LotStock.quantity > 0,
            )
            .order_by(LotStock.tranche_id, LotStock.usability, LotStock.id)
            .with_for_update()
        )
    )
    changes: list[tuple[stock.Spot, Decimal]] = []
    left = quantity
    spot = stock.Spot(one.lot_id, location_id, "in_house", "conforming")
    held = {key for key, holdings in holdings_of_stock(db, rows).items() if holdings}
    for row in sorted(rows, key=lambda row: row.id in held):  # what is on hold goes last
        if row.id in held and not reported:
            gate.refuse_held(db, [HoldTarget.stock(row.id)], door="issue")
        drawn = min(left, row.quantity)
        changes += _consumed(stock.spot_of(row), drawn)
        left -= drawn
        if not left:
            return changes
    return changes + _consumed(spot, left)


def _consumed(spot: stock.Spot, quantity: Decimal) -> list[tuple[stock.Spot, Decimal]]:
    return [(spot, -quantity), (spot._replace(custody="consumed"), quantity)]


def _overdrawn(db: Session, event: Event, lot_ids: set[int]) -> tuple[str, ...]:
    short: Mapping[int, list[Decimal]] = defaultdict(list)
    for row in db.scalars(
        select(LotStock).where(LotStock.lot_id.in_(id_set(db, lot_ids)), LotStock.quantity < 0)
    ):
        short[row.lot_id].append(row.quantity)
    for lot_id, parts in sorted(short.items()):
        over = {"over": f"{-sum(parts):f}"}
        raise_flag(db, event, "over_consumed", lot_id=lot_id, facts=over, at=event.recorded_at)
    return tuple(
        OVERDRAWN % {"lot": name_of(db, lot_id), "over": -sum(parts)}
        for lot_id, parts in sorted(short.items())
    )
