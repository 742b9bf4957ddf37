"""What the cells of rows name here: parties, places, parts, lots, units, or nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.serials.identifiers import gs1
from engine.serials.intake.chunk import Chunk
from engine.serials.intake.references import Known, PartFound, UnitFound
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


def number_events(c: Chunk, groups: Groups, *by: Sequence[object]) -> None:
    """Give each sound new row the number of its event: rows that agree in these become one."""
    keys = list(zip(*by, strict=True))
    for place in c.sound():
        if c.states[place] == "new":
            c.groups[place] = groups.number(keys[place])


def party_of(c: Chunk, known: Known, column: str, to: str = "party_id") -> None:
    """Look up the party that a column names, by our code or the source's own."""
    said = c.column(column)
    known.look_up_parties(said)
    _put(c, column, to, said, known.parties, "party")


def location_of(c: Chunk, known: Known, column: str) -> None:
    """Look up the place that a column names, by our code or the source's own."""
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


def parts_of(
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


def refuse_unprintable(c: Chunk, place: int, part: PartFound | None) -> None:
    """Have a row wait whose new serial number no label of its part can carry."""
    serial = c.column("serial")[place]
    if serial and part is not None and part.issuer == "gs1" and not gs1.is_allowed("21", serial):
        c.wrong(place, "serial", "no_gs1_serial", value=serial)


def lots_of(
    c: Chunk,
    known: Known,
    parts: Sequence[PartFound | None],
    column: str = "lot_no",
    to: str = "lot_id",
) -> None:
    """Look up the lot that a column names, among those of each row's part."""
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


def units_of(
    c: Chunk,
    known: Known,
    parts: Sequence[PartFound | None],
    column: str = "serial",
    to: str = "unit_id",
) -> list[UnitFound | None]:
    """Return the unit that a column names, among those of each row's part."""
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


def keep_parts(c: Chunk, parts: Sequence[PartFound | None]) -> None:
    """Keep which part each row is of."""
    c.refers["part_id"] = [one.id if one else None for one in parts]


def refuse_future(c: Chunk, known: Known, column: str) -> None:
    """Quarantine rows that say something happened on a day that has not come anywhere yet."""
    for place, day in enumerate(c.column(column)):
        if day > known.today and place not in c.bad:
            c.wrong(place, column, "in_future", value=day)
