"""Relabelling units: another serial, another version of the label; the old name finds it still."""

from collections.abc import Sequence
from typing import NamedTuple, Unpack

from sqlalchemy import insert
from sqlalchemy.orm import Session

from engine.serials import gate
from engine.serials.errors import NothingTaken, SerialTaken
from engine.serials.events import Links, is_fact, record_events, write_event
from engine.serials.identifiers import standard
from engine.serials.models import Part, Unit, UnitLabel
from engine.serials.record import Effect, How, Recorded
from engine.serials.rules import refuse_unprintable
from engine.serials.targets import HoldTarget
from engine.serials.units import taken_serials, units_by_id


class NewLabel(NamedTuple):
    """The serial that a unit bears from now on; None where only the version changes."""

    unit_id: int
    serial: str | None = None


def relabel_units(
    db: Session,
    labels: Sequence[NewLabel],
    *,
    label_version: str | None = None,
    under_case: str | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Record new labels; the unit stays the same one, and every name it ever bore leads to it.

    Asked of the gate (door `regrade`). Raises `SerialTaken`, `OnHold`, `NotAGs1Serial`
    for a device with a GS1 identifier and a serial that its label cannot carry.
    """
    units = units_by_id(db, [one.unit_id for one in labels], lock=True)
    wanted = [(units[one.unit_id], standard(one.serial) if one.serial else None) for one in labels]
    if not labels or not (label_version or all(serial for _, serial in wanted)):
        raise NothingTaken
    targets = [HoldTarget.unit(key) for key in units]
    gate.refuse_held(db, targets, door="regrade", under_case=under_case)
    _refuse_taken(db, wanted)
    if not is_fact("relabelled", how):
        for unit, serial in wanted:
            refuse_unprintable(db, unit.part_id, [serial] if serial else [])
    version = {"label": [label_version]} if label_version else {}
    said: How = {**how, "facts": {**how.get("facts", {}), **version}}
    event = write_event(
        db,
        "relabelled",
        Links().add(units, Effect()),
        payload={
            "serials": [[unit.serial, serial] for unit, serial in wanted if serial],
            "units": [unit.id for unit, serial in wanted if serial],  # in the order of serials
            "label": label_version,
        },
        **said,
    )
    db.execute(
        insert(UnitLabel),
        [
            {
                "unit_id": unit.id,
                "part_id": unit.part_id,
                "serial": serial,
                "label_version": label_version,
                "event_id": event.id,
            }
            for unit, serial in wanted
        ],
    )
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(units))


def _refuse_taken(db: Session, wanted: Sequence[tuple[Unit, str | None]]) -> None:
    for part_id in sorted({unit.part_id for unit, _ in wanted}):
        serials = [serial for unit, serial in wanted if serial and unit.part_id == part_id]
        taken = taken_serials(db, part_id, serials)
        taken |= {serial for serial in serials if serials.count(serial) > 1}
        if taken:
            part = db.get_one(Part, part_id)
            raise SerialTaken(serial=", ".join(sorted(taken)[:20]), part=part.part_no)
