"""Lots that become other lots: split, merged, relabelled; every trace follows the edge."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Unpack

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.serials import stock
from engine.serials.build.edges import add_edges
from engine.serials.change import ask_gate
from engine.serials.errors import FieldFixed, LotTaken, NothingTaken, NotOneLot, PartsDiffer
from engine.serials.events import Links, record_events, write_event
from engine.serials.identifiers import standard
from engine.serials.models import EventNode, Lot, Part, Tranche, Unit, UnitRoot
from engine.serials.parties import ensure_lot, lock_key_fields
from engine.serials.projection import forget, forget_all
from engine.serials.record import Effect, How, LotInput, Recorded, StockPart
from engine.serials.rules import flag_held
from engine.serials.sets import id_set
from engine.serials.units import units_by_id


def split_lot(
    db: Session,
    lot_no: str,
    *,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    reported: bool = False,
    **how: Unpack[How],
) -> Recorded:
    """Make part of one lot a lot of its own, where it lies and as good as it is.

    Units change their lot only before their release. Refused through the gate (door `issue`) while
    anything of it is on hold: a hold on the old lot would lose sight of it; with `reported` it is a
    fact and flagged. Raises `NotOneLot`, `LotTaken`, `FieldFixed`, `OnHold`, `NotEnough`.
    """
    return _become(db, "lot_split", lot_no, units, stock_parts, how, is_one=True, reported=reported)


def merge_lots(
    db: Session,
    lot_no: str,
    *,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    reported: bool = False,
    **how: Unpack[How],
) -> Recorded:
    """Make one lot of several of one part; it expires when the first of them does."""
    return _become(
        db, "lot_merged", lot_no, units, stock_parts, how, is_one=False, reported=reported
    )


def relabel_lot(
    db: Session,
    lot_no: str,
    *,
    units: Sequence[int] = (),
    stock_parts: Sequence[StockPart] = (),
    label_version: str | None = None,
    reported: bool = False,
    **how: Unpack[How],
) -> Recorded:
    """Give goods of one lot another lot number; the old number still leads to them."""
    said = how
    if label_version:
        said = {**how, "facts": {**how.get("facts", {}), "label": [label_version]}}
    return _become(
        db, "relabelled", lot_no, units, stock_parts, said, is_one=True, reported=reported
    )


def _become(
    db: Session,
    type: str,
    lot_no: str,
    unit_ids: Sequence[int],
    stock_parts: Sequence[StockPart],
    how: How,
    *,
    is_one: bool,
    reported: bool,
) -> Recorded:
    units = units_by_id(db, unit_ids, lock=True)
    if not reported:
        ask_gate(db, "issue", units, stock_parts, None)
    taken = stock.take(db, stock_parts, reported=reported)
    sources = _sources(db, units, taken, is_one=is_one)
    made = _new_lot(db, lot_no, sources, how)
    links = Links().add(units, Effect()).about([lot.id for lot in sources], "input")
    links.about([made.id], "output")
    event = write_event(
        db,
        type,
        links,
        payload={
            "lot": made.lot_no,
            "from": [lot.lot_no for lot in sources],
            "lots_before": [[unit.id, unit.lot_id] for unit in units.values()],
        },
        **how,
    )
    drawn = _drawn(units, taken)
    inputs = [LotInput(lot.id, drawn.get(lot.id)) for lot in sources]
    add_edges(db, event, made.id, inputs, again=False, is_new=True)
    _carry_over(db, event, made.id, taken)
    put_in_lot(db, dict.fromkeys(units, made.id))
    if reported:
        flag_held(db, event, "held_used", units=units, lots={lot.id for lot in sources})
    if any(part.spot.usability == "conforming" for part in taken):
        lock_key_fields(db, lots=[made.id])
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(units), made.id)


def _sources(
    db: Session, units: Mapping[int, Unit], taken: Sequence[stock.Taken], *, is_one: bool
) -> list[Lot]:
    ids = {part.spot.lot_id for part in taken} | {
        unit.lot_id for unit in units.values() if unit.lot_id is not None
    }
    if not ids:
        raise NothingTaken
    for unit in units.values():
        if unit.is_released:
            raise FieldFixed(field="Lot")
        if unit.lot_id is None:
            raise NotOneLot
    lots = list(db.scalars(select(Lot).where(Lot.id.in_(id_set(db, ids))).order_by(Lot.id)))
    if is_one and len(lots) > 1:
        raise NotOneLot
    if len({(lot.part_id, lot.manufacturer_id) for lot in lots}) > 1:
        numbers = [db.get_one(Part, lot.part_id).part_no for lot in lots[:2]]
        raise PartsDiffer(said=numbers[0], part=numbers[1])
    return lots


def _new_lot(db: Session, lot_no: str, sources: Sequence[Lot], how: How) -> Lot:
    first, number = sources[0], standard(lot_no)
    taken = select(Lot.id).where(
        Lot.part_id == first.part_id,
        Lot.manufacturer_id == first.manufacturer_id,
        Lot.lot_no == number,
    )
    if db.scalar(taken) is not None:
        raise LotTaken(lot=number)

    described: Any = {name: how[name] for name in ("by", "at", "stream") if name in how}
    made_on = {lot.made_on for lot in sources}
    made = ensure_lot(
        db,
        first.part_id,
        number,
        manufacturer_id=first.manufacturer_id,
        made_on=made_on.pop() if len(made_on) == 1 else None,
        expires_on=_first_to_expire(sources),
        **described,
    )
    # somebody else made it at the same moment, and of something
    if db.scalar(select(EventNode.event_id).where(EventNode.node_id == made.id).limit(1)):
        raise LotTaken(lot=number)
    return made


def _first_to_expire(lots: Iterable[Lot]) -> date | None:
    return min((lot.expires_on for lot in lots if lot.expires_on is not None), default=None)


def _drawn(units: Mapping[int, Unit], taken: Sequence[stock.Taken]) -> dict[int, Decimal]:
    sums: dict[int, Decimal] = {}
    for part in taken:
        sums[part.spot.lot_id] = sums.get(part.spot.lot_id, Decimal(0)) + part.quantity
    for unit in units.values():
        if unit.lot_id is not None:
            sums[unit.lot_id] = sums.get(unit.lot_id, Decimal(0)) + 1
    return sums


def _carry_over(db: Session, event: Any, lot_id: int, taken: Sequence[stock.Taken]) -> None:
    """Post quantities from the old lots to the new one; a grade stays a tranche of its own."""
    changes: list[tuple[stock.Spot, Decimal]] = []
    for part in taken:
        grade = _grade_of(db, part.spot.tranche_id)
        tranche = stock.new_tranche(db, lot_id, event, grade=grade) if grade else 0
        there = part.spot._replace(lot_id=lot_id, tranche_id=tranche)
        changes += [(part.spot, -part.quantity), (there, part.quantity)]
    stock.post(db, event, changes)


def _grade_of(db: Session, tranche_id: int) -> str | None:
    return db.get_one(Tranche, tranche_id).grade if tranche_id else None


def put_in_lot(db: Session, lot_of: Mapping[int, int | None]) -> None:
    """Set the lot of units that are not released yet, and of the row the trace reads."""
    for lot_id in set(lot_of.values()):
        ids = id_set(db, [unit for unit, lot in lot_of.items() if lot == lot_id])
        for table, key in ((Unit, Unit.id), (UnitRoot, UnitRoot.unit_id)):
            db.execute(
                update(table)
                .where(key.in_(ids))
                .values(lot_id=lot_id)
                .execution_options(synchronize_session=False)
            )
    forget(db, Unit, set(lot_of))
    forget_all(db, UnitRoot)
