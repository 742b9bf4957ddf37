"""From checked rows to the store: what each kind of file becomes."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy.orm import Session

from engine.serials import parties, receive, ship
from engine.serials.dictionary import entity
from engine.serials.intake.reading import Row
from engine.serials.record import How, StockPart


def _load_parties(db: Session, rows: Sequence[Row], how: How) -> None:
    for row in rows:
        row.values["new_id"] = parties.add_party(db, **_fields("party", row), **_in_import(how)).id


def _load_locations(db: Session, rows: Sequence[Row], how: How) -> None:
    for row in rows:
        said = row.values
        place = parties.add_location(
            db, said["party_id"], said["code"], said["name"], kind=said["kind"], **_in_import(how)
        )
        said["new_id"] = place.id


def _load_parts(db: Session, rows: Sequence[Row], how: How) -> None:
    for row in rows:
        said = _fields("part", row)
        said["uom"] = said["uom"] or "pcs"
        del said["manufacturer"]
        part = parties.add_part(db, row.values["manufacturer_id"], **said, **_in_import(how))
        row.values["new_id"] = part.id


def _load_lots(db: Session, rows: Sequence[Row], how: How) -> None:
    for row in rows:
        said = row.values
        lot = parties.ensure_lot(
            db,
            said["part_id"],
            said["lot_no"],
            manufacturer_id=said["manufacturer_id"],
            made_on=said["made_on"],
            expires_on=said["expires_on"],
            **_in_import(how),
        )
        said["new_id"] = lot.id


def _in_import(how: How) -> How:
    return {**how, "in_import": True}


def _fields(kind: str, row: Row) -> dict[str, Any]:
    return {one.name: row.values[one.name] for one in entity(kind).taken_in}


def _then(how: How, day: date | None) -> How:
    """Say that it happened on a day (its end, so that a shipment follows a receipt), if known."""
    return {**how, "event_at": datetime.combine(day, time(12), UTC)} if day else how


def _load_units(db: Session, rows: Sequence[Row], how: How) -> None:
    """Receive units that came alike together: one event for each lot, place and state."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        said = row.values
        key = (
            said["part_id"],
            said.get("lot_id"),
            said["location_id"],
            said["usability"],
            said["received_on"],
        )
        groups[key].append(row)
    for (part_id, lot_id, location_id, usability, received_on), alike in groups.items():
        recorded = receive.receive_units(
            db,
            part_id,
            [row.values["serial"] for row in alike],
            location_id=location_id,
            lot_id=lot_id,
            usability=usability or "unreleased",
            **_then(how, received_on),
        )
        for row, unit_id in zip(alike, recorded.unit_ids, strict=True):
            row.values |= {"new_id": unit_id, "event_id": recorded.event.id}


def _load_stock(db: Session, rows: Sequence[Row], how: How) -> None:
    for row in rows:
        said = row.values
        recorded = receive.receive_lot(
            db,
            said["lot_id"],
            said["quantity"],
            location_id=said["location_id"],
            usability=said["usability"] or "unreleased",
            **_then(how, said["received_on"]),
        )
        said |= {"new_id": recorded.event.id, "event_id": recorded.event.id}


def _load_shipments(db: Session, rows: Sequence[Row], how: How) -> None:
    """Record shipments as reported facts: one per document, place and day."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        said = row.values
        groups[said["document_no"], said["to_id"], said["shipped_on"]].append(row)
    for (document_no, to_id, shipped_on), lines in groups.items():
        recorded = ship.report_shipment(
            db,
            to_location_id=to_id,
            units=[row.values["unit_id"] for row in lines if "unit_id" in row.values],
            stock_parts=[
                StockPart(row.values["stock_id"], row.values["quantity"])
                for row in lines
                if "stock_id" in row.values
            ],
            document_no=document_no,
            **_then(how, shipped_on),
        )
        for row in lines:
            row.values |= {"new_id": recorded.event.id, "event_id": recorded.event.id}


LOADERS = {
    "parties": _load_parties,
    "locations": _load_locations,
    "parts": _load_parts,
    "lots": _load_lots,
    "units": _load_units,
    "stock": _load_stock,
    "shipments": _load_shipments,
}
