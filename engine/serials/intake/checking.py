"""Holding rows against the store and against each other; nothing is written here."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.serials.intake.reading import Row
from engine.serials.models import (
    Event,
    EventLink,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    Unit,
)
from engine.serials.sets import id_set, text_set
from engine.serials.vocabulary import CONTROL, Word

KEYS = {
    "party": ("code",),
    "location": ("code",),
    "part": ("manufacturer", "part_no"),
    "lot": ("manufacturer_id", "part_id", "lot_no"),
    "unit": ("part_id", "serial"),
    "stock": (),
    "shipment": (),
}


def check(db: Session, kind: str, rows: Sequence[Row]) -> None:
    """Resolve what rows refer to and note every problem; `values` gains the ids."""
    _resolve_parties(db, rows)
    _resolve_locations(db, rows)
    if kind in ("lot", "unit", "stock", "shipment"):
        _resolve_parts(db, rows)
        _resolve_lots(db, kind, rows)
    if kind == "shipment":
        _resolve_shipped(db, rows)
    _refuse_twice(kind, rows)
    _compare(db, kind, rows)


def _said(rows: Sequence[Row], name: str) -> set[str]:
    return {row.values[name] for row in rows if row.values.get(name)}


def _resolve_parties(db: Session, rows: Sequence[Row]) -> None:
    for column in ("party", "manufacturer"):
        said = _said(rows, column)
        found = select(Party.code, Party.id).where(Party.code.in_(text_set(db, said)))
        _resolve(rows, column, f"{column}_id", "party", _pairs(db, found) if said else {})


def _resolve_locations(db: Session, rows: Sequence[Row]) -> None:
    for column in ("location", "to"):
        said = _said(rows, column)
        found = select(Location.code, Location.id).where(Location.code.in_(text_set(db, said)))
        _resolve(rows, column, f"{column}_id", "location", _pairs(db, found) if said else {})


def _pairs(db: Session, query: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in db.execute(query)}


def _resolve(
    rows: Sequence[Row], column: str, target: str, what: str, found: Mapping[str, int]
) -> None:
    for row in rows:
        said = row.values.get(column)
        if not said:
            continue
        row.values[target] = found.get(said)
        if said not in found:
            row.wrong(column, "unknown_reference", what=what, value=said)


def _resolve_parts(db: Session, rows: Sequence[Row]) -> None:
    said = _said(rows, "part_no")
    parts: dict[str, list[Part]] = {}
    for part in db.scalars(select(Part).where(Part.part_no.in_(text_set(db, said)))):
        parts.setdefault(part.part_no, []).append(part)
    for row in rows:
        number, maker = row.values.get("part_no"), row.values.get("manufacturer_id")
        if not number:
            continue
        found = parts.get(number, [])
        # a lot may be of another maker than the part's own; then the part alone decides
        found = [part for part in found if part.manufacturer_id == maker] or found
        if not found:
            row.wrong("part_no", "unknown_reference", what="part", value=number)
        elif len(found) > 1:
            row.wrong("part_no", "ambiguous", value=number)
        else:
            row.values["part_id"], row.values["control"] = found[0].id, found[0].control
            row.values.setdefault("manufacturer_id", found[0].manufacturer_id)
            row.values["manufacturer_id"] = maker or found[0].manufacturer_id


def _resolve_lots(db: Session, kind: str, rows: Sequence[Row]) -> None:
    _refuse_control(kind, rows)
    if kind == "lot":
        return

    said = _said(rows, "lot_no")
    lots: dict[tuple[int, str], list[int]] = {}
    for lot in db.scalars(select(Lot).where(Lot.lot_no.in_(text_set(db, said)))):
        lots.setdefault((lot.part_id, lot.lot_no), []).append(lot.id)
    for row in rows:
        number, part_id = row.values.get("lot_no"), row.values.get("part_id")
        if not number or part_id is None:
            continue
        found = lots.get((part_id, number), [])
        if not found:
            row.wrong("lot_no", "unknown_reference", what="lot", value=number)
        elif len(found) > 1:
            row.wrong("lot_no", "ambiguous", value=number)
        else:
            row.values["lot_id"] = found[0]


def _refuse_control(kind: str, rows: Sequence[Row]) -> None:
    wanted = {"unit": "serial", "stock": "lot"}.get(kind)
    for row in rows:
        control = row.values.get("control")
        if wanted and control and control != wanted:
            words = Word((CONTROL[control],))
            row.wrong("part_no", "wrong_control", value=row.values["part_no"], control=words)


def _resolve_shipped(db: Session, rows: Sequence[Row]) -> None:
    units = {
        (unit.part_id, unit.serial): unit
        for unit in db.scalars(
            select(Unit).where(Unit.serial.in_(text_set(db, _said(rows, "serial"))))
        )
    }
    lot_ids = {row.values["lot_id"] for row in rows if row.values.get("lot_id")}
    stock: dict[int, LotStock] = {}
    for one in db.scalars(
        select(LotStock)
        .where(LotStock.lot_id.in_(id_set(db, lot_ids)), LotStock.custody == "in_house")
        .order_by(LotStock.quantity)
    ):
        stock[one.lot_id] = one  # the row with the most comes last
    for row in rows:
        _resolve_line(row, units, stock)
    _refuse_before_receipt(db, rows)


def _refuse_before_receipt(db: Session, rows: Sequence[Row]) -> None:
    ids = {row.values["unit_id"] for row in rows if "unit_id" in row.values}
    came = {
        unit_id: at.date()
        for unit_id, at in db.execute(
            select(EventLink.unit_id, func.min(Event.event_at))
            .join(Event, Event.id == EventLink.event_id)
            .where(EventLink.unit_id.in_(id_set(db, ids)))
            .group_by(EventLink.unit_id)
        )
    }
    for row in rows:
        left, there = row.values.get("shipped_on"), came.get(row.values.get("unit_id", 0))
        if left and there and left < there:
            row.wrong("shipped_on", "before_receipt", value=row.values["serial"], day=there)


def _resolve_line(
    row: Row, units: Mapping[tuple[int, str], Unit], stock: Mapping[int, LotStock]
) -> None:
    serial, lot_no = row.values.get("serial"), row.values.get("lot_no")
    if serial:
        unit = units.get((row.values.get("part_id", 0), serial))
        if unit is None:
            row.wrong("serial", "unknown_reference", what="unit", value=serial)
            return
        row.values["unit_id"] = unit.id
        lot_id = row.values.get("lot_id")
        if lot_id and unit.lot_id and unit.lot_id != lot_id:
            row.wrong("lot_no", "other_lot", value=serial)
    elif not lot_no or row.values.get("quantity") is None:
        row.wrong("serial", "serial_or_lot")
    elif row.values.get("lot_id"):
        if row.values["lot_id"] not in stock:
            row.wrong("lot_no", "no_stock", value=lot_no)
        else:
            row.values["stock_id"] = stock[row.values["lot_id"]].id


def _refuse_twice(kind: str, rows: Sequence[Row]) -> None:
    seen: dict[tuple[Any, ...], int] = {}
    keys = [KEYS[kind]] if KEYS[kind] else []
    if kind == "part":
        keys.append(("di",))
    if kind == "shipment":
        keys.append(("unit_id",))
    for columns in keys:
        for row in rows:
            key = (columns, *(row.values.get(column) for column in columns))
            if None in key:
                continue
            if key in seen:
                value = row.values[columns[-1]] if columns != ("unit_id",) else row.values["serial"]
                row.wrong(_column(columns[-1]), "twice_in_file", value=value, line=seen[key])
            seen.setdefault(key, row.line)


def _column(name: str) -> str:
    return "serial" if name == "unit_id" else name


def _compare(db: Session, kind: str, rows: Sequence[Row]) -> None:
    """Find rows that are recorded already: the same is left alone, another is a problem."""
    if kind not in ("party", "location", "part", "lot", "unit"):
        return

    there = _recorded(db, kind, rows)
    for row in rows:
        key = tuple(row.values.get(column) for column in _id_key(kind))
        if key not in there:
            continue
        id_, recorded = there[key]
        if kind == "unit":
            row.wrong("serial", "taken", value=row.values["serial"])
            continue
        differing = [
            name
            for name, value in recorded.items()
            if row.values.get(name) is not None and row.values[name] != value
        ]
        if differing:
            fields = ", ".join(differing)
            row.wrong(differing[0], "differs", value=key[-1], fields=fields)
        row.values["existing_id"] = id_


def _id_key(kind: str) -> tuple[str, ...]:
    return ("manufacturer_id", "part_no") if kind == "part" else KEYS[kind]


def _recorded(
    db: Session, kind: str, rows: Sequence[Row]
) -> dict[tuple[Any, ...], tuple[int, dict[str, Any]]]:
    model, column, compared = {
        "party": (Party, Party.code, ("kind", "name", "gln", "country")),
        "location": (Location, Location.code, ("party_id", "name", "kind")),
        "part": (Part, Part.part_no, ("name", "kind", "control", "di", "revision", "name_zh")),
        "lot": (Lot, Lot.lot_no, ("made_on", "expires_on")),
        "unit": (Unit, Unit.serial, ()),
    }[kind]
    said = _said(rows, KEYS[kind][-1])
    found: dict[tuple[Any, ...], tuple[int, dict[str, Any]]] = {}
    for one in db.scalars(select(model).where(column.in_(text_set(db, said)))):
        key = tuple(getattr(one, name) for name in _id_key(kind))
        found[key] = (one.__dict__["id"], {name: getattr(one, name) for name in compared})
    return found
