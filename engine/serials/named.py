"""What is recorded under a name, byte for byte, or under an id: units, lots and parts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Select, TextClause, func, select, text
from sqlalchemy.orm import Session

from engine.serials.begins import begins
from engine.serials.models import ExternalId, Lot, Part, Party, Unit
from engine.serials.sets import id_param, id_value, is_sqlite, text_set, text_value, words_of
from engine.serials.walk import look_up


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


class Recorded(NamedTuple):
    """What is recorded under names: as a serial, a lot number, a part, a name elsewhere."""

    units: Named
    lots: Named
    parts: Named
    others: Named  # units and lots by what another system calls them


def recorded(
    db: Session,
    *,
    units: Collection[str] = (),
    lots: Collection[str] = (),
    parts: Collection[str] = (),
    others: Collection[str] = (),
) -> Recorded:
    """Return what is recorded under serials, lot numbers, part numbers or DIs, and other names.

    One query says what there is, and one for each kind there is what it is, however many names.
    """
    asked = {"units": units, "lots": lots, "parts": parts, "others": others}
    given = {source: text_value(db, words) for source, words in asked.items() if words}
    found: dict[str, dict[str, list[Match]]] = {source: defaultdict(list) for source in asked}
    if not given:
        return Recorded(**found)

    db.flush()  # a query that is text does not see to that
    rows = db.execute(_under(is_sqlite(db), tuple(given)), given).all()
    by_id = {
        kind: matches(db, {row.id for row in rows if row.kind == kind})
        for kind, matches in (("unit", _units), ("lot", _lots), ("part", _parts))
    }
    for source, is_later, _, kind, word, key in rows:
        match = by_id[kind].get(key)
        if match is not None:
            found[source][word].append(match._replace(also=word) if is_later else match)
    return Recorded(**found)


def units(db: Session, serials: set[str]) -> Named:
    """Return the units of each serial: the first they bore, or one they were relabelled with."""
    return recorded(db, units=serials).units


def lots(db: Session, numbers: set[str]) -> Named:
    """Return the lots of each number."""
    return recorded(db, lots=numbers).lots


def parts(db: Session, names: set[str]) -> Named:
    """Return the parts of each number or device identifier."""
    return recorded(db, parts=names).parts


def others(db: Session, names: set[str]) -> Named:
    """Return what other systems call these names: a supplier's lot number, an old serial."""
    return recorded(db, others=names).others


def units_by_id(
    db: Session, ids: Iterable[int], *, also: Mapping[int, str] | None = None
) -> dict[int, Match]:
    """Return units as matches, by id; `also` gives the names they were found under."""
    return _also(_units(db, ids), also)


def lots_by_id(
    db: Session, ids: Iterable[int], *, also: Mapping[int, str] | None = None
) -> dict[int, Match]:
    """Return lots as matches, by id; `also` gives the names they were found under."""
    return _also(_lots(db, ids), also)


def _also(found: dict[int, Match], also: Mapping[int, str] | None) -> dict[int, Match]:
    if also is None:
        return found
    return {key: match._replace(also=also.get(key)) for key, match in found.items()}


class _Look(NamedTuple):
    """Where a name is looked up, and what is found there."""

    table: str
    name: str
    kind: str = ""
    found: str = "n.id"
    only: str = ""
    is_later: bool = False  # a name that it was given afterwards


_LOOKS = {
    "units": (
        _Look("unit n", "n.serial", "'unit'"),
        _Look(
            "unit_label n", "n.serial", "'unit'", "n.unit_id", "n.never_event_id IS NULL",
            is_later=True,
        ),
    ),
    "lots": (_Look("lot n", "n.lot_no", "'lot'"),),
    "parts": (
        _Look("part n", "n.di", "'part'"),
        _Look("part n", "n.part_no", "'part'", only="coalesce(n.di, '') <> n.part_no"),
    ),
    "others": (
        _Look("external_id n", "n.value", "n.entity", "n.entity_id", "n.entity IN ('unit', 'lot')"),
    ),
}  # fmt: skip


@cache
def _under(sqlite: bool, sources: tuple[str, ...]) -> TextClause:  # noqa: FBT001 - the key of the cache
    """Return the query; every scan asks it, and it takes longer to build than to run."""
    looks = [
        look_up(
            f"'{source}' AS source, {int(look.is_later)} AS is_later, {{nth}} AS nth,"
            f" {{kind}} AS kind, w.word, {{found}} AS id",
            f"({words_of(source, sqlite=sqlite)}) w",
            look.table,
            f"{look.name} = w.word" + (f" AND {look.only}" if look.only else ""),
            sqlite=sqlite,
            nth="n.id",
            kind=look.kind,
            found=look.found,
        )
        for source in sources
        for look in _LOOKS[source]
    ]
    return text(" UNION ALL ".join(looks) + " ORDER BY source, is_later, nth")


def _units(db: Session, ids: Iterable[int]) -> dict[int, Match]:
    return {
        key: Match(
            "unit", key, serial, part_id, part_no, name, key, serial, lot_id, lot_no, expires_on,
            maker, name_zh,
        )
        for (
            key, serial, part_id, part_no, name, lot_id, lot_no, expires_on, maker, name_zh,
        ) in _rows(db, "unit", ids)
    }  # fmt: skip


def _lots(db: Session, ids: Iterable[int]) -> dict[int, Match]:
    return {
        key: Match(
            "lot", key, lot_no, part_id, part_no, name, None, None, key, lot_no, expires_on, maker,
            name_zh,
        )
        for key, lot_no, part_id, part_no, name, expires_on, maker, name_zh in _rows(db, "lot", ids)
    }  # fmt: skip


def _parts(db: Session, ids: Iterable[int]) -> dict[int, Match]:
    return {
        key: Match("part", key, part_no, key, part_no, name)
        for key, part_no, name in _rows(db, "part", ids)
    }


def _rows(db: Session, kind: str, ids: Iterable[int]) -> Sequence[Any]:
    wanted = set(ids)
    if not wanted:
        return ()
    given = {"ids": id_value(db, wanted)}
    return db.connection().execute(_described(is_sqlite(db))[kind], given).all()


@cache
def _described(sqlite: bool) -> dict[str, Select[*tuple[Any, ...]]]:  # noqa: FBT001 - the key of the cache
    """Return for each kind the query that says what some of them are, in their order."""
    ids = id_param(sqlite)
    return {
        "unit": (
            select(
                Unit.id, Unit.serial, Unit.part_id, Part.part_no, Part.name, Unit.lot_id,
                Lot.lot_no, Lot.expires_on, Party.name, Part.name_zh,
            )
            .join(Part, Part.id == Unit.part_id)
            .join(Party, Party.id == Part.manufacturer_id)
            .outerjoin(Lot, Lot.id == Unit.lot_id)
            .where(Unit.id.in_(ids))
            .order_by(Unit.id)
        ),
        "lot": (
            select(
                Lot.id, Lot.lot_no, Part.id, Part.part_no, Part.name, Lot.expires_on, Party.name,
                Part.name_zh,
            )
            .join(Part, Part.id == Lot.part_id)
            .join(Party, Party.id == Lot.manufacturer_id)
            .where(Lot.id.in_(ids), ~Lot.is_unknown)  # which is known by no name
            .order_by(Lot.id)
        ),
        "part": select(Part.id, Part.part_no, Part.name).where(Part.id.in_(ids)).order_by(Part.id),
    }  # fmt: skip


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


def called(entity: str, beginning: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return that another system's name for a unit or a lot begins so: a supplier's lot number."""
    # without the function SQLite looks through every name of the entity instead of the range
    return begins(ExternalId.value, beginning), func.coalesce(ExternalId.entity, "") == entity
