"""Changing where goods are and what they are good for: move, release, rework, scrap, destroy."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Unpack

from sqlalchemy.orm import Session

from engine.serials import gate, stock
from engine.serials.change import ask_gate, change
from engine.serials.events import Links, record_events, write_event
from engine.serials.holds import split_keeping_holds
from engine.serials.models import LotStock
from engine.serials.parties import lock_key_fields
from engine.serials.projection import project_units
from engine.serials.receive import place
from engine.serials.record import Effect, How, LotInput, Recorded, StockPart
from engine.serials.targets import HoldTarget
from engine.serials.units import refuse_unusable, units_by_id


def move(
    db: Session,
    *,
    location_id: int,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    under_case: str | None = None,
    reported: bool = False,
    **how: Unpack[How],
) -> Recorded:
    """Move goods in our hands; what is on hold moves only to a quarantine area.

    A place of a third party changes custody to `at_third_party`, one of ours to `in_house`. With
    `reported` it is a fact: what is on hold is flagged.
    """
    to = place(db, location_id)
    rows = units_by_id(db, units, lock=True)
    is_asked = to.kind != "quarantine"
    if is_asked and not reported:
        ask_gate(db, "transfer", rows, stock_parts, under_case)
    custody = "at_third_party" if to.kind == "third_party" else "in_house"
    effect = Effect(custody, None, location_id)
    kind = "sent_out" if custody == "at_third_party" else "moved"
    return change(
        db,
        kind,
        rows,
        stock_parts,
        effect,
        how,
        with_contents=True,
        location_id=location_id,
        flag_as="held_moved" if is_asked and reported else None,
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
        ask_gate(db, "release", rows, stock_parts, None)
    refuse_unusable(rows.values(), ("unreleased", "nonconforming", "conforming", "unknown"))
    recorded = change(
        db,
        "released",
        rows,
        stock_parts,
        Effect(custody=None, usability="conforming"),
        how,
    )
    lock_key_fields(
        db,
        parts=[unit.part_id for unit in rows.values()],
        lots=[db.get_one(LotStock, part.stock_id).lot_id for part in stock_parts],
    )
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
    return change(
        db, "found_nonconforming", rows, stock_parts, Effect(usability="nonconforming"), how
    )


def lose(
    db: Session,
    *,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    **how: Unpack[How],
) -> Recorded:
    """Record that goods were searched for and not found; a fact, never refused.

    Found again they are nonconforming until someone has looked at them.
    """
    rows = units_by_id(db, units, lock=True)
    effect = Effect(custody="unknown", usability="nonconforming")
    return change(db, "not_found", rows, stock_parts, effect, how, with_contents=True)


def strike_out(
    db: Session,
    *,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    **how: Unpack[How],
) -> Recorded:
    """Record that goods never existed and were recorded in error; give the `reason`.

    Quantities are posted away; a unit keeps its history and its holds, lies nowhere and passes no
    door. It yields to whatever is recorded of the unit later; a thing that turns up under its
    serial after all is received as returned, nonconforming.
    """
    rows = units_by_id(db, units, lock=True)
    taken = stock.take(db, stock_parts)
    links = Links().add(rows, Effect(custody="never_existed", usability="scrapped"))
    links.about({part.spot.lot_id for part in taken})
    event = write_event(db, "never_existed", links, **how)
    stock.post(db, event, [(part.spot, -part.quantity) for part in taken])
    project_units(db, rows)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(rows))


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

    `inputs` are lots used in each unit, and in each piece of a lot (quantity per unit or piece);
    they come into every later trace. Raises `WouldLoop` for a lot made of what is reworked.
    """
    rows = units_by_id(db, units, lock=True)
    ask_gate(db, "rework", rows, stock_parts, under_case)
    gate.refuse_held(db, [HoldTarget.lot(one.lot_id) for one in inputs], door="issue")
    refuse_unusable(rows.values(), ("unreleased", "nonconforming", "conforming", "unknown"))
    return change(
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
    ask_gate(db, "scrap", rows, stock_parts, under_case)
    return change(db, "scrapped", rows, stock_parts, Effect(usability="scrapped"), how)


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
        ask_gate(db, "destroy", rows, stock_parts, under_case)
    effect = Effect(custody="destroyed", usability="scrapped")
    return change(db, "destroyed", rows, stock_parts, effect, how, with_contents=True)


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
    ask_gate(db, "regrade", rows, stock_parts, under_case)
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
