"""Making units in a run, or a quantity of a lot; recording inputs that were missed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Unpack

from sqlalchemy.orm import Session

from engine.serials import gate, stock
from engine.serials.build.inputs import consume
from engine.serials.errors import WouldLoop
from engine.serials.events import Links, link_units, record_events, write_event
from engine.serials.identifiers import standard
from engine.serials.install import (
    Fitting,
    flag_unfit,
    open_installs,
    refuse_misfits,
    refuse_unfit,
)
from engine.serials.models import Event, Lot, Segment
from engine.serials.parties import lock_key_fields, new_node, refuse_other_part
from engine.serials.projection import project_units
from engine.serials.receive import create_units, place
from engine.serials.record import Effect, How, LotInput, Recorded
from engine.serials.rules import flag_lots, refuse_expired
from engine.serials.targets import HoldTarget
from engine.serials.units import contents, units_by_id


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
    as_kit: bool = False,
    **how: Unpack[How],
) -> Recorded:
    """Make serialised units in one run: one segment, its input lots, its installs.

    Inputs on hold (door `issue`) or expired are refused, unless `reported`: then they are flagged.
    More consumed than received is a warning, never a refusal: what went in went in. `as_kit` says
    that they were put together, not made.
    """
    place(db, location_id)
    wanted = [unit if isinstance(unit, ToBuild) else ToBuild(unit) for unit in units]
    if lot_id is not None:
        lot = db.get_one(Lot, lot_id)
        refuse_other_part(db, lot, part_id)
        if any(one.lot_id == lot_id for one in inputs):
            raise WouldLoop(inp=lot.lot_no, out=lot.lot_no)
    children = [child for unit in wanted for child, _ in unit.installs]
    if not reported:
        _refuse_unfit(db, inputs, children, how)

    seg_id = new_node(db, "segment")
    effect = Effect("in_house", usability, location_id)
    inside = Effect(custody="in_house", location_id=location_id)
    links = Links().add(children, inside, "child")
    links.add(contents(db, children), inside, "carried")
    links.about([seg_id], "output").about([lot_id] if lot_id else [], "output")
    links.about([one.lot_id for one in inputs], "input")
    event = write_event(
        db,
        "kitted" if as_kit else "built",
        links,
        location_id=location_id,
        payload={"work_order": work_order, "quantity": len(wanted), **_fittings(wanted)},
        **_under(work_order, how, is_fact=reported),
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
    warnings = consume(
        db, event, seg_id, inputs, location_id=location_id, is_new=True, reported=reported
    )
    _fit(db, event, wanted, unit_ids, reported=reported)
    if reported:
        _flag_unfit(db, event, inputs, children)
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
    as_kit: bool = False,
    **how: Unpack[How],
) -> Recorded:
    """Make a quantity of a lot from other lots. Raises `WouldLoop`, `OnHold`, `Expired`."""
    place(db, location_id)
    if not reported:
        _refuse_unfit(db, inputs, [], how)
    links = Links().about([lot_id], "output").about([one.lot_id for one in inputs], "input")
    event = write_event(
        db,
        "kitted" if as_kit else "built",
        links,
        location_id=location_id,
        payload={"work_order": work_order, "quantity": f"{quantity:f}"},
        **_under(work_order, how, is_fact=reported),
    )
    warnings = consume(
        db, event, lot_id, inputs, location_id=location_id, again=True, reported=reported
    )
    stock.post(db, event, [(stock.Spot(lot_id, location_id, "in_house", usability), quantity)])
    if reported:
        _flag_unfit(db, event, inputs, [])
    if usability == "conforming":
        lock_key_fields(db, lots=[lot_id])
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


def _fittings(wanted: Sequence[ToBuild]) -> dict[str, list[tuple[int, str, str | None]]]:
    """Return which unit went into which serial: those that are made have no id yet."""
    fitted = [
        (child, standard(unit.serial), position)
        for unit in wanted
        for child, position in unit.installs
    ]
    return {"fittings": fitted} if fitted else {}


def _under(work_order: str | None, how: How, *, is_fact: bool) -> How:
    """Return how, naming the work order too: a trace may start from it."""
    order = {"work_order": [work_order]} if work_order else {}
    told = is_fact or how.get("is_fact", False)
    return {**how, "facts": {**how.get("facts", {}), **order}, "is_fact": told}


def _refuse_unfit(
    db: Session, inputs: Sequence[LotInput], children: Sequence[int], how: How
) -> None:
    lots = [HoldTarget.lot(one.lot_id) for one in inputs]
    gate.refuse_held(db, lots, door="issue")
    units = units_by_id(db, children, lock=True)
    gate.refuse_held(db, [HoldTarget.unit(key) for key in children], door="install")
    at = how.get("event_at") or how["at"]
    refuse_expired(db, [one.lot_id for one in inputs], at)
    refuse_unfit(db, list(units.values()), at)


def _flag_unfit(
    db: Session, event: Event, inputs: Sequence[LotInput], children: Sequence[int]
) -> None:
    flag_lots(db, event, inputs)
    flag_unfit(db, event, list(units_by_id(db, children).values()))


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
