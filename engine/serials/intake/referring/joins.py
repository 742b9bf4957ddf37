"""Rows that join records: what went into what, other systems' names, an old system's cases."""

from sqlalchemy import select

from engine.serials.intake.chunk import Chunk
from engine.serials.intake.references import Known
from engine.serials.intake.referring.comparing import text_of
from engine.serials.intake.referring.naming import (
    JOIN,
    Groups,
    keep_parts,
    lots_of,
    number_events,
    parts_of,
    refuse_future,
    units_of,
)
from engine.serials.models import Edge, ExternalId, Install, LegacyCase, Unit, UnitInput
from engine.serials.sets import id_set, text_set


def of_installs(c: Chunk, known: Known, groups: Groups) -> None:
    """Refer what was built into what, neither into itself nor out of another unit."""
    parts, hosts = parts_of(c, known, control="serial"), parts_of(c, known, "host_part_no")
    keep_parts(c, parts)
    units_of(c, known, parts)
    units_of(c, known, hosts, "host_serial", "other_id")
    refuse_future(c, known, "installed_on")
    c.keys = [serial or None for serial in c.column("serial")]
    children, around = c.refers["unit_id"], c.refers["other_id"]
    ids = {one for one in children if one}
    inside = {
        row[0]: row[1:]
        for row in known.db.execute(
            select(Install.child_id, Install.host_id, Unit.serial)
            .join(Unit, Unit.id == Install.host_id)
            .where(Install.child_id.in_(id_set(known.db, ids)), Install.to_event_id.is_(None))
        )
    }
    for place in c.sound():
        child, host = children[place] or 0, around[place]
        if child == host:
            c.wrong(place, "host_serial", "in_itself", value=c.column("serial")[place])
        elif child in inside and inside[child][0] != host:
            serial = c.column("serial")[place]
            c.wrong(place, "host_serial", "already_in", value=serial, host=inside[child][1])
        elif child in inside:
            c.states[place] = "same"
    number_events(c, groups, c.column("installed_on"))


def of_inputs(c: Chunk, known: Known, groups: Groups) -> None:
    """Refer the lots that went in and the lot or unit that was made."""
    parts, made = parts_of(c, known, control="lot"), parts_of(c, known, "to_part_no")
    keep_parts(c, parts)
    lots_of(c, known, parts)
    lots_of(c, known, made, "to_lot_no", "other_id")
    units_of(c, known, made, "to_serial")
    refuse_future(c, known, "used_on")
    for place in range(len(c)):
        if bool(c.column("to_lot_no")[place]) == bool(c.column("to_serial")[place]):
            c.wrong(place, "to_lot_no", "lot_or_serial_made")
    pairs = list(zip(c.refers["lot_id"], c.refers["other_id"], c.refers["unit_id"], strict=True))
    c.keys = [f"{lot}{JOIN}{out}{JOIN}{unit}" for lot, out, unit in pairs]
    inputs = {lot for lot, _, _ in pairs if lot}
    edges = known.db.execute(
        select(Edge.inp, Edge.out).where(Edge.inp.in_(id_set(known.db, inputs)))
    )
    used = known.db.execute(
        select(UnitInput.lot_id, UnitInput.unit_id).where(
            UnitInput.lot_id.in_(id_set(known.db, inputs)),
            UnitInput.unit_id.in_(id_set(known.db, {u for _, _, u in pairs if u})),
        )
    )
    there = {(row[0], row[1], None) for row in edges} | {(row[0], None, row[1]) for row in used}
    for place in c.sound():
        lot, out, unit = pairs[place]
        if lot == out:
            c.wrong(place, "to_lot_no", "in_itself", value=c.column("lot_no")[place])
        elif (lot, out, unit) in there:
            c.states[place] = "same"
    number_events(c, groups, c.column("used_on"), c.refers["other_id"], c.refers["unit_id"])


def of_names(c: Chunk, known: Known, groups: Groups) -> None:
    """Refer another system's number to the record of ours that it names."""
    codes, kinds = c.column("code"), c.column("of")
    known.look_up_parties(codes)
    known.look_up_locations(codes)
    parts = parts_of(c, known)
    keep_parts(c, parts)
    lots_of(c, known, parts)
    units = units_of(c, known, parts)
    for place in c.sound():
        part, unit = parts[place], units[place]
        found = {
            "party": known.parties.get(codes[place]),
            "location": known.locations.get(codes[place]),
            "part": part.id if part else None,
            "lot": c.refers["lot_id"][place],
            "unit": unit.id if unit else None,
        }[kinds[place]]
        if found is None:
            c.wrong(place, "of", "no_such_record")
        c.refers["other_id"][place] = found
    systems, said = c.column("system"), c.column("value")
    c.keys = [f"{s}{JOIN}{k}{JOIN}{v}" for s, k, v in zip(systems, kinds, said, strict=True)]
    rows = select(ExternalId).where(ExternalId.value.in_(text_set(known.db, filter(None, said))))
    there = {(one.source, one.entity, one.value): one.entity_id for one in known.db.scalars(rows)}
    for place in c.sound():
        now = there.get((systems[place], kinds[place], said[place]))
        if now == c.refers["other_id"][place]:
            c.states[place] = "same"
        elif now is not None:
            c.wrong(place, "value", "name_taken", value=said[place], system=systems[place])


def of_cases(c: Chunk, known: Known, groups: Groups) -> None:
    """Refer a case of another system to the unit or lot that it is about."""
    parts = parts_of(c, known)
    keep_parts(c, parts)
    lots_of(c, known, parts)
    units_of(c, known, parts)
    c.refers["part_id"] = [None] * len(c)  # its number alone says which case it is
    numbers, fields = c.column("number"), [n for n in c.names if n in LegacyCase.__table__.c]
    c.keys = [number or None for number in numbers]
    rows = select(LegacyCase).where(
        LegacyCase.source == known.source,
        LegacyCase.number.in_(text_set(known.db, filter(None, numbers))),
    )
    there = {one.number: one for one in known.db.scalars(rows)}
    for place in c.sound():
        if (c.column("state")[place] == "closed") != bool(c.column("closed_on")[place]):
            c.wrong(place, "closed_on", "closed_when")
    for place in c.sound():
        before = there.get(numbers[place])
        if before is None:
            continue
        differing = [n for n in fields if c.cells[n][place] != text_of(getattr(before, n) or "")]
        c.refers["other_id"][place] = before.id
        if differing:
            shown = ", ".join(differing)
            c.wrong(place, differing[0], "differs", value=numbers[place], fields=shown)
        else:
            c.states[place] = "same"
