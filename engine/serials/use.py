"""At the consignee: a device put into use at its site, and serviced with parts replaced."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from sqlalchemy.orm import Session

from engine.serials.build.inputs import take_inputs, use_in_units
from engine.serials.errors import InstalledInside, NotInside
from engine.serials.events import Links, record_events, write_event
from engine.serials.install import Fitting, close_installs, open_installs, refuse_misfits
from engine.serials.models import Event, Unit
from engine.serials.projection import project_units
from engine.serials.receive import place
from engine.serials.record import Effect, How, LotInput, Recorded
from engine.serials.rules import flag_expired_units, flag_held, flag_lots, flag_unusable
from engine.serials.units import contents, open_hosts, units_by_id
from engine.words import N_

OUTCOMES = {
    "in_use": N_("Back in use"),
    "out_of_use": N_("Out of use until further notice"),
    "to_return": N_("Comes back to us"),
}


@dataclass(frozen=True)
class Visit:
    """What a service found and did, and what came of it (`OUTCOMES`)."""

    found: str
    done: str
    outcome: str
    patient_reference: str | None = None  # what the consignee calls the patient; few roles see it


@dataclass(frozen=True)
class Exchange:
    """What was taken out and what was put in: units, and lots used up in the device."""

    removed: Sequence[int] = ()
    fitted: Sequence[tuple[int, str | None]] = ()  # unit, position
    lots: Sequence[LotInput] = ()


def put_into_use(
    db: Session,
    unit_ids: Sequence[int],
    *,
    location_id: int,
    patient_reference: str | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Record that devices stand installed at a site and work; they stay with the consignee.

    `patient_reference` is what the consignee calls the patient; few roles see it.

    A fact: one that is on hold, expired or not released is flagged. Raises `InstalledInside` for a
    part of another device.
    """
    place(db, location_id)
    units = units_by_id(db, unit_ids, lock=True)
    for child, host in open_hosts(db, units).items():
        raise InstalledInside(child=units[child].serial, host=db.get_one(Unit, host).serial)
    effect = Effect(custody="at_consignee", location_id=location_id)
    links = Links().add(units, effect).add(contents(db, units), effect, "carried")
    said = {"patient_reference": patient_reference} if patient_reference else {}
    event = write_event(
        db, "installed_at_site", links, location_id=location_id, payload=said, **how
    )
    flag_held(db, event, "held_put_into_use", units=units)
    flag_unusable(db, event, units.values())
    flag_expired_units(db, event, "expired_used", units.values())
    project_units(db, links.units)
    broken = record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(units), breach_ids=broken)


def service(
    db: Session,
    unit_id: int,
    visit: Visit,
    exchange: Exchange | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Record a service or repair of a device where it stands, with the parts replaced, as one.

    What was taken out stays where the device is, nonconforming until someone has looked at it; what
    was put in is where the device is. A fact: held, expired or unreleased parts are flagged. Raises
    `NotInside` for a part that was not in the device, `AlreadyInstalled` for one in another.
    """
    exchange = exchange or Exchange()
    fitted = dict(exchange.fitted)
    units = units_by_id(db, [unit_id, *exchange.removed, *fitted], lock=True)
    device = units[unit_id]
    _refuse_elsewhere(db, device, [units[key] for key in exchange.removed])
    there = Effect(custody=device.custody, location_id=device.location_id)
    host = Effect(usability="nonconforming" if visit.outcome == "out_of_use" else None)
    out = Effect(device.custody, "nonconforming", device.location_id)
    links = Links().add([unit_id], host).add(exchange.removed, out, "removed")
    links.add(fitted, there, "child").add(contents(db, fitted), there, "carried")
    links.add(contents(db, exchange.removed), there, "carried")
    links.about([one.lot_id for one in exchange.lots], "input")
    event = write_event(
        db,
        "serviced",
        links,
        location_id=device.location_id,
        payload={
            **{name: said for name, said in vars(visit).items() if said is not None},
            "removed": [units[key].serial for key in exchange.removed],
            "fitted": [units[key].serial for key in fitted],
            "fittings": [[child, unit_id, position] for child, position in fitted.items()],
        },
        **how,
    )
    if exchange.removed:
        close_installs(db, event, exchange.removed)
    if fitted:
        fittings = [Fitting(child, unit_id, position) for child, position in fitted.items()]
        refuse_misfits(db, fittings, reported=True)
        open_installs(db, event, fittings)
    children = [units[key] for key in fitted]
    flag_held(db, event, "held_installed", units=fitted)
    flag_unusable(db, event, children)
    flag_expired_units(db, event, "expired_used", children)
    warnings = _use_up(db, event, unit_id, exchange.lots)
    project_units(db, links.units)
    broken = record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(sorted(units)), warnings=warnings, breach_ids=broken)


def _use_up(db: Session, event: Event, unit_id: int, lots: Sequence[LotInput]) -> tuple[str, ...]:
    if not lots:
        return ()
    flag_lots(db, event, lots)
    use_in_units(db, event, [unit_id], lots)
    # a part out of a technician's bag is drawn from no stock
    drawn = [one for one in lots if one.location_id is not None]
    return take_inputs(db, event, drawn, location_id=0, reported=True)


def _refuse_elsewhere(db: Session, device: Unit, removed: Sequence[Unit]) -> None:
    inside = contents(db, [device.id])
    for unit in removed:
        if unit.id not in inside:
            raise NotInside(child=unit.serial, host=device.serial)
