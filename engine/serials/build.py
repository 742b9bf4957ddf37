"""Making: one run (segment) from one set of inputs, or a lot from lots."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Unpack

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.serials import gate, stock
from engine.serials.active import holdings_of_stock
from engine.serials.errors import AlreadyWentIn, WouldLoop
from engine.serials.events import Links, link_units, record_events, write_event
from engine.serials.install import Fitting, open_installs, refuse_misfits
from engine.serials.models import Edge, Event, Lot, LotStock, Segment, UnitInput
from engine.serials.parties import new_node, refuse_other_part
from engine.serials.projection import project_units
from engine.serials.receive import create_units, place
from engine.serials.record import Effect, How, LotInput, Recorded
from engine.serials.sets import id_set
from engine.serials.targets import HoldTarget
from engine.serials.units import contents, units_by_id
from engine.serials.walk import INTO, reach

OVERDRAWN = "More of lot %(lot)s went in than was received: %(over)s too many"


@dataclass(frozen=True)
class ToBuild:
    """One unit to be made: its serial, and the units that go into it (id, position)."""

    serial: str
    installs: tuple[tuple[int, str | None], ...] = ()


def build_units(
    db: Session,
    part_id: int,
    units: Sequence[ToBuild | str],
    *,
    location_id: int,
    inputs: Sequence[LotInput] = (),
    lot_id: int | None = None,
    work_order: str | None = None,
    from_at: datetime | None = None,
    usability: str = "unreleased",
    reported: bool = False,
    **how: Unpack[How],
) -> Recorded:
    """Make serialised units in one run: one segment, its input lots, its installs.

    Inputs on hold are refused (door `issue`) unless `reported`. More consumed than received is a
    warning, never a refusal: what went in went in.
    """
    place(db, location_id)
    wanted = [unit if isinstance(unit, ToBuild) else ToBuild(unit) for unit in units]
    if lot_id is not None:
        refuse_other_part(db, db.get_one(Lot, lot_id), part_id)
    children = [child for unit in wanted for child, _ in unit.installs]
    if not reported:
        _refuse_held(db, inputs, children)

    seg_id = new_node(db, "segment")
    effect = Effect("in_house", usability, location_id)
    inside = Effect(custody="in_house", location_id=location_id)
    links = Links().add(children, inside, "child")
    links.add(contents(db, children), inside, "carried")
    links.about([seg_id], "output").about([lot_id] if lot_id else [], "output")
    links.about([one.lot_id for one in inputs], "input")
    event = write_event(
        db,
        "built",
        links,
        location_id=location_id,
        payload={"work_order": work_order, "quantity": len(wanted)},
        **how,
    )
    db.add(
        Segment(
            id=seg_id,
            part_id=part_id,
            site_id=location_id,
            work_order=work_order,
            from_at=from_at or event.event_at,
            to_at=event.event_at,
            event_id=event.id,
        )
    )
    db.flush()
    unit_ids = create_units(
        db, part_id, [u.serial for u in wanted], effect=effect, lot_id=lot_id, seg_id=seg_id
    )
    link_units(db, event, Links().add(unit_ids, effect))
    warnings = consume(db, event, seg_id, inputs, location_id=location_id, reported=reported)
    _fit(db, event, wanted, unit_ids, reported=reported)
    project_units(db, children)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(unit_ids), lot_id, seg_id, warnings)


def build_lot(
    db: Session,
    lot_id: int,
    quantity: Decimal,
    *,
    location_id: int,
    inputs: Sequence[LotInput] = (),
    work_order: str | None = None,
    usability: str = "unreleased",
    reported: bool = False,
    **how: Unpack[How],
) -> Recorded:
    """Make a quantity of a lot from other lots. Raises `WouldLoop`, `OnHold`."""
    place(db, location_id)
    if not reported:
        _refuse_held(db, inputs, [])
    links = Links().about([lot_id], "output").about([one.lot_id for one in inputs], "input")
    event = write_event(
        db,
        "built",
        links,
        location_id=location_id,
        payload={"work_order": work_order, "quantity": f"{quantity:f}"},
        **how,
    )
    warnings = consume(
        db, event, lot_id, inputs, location_id=location_id, again=True, reported=reported
    )
    stock.post(db, event, [(stock.Spot(lot_id, location_id, "in_house", usability), quantity)])
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, lot_id=lot_id, warnings=warnings)


def add_inputs(
    db: Session, node_id: int, inputs: Sequence[LotInput], *, location_id: int, **how: Unpack[How]
) -> Recorded:
    """Record lots that went into a run or a lot and were missed. Raises `AlreadyWentIn`."""
    links = Links().about([node_id], "output").about([one.lot_id for one in inputs], "input")
    event = write_event(db, "input_added", links, location_id=location_id, **how)
    warnings = consume(db, event, node_id, inputs, location_id=location_id, reported=True)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, warnings=warnings)


def consume(
    db: Session,
    event: Event,
    node_id: int,
    inputs: Sequence[LotInput],
    *,
    location_id: int,
    again: bool = False,
    reported: bool = False,
) -> tuple[str, ...]:
    """Write the edges and take the stock; return what to warn of.

    With `again` a lot may be made in several goes: an input it already has gets no second edge.
    """
    sums: dict[int, LotInput] = {}
    for one in inputs:
        sums[one.lot_id] = _sum(sums.get(one.lot_id), one)
    _add_edges(db, event, node_id, list(sums.values()), again=again)
    return take_inputs(db, event, inputs, location_id=location_id, reported=reported)


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
    return _overdrawn(db, {one.lot_id for one in inputs})


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


def _refuse_held(db: Session, inputs: Sequence[LotInput], children: Sequence[int]) -> None:
    lots = [HoldTarget.lot(one.lot_id) for one in inputs]
    gate.refuse_held(db, lots, door="issue")
    units_by_id(db, children, lock=True)
    gate.refuse_held(db, [HoldTarget.unit(key) for key in children], door="install")


def _fit(
    db: Session,
    event: Event,
    wanted: Sequence[ToBuild],
    unit_ids: Sequence[int],
    *,
    reported: bool,
) -> None:
    fittings = [
        Fitting(child, host, position)
        for unit, host in zip(wanted, unit_ids, strict=True)
        for child, position in unit.installs
    ]
    if fittings:
        refuse_misfits(db, fittings, reported=reported)
        open_installs(db, event, fittings)


def _sum(earlier: LotInput | None, one: LotInput) -> LotInput:
    if earlier is None or earlier.quantity is None or one.quantity is None:
        return one
    return LotInput(one.lot_id, earlier.quantity + one.quantity, one.location_id, one.uom)


def _add_edges(
    db: Session, event: Event, node_id: int, inputs: Sequence[LotInput], *, again: bool
) -> None:
    """Write edges; a graph with a loop has no beginning, so every edge is checked first."""
    made_of_it = reach(db, [node_id], INTO)
    there = set(db.scalars(select(Edge.inp).where(Edge.out == node_id)))
    for one in inputs:
        if one.lot_id in made_of_it:
            raise WouldLoop(inp=_name(db, one.lot_id), out=_name(db, node_id))
        if one.lot_id in there and not again:
            raise AlreadyWentIn(inp=_name(db, one.lot_id), out=_name(db, node_id))

    rows = [
        {
            "inp": one.lot_id,
            "out": node_id,
            "qty": one.quantity,
            "uom": one.uom,
            "event_id": event.id,
        }
        for one in inputs
        if one.lot_id not in there
    ]
    if rows:
        db.execute(insert(Edge), rows)


def _name(db: Session, node_id: int) -> str:
    lot = db.get(Lot, node_id)
    return lot.lot_no if lot else f"run {node_id}"


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


def _overdrawn(db: Session, lot_ids: set[int]) -> tuple[str, ...]:
    short: Mapping[int, list[Decimal]] = defaultdict(list)
    for row in db.scalars(
        select(LotStock).where(LotStock.lot_id.in_(id_set(db, lot_ids)), LotStock.quantity < 0)
    ):
        short[row.lot_id].append(row.quantity)
    return tuple(
        OVERDRAWN % {"lot": _name(db, lot_id), "over": -sum(parts)}
        for lot_id, parts in sorted(short.items())
    )
