"""Changing where goods are and what they are good for: move, release, rework, scrap, destroy."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Unpack

from sqlalchemy.orm import Session

from engine.serials import gate, stock
from engine.serials.build import take_inputs, use_in_units
from engine.serials.events import Links, record_events, write_event
from engine.serials.holds import split_keeping_holds
from engine.serials.models import Event, Lot, LotStock, Unit
from engine.serials.projection import project_units
from engine.serials.receive import place
from engine.serials.record import Effect, How, LotInput, Recorded, StockPart
from engine.serials.targets import HoldTarget
from engine.serials.units import contents, refuse_unusable, units_by_id


def move(
    db: Session,
    *,
    location_id: int,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    under_case: str | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Move goods in our hands; what is on hold moves only to a quarantine area.

    A place of a third party changes custody to `at_third_party`, one of ours to `in_house`.
    """
    to = place(db, location_id)
    rows = units_by_id(db, units, lock=True)
    if to.kind != "quarantine":
        _ask(db, "transfer", rows, stock_parts, under_case)
    custody = "at_third_party" if to.kind == "third_party" else "in_house"
    effect = Effect(custody, None, location_id)
    kind = "sent_out" if custody == "at_third_party" else "moved"
    return _change(
        db, kind, rows, stock_parts, effect, how, with_contents=True, location_id=location_id
    )


def release(
    db: Session,
    *,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    under_case: str | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Release goods for use: conforming from now on, their key fields locked. Raises `OnHold`.

    With `under_case` the case says that they conform; what other cases hold stays held.
    """
    rows = units_by_id(db, units, lock=True)
    if under_case is None:
        _ask(db, "release", rows, stock_parts, None)
    refuse_unusable(rows.values(), ("unreleased", "nonconforming", "conforming", "unknown"))
    recorded = _change(
        db,
        "released",
        rows,
        stock_parts,
        Effect(custody=None, usability="conforming"),
        how,
    )
    _lock_lots(db, stock_parts)
    return recorded


def mark_nonconforming(
    db: Session,
    *,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    **how: Unpack[How],
) -> Recorded:
    """Record that goods do not conform; a fact, never refused."""
    rows = units_by_id(db, units, lock=True)
    return _change(
        db, "found_nonconforming", rows, stock_parts, Effect(usability="nonconforming"), how
    )


def rework(
    db: Session,
    *,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    inputs: Sequence[LotInput] = (),
    location_id: int | None = None,
    under_case: str | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Record a rework or repair: not released again until re-inspected.

    `inputs` are lots used in each unit (quantity per unit); they come into every later trace.
    """
    rows = units_by_id(db, units, lock=True)
    _ask(db, "rework", rows, stock_parts, under_case)
    gate.refuse_held(db, [HoldTarget.lot(one.lot_id) for one in inputs], door="issue")
    refuse_unusable(rows.values(), ("unreleased", "nonconforming", "conforming", "unknown"))
    return _change(
        db,
        "reworked",
        rows,
        stock_parts,
        Effect(usability="unreleased"),
        how,
        inputs=inputs,
        location_id=location_id,
    )


def scrap(
    db: Session,
    *,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    under_case: str | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Declare goods scrap: never usable again, still here until destroyed. Raises `OnHold`."""
    rows = units_by_id(db, units, lock=True)
    _ask(db, "scrap", rows, stock_parts, under_case)
    return _change(db, "scrapped", rows, stock_parts, Effect(usability="scrapped"), how)


def destroy(
    db: Session,
    *,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    under_case: str | None = None,
    reported: bool = False,
    **how: Unpack[How],
) -> Recorded:
    """Record a destruction with everything inside; another case's hold keeps its evidence.

    With `reported` (a consignee's certificate) it is a fact and holds do not stop it.
    """
    rows = units_by_id(db, units, lock=True)
    if not reported:
        _ask(db, "destroy", rows, stock_parts, under_case)
    effect = Effect(custody="destroyed", usability="scrapped")
    return _change(db, "destroyed", rows, stock_parts, effect, how, with_contents=True)


def regrade(
    db: Session,
    grade: str,
    *,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    under_case: str | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Give goods another grade (new label); a quantity of a lot becomes a tranche of its own.

    They are not released by this: the labels are verified first.
    """
    rows = units_by_id(db, units, lock=True)
    _ask(db, "regrade", rows, stock_parts, under_case)
    links = Links().add(rows, Effect(usability="unreleased"))
    taken = stock.take(db, stock_parts)
    links.about({part.spot.lot_id for part in taken})
    event = write_event(db, "regraded", links, payload={"grade": grade}, **how)
    for part in taken:
        tranche_id = split_keeping_holds(db, part, event, grade=grade)
        moved = part.spot._replace(tranche_id=tranche_id)
        stock.move(
            db, event, [stock.Taken(moved, part.quantity, part.stock_id)], usability="unreleased"
        )
    project_units(db, rows)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(rows))


def adjust_count(db: Session, stock_id: int, counted: Decimal, **how: Unpack[How]) -> Recorded:
    """Set a stock row to what was counted; the difference is posted. Give its `reason`."""
    [taken] = stock.take(db, [StockPart(stock_id, Decimal(0))])
    row = db.get_one(LotStock, stock_id)
    difference = counted - row.quantity
    event = write_event(
        db,
        "stock_adjusted",
        Links().about([row.lot_id]),
        location_id=row.location_id,
        payload={"counted": f"{counted:f}", "difference": f"{difference:f}"},
        **how,
    )
    stock.post(db, event, [(taken.spot, difference)])
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, lot_id=row.lot_id, facts={"difference": difference})


def _ask(
    db: Session,
    door: str,
    units: dict[int, Unit],
    stock_parts: Sequence[StockPart],
    under_case: str | None,
) -> None:
    targets = [HoldTarget.unit(key) for key in units]
    targets += [HoldTarget.stock(part.stock_id) for part in stock_parts]
    gate.refuse_held(db, targets, door=door, under_case=under_case)


def _change(
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
) -> Recorded:
    """Write one event that has one effect on units and stock alike."""
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
    warnings = _use(db, event, units, inputs)
    project_units(db, links.units)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(units), warnings=warnings)


def _use(
    db: Session, event: Event, units: dict[int, Unit], inputs: Sequence[LotInput]
) -> tuple[str, ...]:
    if not inputs:
        return ()

    use_in_units(db, event, units, inputs)
    total = [
        LotInput(one.lot_id, one.quantity * len(units), one.location_id, one.uom)
        for one in inputs
        if one.quantity is not None and one.location_id is not None
    ]
    return take_inputs(db, event, total, location_id=0)


def _lock_lots(db: Session, stock_parts: Sequence[StockPart]) -> None:
    for part in stock_parts:
        lot = db.get_one(Lot, db.get_one(LotStock, part.stock_id).lot_id)
        if not lot.is_released:
            lot.is_released = True
    db.flush()
