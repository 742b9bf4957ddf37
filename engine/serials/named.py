"""What is recorded under a name, byte for byte, or under an id: units, lots and parts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from engine.serials.begins import begins
from engine.serials.models import ExternalId, Lot, Part, Party, Unit, UnitLabel
from engine.serials.sets import id_set, text_set


class Match(NamedTuple):
    """One thing a text may mean: a unit, a lot or a part (`kind`), with its names and ids."""

    kind: str
    id: int
    label: str
    part_id: int
    part_no: str
    part_name: str
    unit_id: int | None = None
    serial: str | None = None
    lot_id: int | None = None
    lot_no: str | None = None
    expires_on: date | None = None
    maker: str | None = None
    part_name_zh: str | None = None
    also: str | None = None  # what another system calls it, where it was found by that


Named: TypeAlias = Mapping[str, list[Match]]


def units(db: Session, serials: set[str]) -> Named:
    """Return the units of each serial: the first they bore, or one they were relabelled with."""
    if not serials:
        return {}
    listed = text_set(db, serials)
    found = _unit_matches(db, Unit.serial.in_(listed))
    relabelled = db.execute(
        select(UnitLabel.serial, UnitLabel.unit_id)
        .where(UnitLabel.serial.in_(listed), UnitLabel.never_event_id.is_(None))
        .order_by(UnitLabel.id)
    ).all()
    if not relabelled:
        return found

    named = units_by_id(db, [row.unit_id for row in relabelled])
    both: dict[str, list[Match]] = defaultdict(list, found)
    for serial, unit_id in relabelled:
        if serial is not None:
            both[serial].append(named[unit_id]._replace(also=serial))
    return both


def _unit_matches(db: Session, where: ColumnElement[bool]) -> Named:
    found: dict[str, list[Match]] = defaultdict(list)
    rows = db.execute(
        select(
            Unit.id,
            Unit.serial,
            Unit.part_id,
            Part.part_no,
            Part.name,
            Unit.lot_id,
            Lot.lot_no,
            Lot.expires_on,
            Party.name,
            Part.name_zh,
        )
        .join(Part, Part.id == Unit.part_id)
        .join(Party, Party.id == Part.manufacturer_id)
        .outerjoin(Lot, Lot.id == Unit.lot_id)
        .where(where)
        .order_by(Unit.id)
    )
    for key, serial, part_id, part_no, name, lot_id, lot_no, expires_on, maker, name_zh in rows:
        found[serial].append(
            Match(
                "unit", key, serial, part_id, part_no, name, key, serial, lot_id, lot_no,
                expires_on, maker, name_zh,
            )
        )  # fmt: skip
    return found


def units_by_id(
    db: Session, ids: Iterable[int], *, also: Mapping[int, str] | None = None
) -> dict[int, Match]:
    """Return units as matches, by id; `also` gives the names they were found under."""
    return _by_id(_unit_matches(db, Unit.id.in_(id_set(db, ids))), also)


def lots_by_id(
    db: Session, ids: Iterable[int], *, also: Mapping[int, str] | None = None
) -> dict[int, Match]:
    """Return lots as matches, by id; `also` gives the names they were found under."""
    return _by_id(_lot_matches(db, Lot.id.in_(id_set(db, ids))), also)


def _by_id(found: Named, also: Mapping[int, str] | None) -> dict[int, Match]:
    names = also or {}
    return {
        one.id: one._replace(also=names.get(one.id))
        for matches in found.values()
        for one in matches
    }


def lots(db: Session, numbers: set[str]) -> Named:
    """Return the lots of each number."""
    return _lot_matches(db, Lot.lot_no.in_(text_set(db, numbers))) if numbers else {}


def _lot_matches(db: Session, where: ColumnElement[bool]) -> Named:
    found: dict[str, list[Match]] = defaultdict(list)
    rows = db.execute(
        select(Lot, Part, Party.name)
        .join(Part, Part.id == Lot.part_id)
        .join(Party, Party.id == Lot.manufacturer_id)
        .where(where, ~Lot.is_unknown)
        .order_by(Lot.id)
    )
    for lot, part, maker in rows:
        found[lot.lot_no].append(
            Match(
                "lot",
                lot.id,
                lot.lot_no,
                part.id,
                part.part_no,
                part.name,
                lot_id=lot.id,
                lot_no=lot.lot_no,
                expires_on=lot.expires_on,
                maker=maker,
                part_name_zh=part.name_zh,
            )
        )
    return found


def parts(db: Session, names: set[str]) -> Named:
    """Return the parts of each number or device identifier."""
    found: dict[str, list[Match]] = defaultdict(list)
    if not names:
        return found

    listed = text_set(db, names)
    for part in db.scalars(
        select(Part).where(or_(Part.di.in_(listed), Part.part_no.in_(listed))).order_by(Part.id)
    ):
        match = Match("part", part.id, part.part_no, part.id, part.part_no, part.name)
        for name in {part.di, part.part_no} & names:
            found[name or ""].append(match)
    return found


def own_parts(
    db: Session, names: set[tuple[str | None, str | None]]
) -> dict[tuple[str, str], Match]:
    """Return the parts of each pair of a maker's code and a part number."""
    if not names:
        return {}

    numbers = text_set(db, {part_no for _, part_no in names if part_no})
    rows = db.execute(
        select(Part, Party.code)
        .join(Party, Party.id == Part.manufacturer_id)
        .where(Part.part_no.in_(numbers))
    )
    return {
        (maker, part.part_no): Match(
            "part", part.id, part.part_no, part.id, part.part_no, part.name
        )
        for part, maker in rows
        if (maker, part.part_no) in names
    }


def others(db: Session, names: set[str]) -> Named:
    """Return what other systems call these names: a supplier's lot number, an old serial."""
    if not names:
        return {}

    rows = list(
        db.execute(
            select(ExternalId.value, ExternalId.entity, ExternalId.entity_id).where(
                and_(
                    ExternalId.value.in_(text_set(db, names)),
                    ExternalId.entity.in_(("unit", "lot")),
                )
            )
        )
    )
    if not rows:
        return {}

    ids = {kind: {row[2] for row in rows if row[1] == kind} for kind in ("unit", "lot")}
    by_id = {
        (m.kind, m.id): m
        for source in (
            _unit_matches(db, Unit.id.in_(id_set(db, ids["unit"]))),
            _lot_matches(db, Lot.id.in_(id_set(db, ids["lot"]))),
        )
        for matches in source.values()
        for m in matches
    }
    found: dict[str, list[Match]] = defaultdict(list)
    for value, entity, entity_id in rows:
        if (entity, entity_id) in by_id:
            found[value].append(by_id[entity, entity_id])
    return found


def called(entity: str, beginning: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return that another system's name for a unit or a lot begins so: a supplier's lot number."""
    # without the function SQLite looks through every name of the entity instead of the range
    return begins(ExternalId.value, beginning), func.coalesce(ExternalId.entity, "") == entity
