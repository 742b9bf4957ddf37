"""From what a person scanned or typed to what we have: units, lots and parts, or a sentence."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials.identifiers import Parsed, parse, parse_many
from engine.serials.models import ExternalId, Lot, Part, Unit
from engine.serials.sets import id_set, text_set
from engine.words import N_

NOT_RECORDED = N_(
    "There is nothing recorded under “%(text)s”. Check the number, or report it as unidentified"
)
OF_ANOTHER_LOT = N_(
    "Serial number %(serial)s is recorded in lot %(lot)s, not in lot %(said)s. Check the label"
)
DI_NOT_RECORDED = N_("The device identifier %(di)s is not one of ours. Check the label")
EXPIRES_OTHERWISE = N_("Lot %(lot)s is recorded as expiring on %(expiry)s, the label says %(said)s")


@dataclass(frozen=True)
class Match:
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


@dataclass(frozen=True)
class Found:
    """What one text came to: the matches, and what to tell the person when something is wrong."""

    text: str
    matches: tuple[Match, ...] = ()
    problem: Problem | None = None
    line: int = 1


def resolve(db: Session, text: str) -> list[Match]:
    """Return what `text` may mean: serial, lot number, label (UDI), Digital Link, other name.

    A label's units come before its lot; a wrong check digit matches nothing. `look_up` also
    says what is wrong.
    """
    return list(look_up(db, text).matches)


def look_up(db: Session, text: str) -> Found:
    """Return the matches of one text and the sentence about what is wrong with it."""
    return resolve_many(db, [text])[0]


def look_up_column(db: Session, text: str) -> list[Found]:
    """Return what a pasted column comes to, line by line."""
    return _found(db, parse_many(text))


def resolve_many(db: Session, texts: Sequence[str]) -> list[Found]:
    """Return what each text comes to, in order; the same four queries for one and for thousands."""
    return _found(db, [parse(text) for text in texts])


def _found(db: Session, said: Sequence[Parsed]) -> list[Found]:
    good = [one for one in said if one.problem is None]
    units = _units(db, {one.serial for one in good if one.serial})
    lots = _lots(db, {one.lot_no for one in good if one.lot_no})
    parts = _parts(db, {one.text for one in good} | {one.di for one in good if one.di})
    others = _others(db, {one.text for one in good if not one.is_label})
    return [
        Found(one.text, problem=one.problem, line=one.line)
        if one.problem
        else _label_found(one, units, lots, parts)
        if one.is_label
        else _plain_found(one, units, lots, parts, others)
        for one in said
    ]


_Units = Mapping[str, list[Match]]


def _plain_found(one: Parsed, units: _Units, lots: _Units, parts: _Units, others: _Units) -> Found:
    sources = (units, lots, others, parts)
    matches = tuple(dict.fromkeys(m for source in sources for m in source.get(one.text, ())))
    problem = None if matches else Problem("", NOT_RECORDED, (("text", one.text),))
    return Found(one.text, matches, problem, one.line)


def _label_found(one: Parsed, units: _Units, lots: _Units, parts: _Units) -> Found:
    part = next(iter(parts.get(one.di or "", ())), None)
    if part is None:
        return Found(one.text, (), Problem("", DI_NOT_RECORDED, (("di", one.di),)), one.line)

    of_part = [m for m in units.get(one.serial or "", ()) if m.part_id == part.part_id]
    of_lot = [m for m in lots.get(one.lot_no or "", ()) if m.part_id == part.part_id]
    if one.serial:
        return _serial_found(one, of_part)
    if one.lot_no:
        return _lot_found(one, of_lot)
    return Found(one.text, (part,), None, one.line)


def _serial_found(one: Parsed, units: list[Match]) -> Found:
    if not units:
        return Found(one.text, (), Problem("", NOT_RECORDED, (("text", one.serial),)), one.line)

    recorded = units[0].lot_no
    if one.lot_no and recorded and recorded != one.lot_no:
        facts = (("serial", one.serial), ("lot", recorded), ("said", one.lot_no))
        return Found(one.text, (), Problem("", OF_ANOTHER_LOT, facts), one.line)
    return Found(one.text, tuple(units), None, one.line)


def _lot_found(one: Parsed, lots: list[Match]) -> Found:
    if not lots:
        return Found(one.text, (), Problem("", NOT_RECORDED, (("text", one.lot_no),)), one.line)

    recorded = lots[0].expires_on
    if one.expires_on and recorded and recorded != one.expires_on:
        facts = (("lot", one.lot_no), ("expiry", recorded), ("said", one.expires_on))
        return Found(one.text, tuple(lots), Problem("", EXPIRES_OTHERWISE, facts), one.line)
    return Found(one.text, tuple(lots), None, one.line)


def _units(db: Session, serials: set[str]) -> _Units:
    return _unit_matches(db, Unit.serial.in_(text_set(db, serials))) if serials else {}


def _unit_matches(db: Session, where: object) -> _Units:
    found: dict[str, list[Match]] = defaultdict(list)
    rows = db.execute(
        select(Unit, Part, Lot)
        .join(Part, Part.id == Unit.part_id)
        .outerjoin(Lot, Lot.id == Unit.lot_id)
        .where(where)  # type: ignore[arg-type]
        .order_by(Unit.id)
    )
    for unit, part, joined in rows:
        lot: Lot | None = joined  # an outer join: none for a unit without a lot
        found[unit.serial].append(
            Match(
                "unit",
                unit.id,
                unit.serial,
                part.id,
                part.part_no,
                part.name,
                unit_id=unit.id,
                serial=unit.serial,
                lot_id=unit.lot_id,
                lot_no=lot.lot_no if lot else None,
                expires_on=lot.expires_on if lot else None,
            )
        )
    return found


def _lots(db: Session, numbers: set[str]) -> _Units:
    return _lot_matches(db, Lot.lot_no.in_(text_set(db, numbers))) if numbers else {}


def _lot_matches(db: Session, where: object) -> _Units:
    found: dict[str, list[Match]] = defaultdict(list)
    rows = db.execute(
        select(Lot, Part)
        .join(Part, Part.id == Lot.part_id)
        .where(where, ~Lot.is_unknown)  # type: ignore[arg-type]
        .order_by(Lot.id)
    )
    for lot, part in rows:
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
            )
        )
    return found


def _parts(db: Session, names: set[str]) -> _Units:
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


def _others(db: Session, names: set[str]) -> _Units:
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
