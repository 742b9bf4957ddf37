"""What each kind of row refers to, and whether it is new, the same, fills gaps, or differs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select

from engine.serials.intake.chunk import Chunk
from engine.serials.intake.references import Known, PartFound, UnitFound
from engine.serials.models import (
    Edge,
    Event,
    EventLink,
    ExternalId,
    Install,
    LegacyCase,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    Unit,
    UnitInput,
)
from engine.serials.sets import id_set, text_set
from engine.serials.vocabulary import CONTROL, Word

JOIN = "\x1f"


class Groups:
    """Numbers for rows that become one event; a group ends where its event would grow too large."""

    MOST = 5_000

    def __init__(self, after: int = 0) -> None:
        self.last = after
        self.known: dict[tuple[Any, ...], list[int]] = {}

    def number(self, key: tuple[Any, ...]) -> int:
        """Return the number of the group that a row of this key belongs to."""
        found = self.known.get(key)
        if found is None or found[1] >= self.MOST:
            self.last += 1
            found = self.known[key] = [self.last, 0]
        found[1] += 1
        return found[0]


def refer(chunk: Chunk, known: Known, groups: Groups) -> None:
    """Fill in what rows refer to, note every problem, say which are new."""
    REFERRING[chunk.what.kind](chunk, known, groups)
    for place in chunk.bad:
        chunk.states[place] = "quarantined"


# --- one row's references --------------------------------------------------------------------


def _party(c: Chunk, known: Known, column: str, to: str = "party_id") -> None:
    said = c.column(column)
    known.look_up_parties(said)
    _put(c, column, to, said, known.parties, "party")


def _location(c: Chunk, known: Known, column: str) -> None:
    said = c.column(column)
    known.look_up_locations(said)
    _put(c, column, "location_id", said, known.locations, "location")


def _put(
    c: Chunk, column: str, to: str, said: Sequence[str], found: Mapping[str, int | None], what: str
) -> None:
    ids = c.refers[to]
    for place, code in enumerate(said):
        if code:
            ids[place] = found[code]
            if ids[place] is None:
                c.wrong(place, column, "unknown_reference", what=what, value=code)


def _parts(
    c: Chunk, known: Known, column: str = "part_no", *, control: str = ""
) -> list[PartFound | None]:
    """Return the part of each row; a manufacturer that is named decides between equal numbers."""
    said = c.column(column)
    known.look_up_parts(said)
    makers = c.refers["party_id"]
    found: list[PartFound | None] = [None] * len(c)
    for place, number in enumerate(said):
        if not number:
            continue
        there = known.parts[number]
        if len(there) > 1 and makers[place]:
            # a lot may be of another maker than the part's own; then the part alone decides
            there = [one for one in there if one.manufacturer_id == makers[place]] or there
        if not there:
            c.wrong(place, column, "unknown_reference", what="part", value=number)
        elif len(there) > 1:
            c.wrong(place, column, "ambiguous", value=number)
        else:
            found[place] = there[0]
            if control and there[0].control != control:
                words = Word((CONTROL[there[0].control],))
                c.wrong(place, column, "wrong_control", value=number, control=words)
    return found


def _lots(
    c: Chunk,
    known: Known,
    parts: Sequence[PartFound | None],
    column: str = "lot_no",
    to: str = "lot_id",
) -> None:
    said = c.column(column)
    lots = known.lots(said)
    ids = c.refers[to]
    for place, number in enumerate(said):
        part = parts[place]
        if not number or part is None:
            continue
        found = lots.get((part.id, number), [])
        if len(found) > 1:  # the part's own manufacturer goes before others
            found = [one for one in found if one[1] == part.manufacturer_id] or found
        if not found:
            c.wrong(place, column, "unknown_reference", what="lot", value=number)
        elif len(found) > 1:
            c.wrong(place, column, "ambiguous_lot", value=number)
        else:
            ids[place] = found[0][0]


def _units(
    c: Chunk,
    known: Known,
    parts: Sequence[PartFound | None],
    column: str = "serial",
    to: str = "unit_id",
) -> list[UnitFound | None]:
    said = c.column(column)
    units = known.units(said)
    ids = c.refers[to]
    found: list[UnitFound | None] = [None] * len(c)
    for place, serial in enumerate(said):
        part = parts[place]
        if not serial or part is None:
            continue
        one = found[place] = units.get((part.id, serial))
        if one is None:
            c.wrong(place, column, "unknown_reference", what="unit", value=serial)
        else:
            ids[place] = one.id
    return found


def _keep_parts(c: Chunk, parts: Sequence[PartFound | None]) -> None:
    c.refers["part_id"] = [one.id if one else None for one in parts]


# --- master data -----------------------------------------------------------------------------


def _of_parties(c: Chunk, known: Known, groups: Groups) -> None:
    c.keys = [code or None for code in c.column("code")]
    fields = [name for name in c.names if name != "code"]
    rows = select(Party).where(Party.code.in_(text_set(known.db, filter(None, c.column("code")))))
    there = {one.code: one for one in known.db.scalars(rows)}
    _compare(c, fields, lambda place: there.get(c.column("code")[place]))
    _once(c, known, "gln", Party.gln)


def _of_locations(c: Chunk, known: Known, groups: Groups) -> None:
    _party(c, known, "party")
    c.keys = [code or None for code in c.column("code")]
    codes = c.column("code")
    rows = select(Location).where(Location.code.in_(text_set(known.db, filter(None, codes))))
    there = {one.code: one for one in known.db.scalars(rows)}
    _compare(c, ["party_id", "name", "kind"], lambda place: there.get(codes[place]))


def _of_parts(c: Chunk, known: Known, groups: Groups) -> None:
    _party(c, known, "manufacturer")
    numbers, makers = c.column("part_no"), c.refers["party_id"]
    c.keys = [
        f"{maker}{JOIN}{no}" if no and maker else None
        for no, maker in zip(numbers, makers, strict=True)
    ]
    rows = select(Part).where(Part.part_no.in_(text_set(known.db, filter(None, numbers))))
    there = {(one.manufacturer_id, one.part_no): one for one in known.db.scalars(rows)}
    fields = [name for name in c.names if name not in ("part_no", "manufacturer")]
    _compare(c, fields, lambda place: there.get((makers[place] or 0, numbers[place])))
    _once(c, known, "di", Part.di)


def _of_lots(c: Chunk, known: Known, groups: Groups) -> None:
    _party(c, known, "manufacturer")
    parts = _parts(c, known)
    _keep_parts(c, parts)
    numbers, makers = c.column("lot_no"), c.refers["party_id"]
    for place, part in enumerate(parts):
        if part is not None:
            makers[place] = makers[place] or part.manufacturer_id
            c.keys[place] = f"{makers[place]}{JOIN}{numbers[place]}"
    rows = select(Lot).where(Lot.lot_no.in_(text_set(known.db, filter(None, numbers))))
    there = {(one.part_id, one.manufacturer_id, one.lot_no): one for one in known.db.scalars(rows)}
    ids = c.refers["part_id"]
    fields = [name for name in c.names if name not in ("part_no", "lot_no", "manufacturer")]
    _compare(
        c, fields, lambda place: there.get((ids[place] or 0, makers[place] or 0, numbers[place]))
    )


def _compare(
    c: Chunk,
    fields: Sequence[str],
    recorded: Callable[[int], Party | Location | Part | Lot | None],
) -> None:
    """Hold sound rows against what is recorded: the same, filling gaps, or a conflict."""
    for place in range(len(c)):
        there = recorded(place)
        if there is None or place in c.bad:
            continue
        said = {
            name: c.refers[name][place] if name in c.refers else c.column(name)[place]
            for name in fields
        }
        differing: list[str] = []
        filling: list[str] = []
        for name, value in said.items():
            now = getattr(there, name, None)
            if value in ("", None) or _text(now) == _text(value):
                continue
            (filling if now in (None, "") else differing).append(name)
        c.refers["other_id"][place] = there.id
        if differing:
            names = ["party" if name == "party_id" else name for name in differing]
            value, shown = _named(c, place), ", ".join(names)
            c.wrong(place, names[0], "differs", value=value, fields=shown)
        else:
            c.states[place] = "fill" if filling else "same"


def _named(c: Chunk, place: int) -> str:
    return next((t for n in ("code", "lot_no", "part_no") if (t := c.column(n)[place])), "")


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _once(c: Chunk, known: Known, column: str, kept: Any) -> None:
    """Quarantine rows whose unique number another record has, or another row of these."""
    said = c.column(column)
    wanted = {text for text in said if text}
    if not wanted:
        return
    owner = kept.class_
    rows = select(kept, owner.id).where(kept.in_(text_set(known.db, wanted)))
    taken = {row[0]: row[1] for row in known.db.execute(rows)}
    first: dict[str, int] = {}
    for place, text in enumerate(said):
        if not text or place in c.bad:
            continue
        if text in taken and taken[text] != c.refers["other_id"][place]:
            c.wrong(place, column, "differs", value=text, fields=c.what.columns[0].name)
        elif text in first and c.keys[first[text]] != c.keys[place]:
            line = c.lines[first[text]]
            c.wrong(place, column, "twice_in_file", value=text, line=line)
        first.setdefault(text, place)


# --- units and stock -------------------------------------------------------------------------


def _of_units(c: Chunk, known: Known, groups: Groups) -> None:
    parts = _parts(c, known, control="serial")
    _keep_parts(c, parts)
    _lots(c, known, parts)
    _location(c, known, "location")
    serials = c.column("serial")
    c.keys = [serial or None for serial in serials]
    there = known.units(serials)
    ids = c.refers["part_id"]
    lots, places = c.refers["lot_id"], c.refers["location_id"]
    usability, days = c.column("usability"), c.column("received_on")
    for place in c.sound():
        found = there.get((ids[place] or 0, serials[place]))
        if found is not None:
            _same_unit(c, place, found)
            continue
        key = (ids[place], lots[place], places[place], usability[place], days[place])
        c.groups[place] = groups.number(key)


def _same_unit(c: Chunk, place: int, found: UnitFound) -> None:
    """Hold a row against the unit that is recorded; where it is and may be used, events say."""
    c.refers["other_id"][place] = found.id
    lot_id, differing = c.refers["lot_id"][place], []
    fills = lot_id is not None and found.lot_id is None and not found.is_released
    if lot_id is not None and lot_id != found.lot_id and not fills:
        differing.append("lot_no")
    if c.refers["location_id"][place] not in (None, found.location_id):
        differing.append("location")
    if c.column("usability")[place] not in ("", found.usability):
        differing.append("usability")
    if differing:
        serial = c.column("serial")[place]
        c.wrong(place, differing[0], "differs", value=serial, fields=", ".join(differing))
    else:
        c.states[place] = "fill" if fills else "same"


def _of_stock(c: Chunk, known: Known, groups: Groups) -> None:
    parts = _parts(c, known, control="lot")
    _keep_parts(c, parts)
    _lots(c, known, parts)
    _location(c, known, "location")


# --- what joins records ----------------------------------------------------------------------


def _of_shipments(c: Chunk, known: Known, groups: Groups) -> None:
    _location(c, known, "to")
    parts = _parts(c, known)
    _keep_parts(c, parts)
    _lots(c, known, parts)
    units = _units(c, known, parts)
    serials, lots, amounts = c.column("serial"), c.column("lot_no"), c.column("quantity")
    documents = c.column("document_no")
    for place, unit in enumerate(units):
        lot_id = c.refers["lot_id"][place]
        if unit is not None:
            c.keys[place] = f"{documents[place]}{JOIN}{unit.id}"
            if lot_id and unit.lot_id and lot_id != unit.lot_id:
                c.wrong(place, "lot_no", "other_lot", value=serials[place])
        elif not serials[place] and not (lots[place] and amounts[place]):
            c.wrong(place, "serial", "serial_or_lot")
    _need_stock(c, known, units)
    _refuse_before_receipt(c, known)


def _need_stock(c: Chunk, known: Known, units: Sequence[UnitFound | None]) -> None:
    lot_ids = {one for one in c.refers["lot_id"] if one}
    rows = select(LotStock.lot_id).where(
        LotStock.lot_id.in_(id_set(known.db, lot_ids)), LotStock.custody == "in_house"
    )
    stocked = set(known.db.scalars(rows)) if lot_ids else set()
    for place in c.sound():
        lot_id = c.refers["lot_id"][place]
        if units[place] is None and lot_id and lot_id not in stocked:
            c.wrong(place, "lot_no", "no_stock", value=c.column("lot_no")[place])


def _refuse_before_receipt(c: Chunk, known: Known) -> None:
    ids = {one for one in c.refers["unit_id"] if one}
    if not ids:
        return
    came = {
        unit_id: at.date().isoformat()
        for unit_id, at in known.db.execute(
            select(EventLink.unit_id, func.min(Event.event_at))
            .join(Event, Event.id == EventLink.event_id)
            .where(EventLink.unit_id.in_(id_set(known.db, ids)))
            .group_by(EventLink.unit_id)
        )
    }
    for place in c.sound():
        left = c.column("shipped_on")[place]
        there = came.get(c.refers["unit_id"][place] or 0)
        if left and there and left < there:
            serial = c.column("serial")[place]
            c.wrong(place, "shipped_on", "before_receipt", value=serial, day=there)


def _of_installs(c: Chunk, known: Known, groups: Groups) -> None:
    parts, hosts = _parts(c, known, control="serial"), _parts(c, known, "host_part_no")
    _keep_parts(c, parts)
    _units(c, known, parts)
    _units(c, known, hosts, "host_serial", "other_id")
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


def _of_inputs(c: Chunk, known: Known, groups: Groups) -> None:
    parts, made = _parts(c, known, control="lot"), _parts(c, known, "to_part_no")
    _keep_parts(c, parts)
    _lots(c, known, parts)
    _lots(c, known, made, "to_lot_no", "other_id")
    _units(c, known, made, "to_serial")
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


def _of_names(c: Chunk, known: Known, groups: Groups) -> None:
    codes, kinds = c.column("code"), c.column("of")
    known.look_up_parties(codes)
    known.look_up_locations(codes)
    parts = _parts(c, known)
    _keep_parts(c, parts)
    _lots(c, known, parts)
    units = _units(c, known, parts)
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


def _of_cases(c: Chunk, known: Known, groups: Groups) -> None:
    parts = _parts(c, known)
    _keep_parts(c, parts)
    _lots(c, known, parts)
    _units(c, known, parts)
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
        differing = [n for n in fields if c.cells[n][place] != _text(getattr(before, n) or "")]
        c.refers["other_id"][place] = before.id
        if differing:
            shown = ", ".join(differing)
            c.wrong(place, differing[0], "differs", value=numbers[place], fields=shown)
        else:
            c.states[place] = "same"


REFERRING: Mapping[str, Callable[[Chunk, Known, Groups], None]] = {
    "parties": _of_parties,
    "locations": _of_locations,
    "parts": _of_parts,
    "lots": _of_lots,
    "units": _of_units,
    "stock": _of_stock,
    "inputs": _of_inputs,
    "installs": _of_installs,
    "shipments": _of_shipments,
    "names": _of_names,
    "cases": _of_cases,
}
