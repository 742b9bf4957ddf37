"""One event that has one effect on units and stock alike."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.serials import gate, stock
from engine.serials.build.edges import add_edges
from engine.serials.build.inputs import by_lot, take_inputs, use_in_units
from engine.serials.events import Links, record_events, write_event
from engine.serials.models import Event, Unit
from engine.serials.packed import let_out
from engine.serials.projection import project_units
from engine.serials.record import Effect, How, LotInput, Recorded, StockPart
from engine.serials.rules import flag_held
from engine.serials.targets import HoldTarget
from engine.serials.units import contents


def ask_gate(
    db: Session,
    door: str,
    units: dict[int, Unit],
    stock_parts: Sequence[StockPart],
    under_case: str | None,
) -> None:
    """Raise `OnHold` when any of these may not pass a door."""
    targets = [HoldTarget.unit(key) for key in units]
    targets += [HoldTarget.stock(part.stock_id) for part in stock_parts]
    gate.refuse_held(db, targets, door=door, under_case=under_case)


def change(
    db: Session,
    type: str,
    units: dict[int, Unit],
    stock_parts: Sequence[StockPart],
    effect: Effect,
    how: How,
    *,
    with_contents: bool = False,
    inputs: Sequence[LotInput] = (),
    location_id: int | None = None,
    flag_as: str | None = None,
) -> Recorded:
    """Write one event that has one effect on units and stock alike.

    With `flag_as` what is on hold is flagged by that rule: it was reported, and nobody was asked.
    """
    taken = stock.take(db, stock_parts)
    links = Links().add(units, effect)
    if with_contents:
        links.add(contents(db, units), Effect(effect.custody, None, effect.location_id), "carried")
    links.about({part.spot.lot_id for part in taken})
    links.about([one.lot_id for one in inputs], "input")
    event = write_event(db, type, links, location_id=location_id, **how)
    stock.move(
        db,
        event,
        taken,
        custody=effect.custody,
        usability=effect.usability,
        location_id=effect.location_id,
    )
    if flag_as is not None:
        lots = {part.spot.lot_id for part in taken}
        flag_held(db, event, flag_as, units=units, lots=lots)
    warnings = _use(db, event, units, taken, inputs)
    if effect.custody or effect.location_id:
        let_out(db, event, units, {part.spot.tranche_id for part in taken})
    project_units(db, links.units)
    broken = record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(units), warnings=warnings, breach_ids=broken)


def _use(
    db: Session,
    event: Event,
    units: dict[int, Unit],
    taken: Sequence[stock.Taken],
    inputs: Sequence[LotInput],
) -> tuple[str, ...]:
    """Let inputs go into each unit, and into the lots of which a quantity was worked on."""
    if not inputs:
        return ()

    use_in_units(db, event, units, inputs)
    pieces: dict[int, Decimal] = defaultdict(Decimal)
    for part in taken:
        pieces[part.spot.lot_id] += part.quantity
    for lot_id, count in sorted(pieces.items()):
        add_edges(db, event, lot_id, by_lot(_each(inputs, count)), again=True)
    total = _each(inputs, len(units) + sum(pieces.values()))
    drawn = [one for one in total if one.quantity is not None and one.location_id is not None]
    return take_inputs(db, event, drawn, location_id=0)


def _each(inputs: Sequence[LotInput], count: Decimal | int) -> list[LotInput]:
    return [
        replace(one, quantity=None if one.quantity is None else one.quantity * count)
        for one in inputs
    ]
