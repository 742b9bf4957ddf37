"""What the identification of an event means here: a unit, a lot, a part, or nothing we know."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.cases.reported.models import ReportedEvent
from engine.errors import Problem
from engine.serials import find, named
from engine.serials.find import Match
from engine.serials.models import Part


@dataclass(frozen=True)
class PartMeant:
    """The part an event is about, as lists name it."""

    id: int
    part_no: str
    name: str
    name_zh: str | None


@dataclass(frozen=True)
class Understood:
    """What one identification came to. No match is not known; it is never guessed."""

    match: Match | None = None  # a unit or a lot
    candidates: Sequence[Match] = ()  # where it fits several
    part: PartMeant | None = None
    problem: Problem | None = None

    @property
    def unit_id(self) -> int | None:
        """Return the unit, where it is one."""
        return self.match.unit_id if self.match and self.match.kind == "unit" else None

    @property
    def lot_id(self) -> int | None:
        """Return the lot, where it is one and no unit of it."""
        return self.match.lot_id if self.match and self.match.kind == "lot" else None


def key_of(match: Match) -> str:
    """Return what names one candidate in a form: `unit-7`, `lot-12`."""
    return f"{match.kind}-{match.id}"


def understand(
    db: Session, identification: str | None, device_name: str, *, meant: str = ""
) -> Understood:
    """Look up what was told, and where it fits several, take the one that is `meant`.

    A device that is named narrows it; without any identification the device alone gives the part.
    """
    by_name = _part_named(db, device_name)
    if not identification:
        return Understood(part=by_name)
    found = find.look_up(db, identification)
    goods = [one for one in found.matches if one.kind in ("unit", "lot")]
    if by_name is not None and len(goods) > 1:
        goods = [one for one in goods if one.part_id == by_name.id] or goods
    match = goods[0] if len(goods) == 1 else None
    if len(goods) > 1:
        match = next((one for one in goods if key_of(one) == meant), None)
    if match is None:
        part_id = next((one.part_id for one in found.matches if one.kind == "part"), None)
        part = _part(db, part_id) if part_id and not goods else by_name
        return Understood(None, goods, part, found.problem)
    return Understood(match, goods if len(goods) > 1 else (), _part(db, match.part_id))


def understood_of(db: Session, events: Sequence[ReportedEvent]) -> dict[int, str]:
    """Return in words what events were understood to be about, by id; "" where nobody knows."""
    units = named.units_by_id(db, {one.unit_id for one in events if one.unit_id})
    lots = named.lots_by_id(db, {one.lot_id for one in events if one.lot_id})
    ids = {one.part_id for one in events if one.part_id}
    parts = {one.id: one.part_no for one in db.scalars(select(Part).where(Part.id.in_(ids)))}

    def words(event: ReportedEvent) -> str:
        match = units.get(event.unit_id or 0) or lots.get(event.lot_id or 0)
        if match is not None:
            return f"{match.part_no} · {match.label}"
        return parts.get(event.part_id or 0, "")

    return {one.id: words(one) for one in events}


def _part(db: Session, part_id: int) -> PartMeant:
    part = db.get_one(Part, part_id)
    return PartMeant(part.id, part.part_no, part.name, part.name_zh)


def _part_named(db: Session, device_name: str) -> PartMeant | None:
    """Return the one part of this number, device identifier or name."""
    name = device_name.strip()
    if not name:
        return None
    ids = {one.part_id for one in named.parts(db, {name}).get(name, ())}
    if not ids:
        rows = select(Part.id).where(or_(Part.name == name, Part.name_zh == name)).limit(2)
        ids = set(db.scalars(rows))
    return _part(db, ids.pop()) if len(ids) == 1 else None
