"""Every record of the store as the interface reads it: its fields are those of the dictionary."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Column, ColumnElement, RowMapping, Select, Table, or_, select
from sqlalchemy.orm import Session

from engine.db import Base
from engine.people import Person, PersonAccount
from engine.serials import find
from engine.serials.begins import begins
from engine.serials.dictionary import Entity, Field, entity, seen, shown
from engine.serials.models import Event, EventLink, EventNode, ExternalId, FieldChange
from engine.serials.models.imports import ImportBatch, ImportLine
from engine.serials.sets import id_set


@dataclass(frozen=True)
class Readable:
    """How one entity of the dictionary is read: where, by whom, found and narrowed by what.

    `number` is the column that people call it by; `narrows` are columns with an index or few
    values. `by_event` are columns that name the events that changed it, `by_time` times of its own.
    """

    entity: str
    address: str
    action: str
    number: str = ""
    narrows: tuple[str, ...] = ()
    by_event: tuple[str, ...] = ()
    by_time: tuple[str, ...] = ()

    @property
    def described(self) -> Entity:
        """Return what the dictionary says of it."""
        return entity(self.entity)

    @property
    def table(self) -> Table:
        """Return its table."""
        return Base.metadata.tables[self.described.table]

    @property
    def key(self) -> list[Column[Any]]:
        """Return the columns that tell its rows apart: its number, or what it joins."""
        return list(self.table.primary_key.columns)

    @property
    def has_id(self) -> bool:
        """Tell whether one number names it, so that it has an address of its own."""
        return [column.key for column in self.key] == ["id"]

    @property
    def is_named_elsewhere(self) -> bool:
        """Tell whether other systems may have names of their own for it."""
        return self.entity in NAMED_ELSEWHERE


NAMED_ELSEWHERE = ("party", "location", "part", "lot", "unit")
MASTER, GOODS, HOLDS = "master.read", "unit.read", "hold.read"
READABLE: Mapping[str, Readable] = MappingProxyType(
    {
        one.entity: one
        for one in (
            Readable("party", "parties", MASTER, "code", ("kind", "country", "gln")),
            Readable("location", "locations", MASTER, "code", ("party_id", "kind")),
            Readable(
                "part", "parts", MASTER, "part_no",
                ("manufacturer_id", "kind", "control", "di"),
            ),
            Readable("contact", "contacts", MASTER, "", ("party_id", "role", "channel")),
            Readable(
                "market_authorisation", "market-authorisations", MASTER, "licence_no",
                ("part_id", "country", "holder_id"),
            ),
            Readable(
                "supplier_agreement", "supplier-agreements", MASTER, "",
                ("part_id", "supplier_id"),
            ),
            Readable(
                "external_id", "external-ids", MASTER, "value", ("source", "entity", "entity_id")
            ),
            Readable(
                "lot", "lots", "lot.read", "lot_no", ("part_id", "manufacturer_id", "is_unknown")
            ),
            Readable(
                "stock", "stock", "lot.read", "",
                ("lot_id", "location_id", "custody", "usability"),
            ),
            Readable(
                "unit", "units", GOODS, "serial",
                ("part_id", "lot_id", "seg_id", "location_id", "custody", "usability"),
            ),
            Readable(
                "segment", "segments", GOODS, "work_order", ("part_id", "site_id"), ("event_id",)
            ),
            Readable(
                "install", "installs", GOODS, "", ("child_id", "host_id"),
                ("from_event_id", "to_event_id"),
            ),
            Readable(
                "shipment", "shipments", GOODS, "document_no", ("consignee_id", "location_id"),
                ("event_id",),
            ),
            Readable(
                "shipment_line", "shipment-lines", GOODS, "",
                ("shipment_id", "unit_id", "lot_id"), ("event_id",),
            ),
            Readable(
                "event", "events", GOODS, "", ("type", "source", "location_id", "corrects_id"),
                (), ("recorded_at",),
            ),
            Readable(
                "event_fact", "event-facts", GOODS, "value", ("event_id", "name"), ("event_id",)
            ),
            Readable(
                "examination", "examinations", GOODS, "", ("part_id", "kind", "outcome"),
                ("event_id",),
            ),
            Readable("measurement", "measurements", GOODS, "", ("event_id",), ("event_id",)),
            Readable(
                "certificate", "certificates", GOODS, "number", ("kind", "issuer_id"),
                ("event_id",),
            ),
            Readable("container", "containers", GOODS, "sscc", ("kind",), ("event_id",)),
            Readable(
                "packed", "packed", GOODS, "", ("container_id", "unit_id", "lot_id", "inner_id"),
                ("from_event_id", "to_event_id"),
            ),
            Readable(
                "unit_label", "unit-labels", GOODS, "serial", ("unit_id", "part_id"),
                ("event_id",),
            ),
            Readable(
                "flag", "flags", GOODS, "", ("rule", "event_id", "unit_id", "lot_id"), (),
                ("found_at", "seen_at"),
            ),
            Readable(
                "purchase_order", "purchase-orders", MASTER, "number", ("supplier_id",),
                ("event_id",),
            ),
            Readable("purchase_line", "purchase-lines", MASTER, "", ("order_id", "part_id")),
            Readable(
                "purchase_receipt", "purchase-receipts", MASTER, "", ("line_id",), ("event_id",)
            ),
            Readable("tranche", "tranches", "lot.read", "", ("lot_id",), ("event_id",)),
            Readable(
                "hold", "holds", HOLDS, "case_number", ("target_kind",), (),
                ("placed_at", "released_at"),
            ),
            Readable(
                "hold_target", "hold-targets", HOLDS, "", ("hold_id", "kind", "target_id"),
                ("release_event_id",),
            ),
            Readable("hold_exemption", "hold-exemptions", HOLDS, "", ("hold_id",), ("event_id",)),
            Readable("hold_breach", "hold-breaches", HOLDS, "", ("hold_id",), ("event_id",)),
            Readable(
                "hold_door", "hold-doors", HOLDS, "", ("hold_id", "door"), (), ("acknowledged_at",)
            ),
            Readable("edge", "lot-inputs", "lot.read", "", ("inp", "out"), ("event_id",)),
            Readable("unit_input", "unit-inputs", GOODS, "", ("unit_id", "lot_id"), ("event_id",)),
            Readable(
                "event_link", "event-units", GOODS, "", ("event_id", "unit_id", "role"),
                ("event_id",),
            ),
            Readable(
                "event_node", "event-lots", GOODS, "", ("event_id", "node_id", "role"),
                ("event_id",),
            ),
            Readable(
                "stock_posting", "stock-postings", "lot.read", "",
                ("event_id", "lot_id", "location_id"), ("event_id",),
            ),
        )
        if one.described.table in Base.metadata.tables
    }
)  # fmt: skip
# what a reference is called by
NUMBERS = MappingProxyType(
    {"party": "code", "location": "code", "part": "part_no", "lot": "lot_no", "unit": "serial",
     "event": "uuid", "shipment": "document_no", "container": "sscc", "purchase_order": "number"}
)  # fmt: skip


def shown_fields(kind: str, person: Person | None) -> tuple[Field, ...]:
    """Return the fields of an entity that its table keeps and a person may see."""
    return tuple(
        field
        for field in seen(kind, person)
        if field.kept and "." not in field.kept and field.type != "bytes"
    )


# --- finding ---------------------------------------------------------------------------------


def found(db: Session, readable: Readable, asked: Mapping[str, Any]) -> Select[Any]:
    """Return the rows that a query asks for; the columns are those of the table."""
    table = readable.table
    rows = select(table)
    for column in readable.narrows:
        if (value := asked.get(said_as(readable.described.keeping(column)))) is not None:
            rows = rows.where(table.c[column] == value)
    for name, refers_to, kept in references(readable):
        if (value := asked.get(name)) is not None:
            other = Base.metadata.tables[entity(refers_to).table]
            named = select(other.c.id).where(other.c[NUMBERS[refers_to]] == value)
            rows = rows.where(table.c[kept].in_(named))
    if readable.number:
        rows = _by_number(rows, table.c[readable.number], asked)
    if asked.get("external_id") is not None or asked.get("source_system") is not None:
        rows = rows.where(table.c.id.in_(_named_elsewhere(readable, asked)))
    if asked.get("udi") is not None:
        matches = find.look_up(db, asked["udi"]).matches
        rows = rows.where(table.c.id.in_([m.id for m in matches if m.kind == readable.entity]))
    if readable.entity == "event":
        rows = _of_goods(rows, table, asked)
    if asked.get("changed_since") is not None:
        rows = rows.where(or_(*_changed(readable, asked["changed_since"])))
    return rows


def references(readable: Readable) -> list[tuple[str, str, str]]:
    """Return (field, what it refers to, column) of every reference that has a number."""
    return [
        (field.name, field.refers_to, field.kept)
        for field in readable.described.fields
        if field.refers_to in NUMBERS
        and field.kept in readable.narrows
        and field.kept != field.name
        and field.refers_to != "event"
    ]


def _by_number(rows: Select[Any], column: Column[Any], asked: Mapping[str, Any]) -> Select[Any]:
    if (number := asked.get("number")) is not None:
        rows = rows.where(column == number)
    if (beginning := asked.get("begins")) is not None:
        rows = rows.where(begins(cast("Any", column), beginning))
    return rows


def _named_elsewhere(readable: Readable, asked: Mapping[str, Any]) -> Select[Any]:
    named = select(ExternalId.entity_id).where(ExternalId.entity == readable.entity)
    if asked.get("external_id") is not None:
        named = named.where(ExternalId.value == asked["external_id"])
    if asked.get("source_system") is not None:
        named = named.where(ExternalId.source == asked["source_system"])
    return named


def _of_goods(rows: Select[Any], table: Table, asked: Mapping[str, Any]) -> Select[Any]:
    if (unit_id := asked.get("unit_id")) is not None:
        linked = select(EventLink.event_id).where(EventLink.unit_id == unit_id)
        rows = rows.where(table.c.id.in_(linked))
    for name in ("lot_id", "segment_id"):
        if (node_id := asked.get(name)) is not None:
            linked = select(EventNode.event_id).where(EventNode.node_id == node_id)
            rows = rows.where(table.c.id.in_(linked))
    return rows


def _changed(readable: Readable, since: datetime) -> Iterable[ColumnElement[bool]]:
    """Yield what makes a row one that changed: an event, a changed field, a file, its own time."""
    table = readable.table
    events = select(Event.id).where(Event.recorded_at >= since)
    for name in readable.by_event:
        yield table.c[name].in_(events)
    for name in readable.by_time:
        yield table.c[name] >= since
    if readable.entity == "unit":
        yield table.c.id.in_(select(EventLink.unit_id).where(EventLink.event_id.in_(events)))
    if readable.entity == "purchase_line":
        orders = Base.metadata.tables["purchase_order"]
        yield table.c.order_id.in_(select(orders.c.id).where(orders.c.event_id.in_(events)))
    if readable.entity == "stock":
        posting = Base.metadata.tables["stock_posting"]
        yield table.c.lot_id.in_(select(posting.c.lot_id).where(posting.c.event_id.in_(events)))
    if not readable.by_event and not readable.by_time and readable.entity not in ("unit", "stock"):
        yield table.c.id.in_(
            select(FieldChange.entity_id).where(
                FieldChange.entity == readable.described.table, FieldChange.at >= since
            )
        )
        yield table.c.id.in_(
            select(ImportLine.entity_id)
            .join(ImportBatch, ImportBatch.id == ImportLine.batch_id)
            .where(ImportLine.entity == readable.entity, ImportBatch.loaded_at >= since)
        )


# --- showing ---------------------------------------------------------------------------------


def represented(
    db: Session, readable: Readable, rows: Sequence[RowMapping], person: Person | None
) -> list[dict[str, Any]]:
    """Return rows as a person may see them: each reference by id and by number. One query each."""
    fields = shown_fields(readable.entity, person)
    names = {
        field.name: _numbers(db, field, {row[field.kept] for row in rows} - {None})
        for field in fields
        if is_named(field)
    }
    return [_one(readable.entity, fields, names, row, person) for row in rows]


def said_as(field: Field) -> str:
    """Return what a field is called here: an id as its column, all else as the dictionary does."""
    return field.kept if field.kept.endswith("_id") else field.name


def is_named(field: Field) -> bool:
    """Tell whether a field is shown by a number or name beside its id."""
    return field.kept != field.name and (field.type == "person" or field.refers_to in NUMBERS)


def _one(
    kind: str,
    fields: Sequence[Field],
    names: Mapping[str, Mapping[int, str]],
    row: RowMapping,
    person: Person | None,
) -> dict[str, Any]:
    allowed = shown(kind, dict(row), person)
    said: dict[str, Any] = {"id": row["id"]} if "id" in row else {}
    for field in fields:
        value = allowed[field.kept]
        said[said_as(field)] = plain(value)
        if field.name in names:
            said[field.name] = names[field.name].get(value) if value is not None else None
    return said


def _numbers(db: Session, field: Field, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    if field.type == "person":
        rows = select(PersonAccount.id, PersonAccount.printed_name).where(
            PersonAccount.id.in_(id_set(db, ids))
        )
    else:
        other = Base.metadata.tables[entity(field.refers_to).table]
        number = other.c[NUMBERS[field.refers_to]]
        rows = select(other.c.id, number).where(other.c.id.in_(id_set(db, ids)))
    return {row[0]: plain(row[1]) for row in db.execute(rows)}


def plain(value: Any) -> Any:
    """Return a value as JSON says it: times with their zone, quantities as decimal text."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value) if isinstance(value, UUID) else value


def other_names(db: Session, readable: Readable, id: int) -> list[dict[str, str]]:
    """Return what other systems call one of these."""
    rows = db.scalars(
        select(ExternalId)
        .where(ExternalId.entity == readable.entity, ExternalId.entity_id == id)
        .order_by(ExternalId.source, ExternalId.value)
    )
    return [{"source": row.source, "value": row.value} for row in rows]


def one_of(
    db: Session, readable: Readable, id: int, person: Person | None
) -> dict[str, Any] | None:
    """Return one record as a person may see it, None where there is none."""
    row = db.execute(select(readable.table).where(readable.table.c.id == id)).mappings().first()
    if row is None:
        return None
    said = represented(db, readable, [row], person)[0]
    if readable.is_named_elsewhere:
        said["external_ids"] = other_names(db, readable, id)
    return said


@cache
def schema(kind: str) -> dict[str, Any]:
    """Return the JSON schema of an entity's record, in the words of the dictionary."""
    readable = READABLE[kind]
    properties: dict[str, Any] = {}
    if readable.has_id:
        properties["id"] = {"type": "integer", "description": "Our number for it."}
    required = list(properties)
    for field in entity(kind).fields:
        if not field.kept or "." in field.kept or field.type == "bytes":
            continue
        may_miss = bool(readable.table.c[field.kept].nullable)
        said = typed(field, may_miss=may_miss)
        if is_named(field):
            properties[field.kept] = {**said, "description": f"{field.meaning}: our number for it."}
            properties[field.name] = {
                "type": ["string", "null"], "description": f"{field.label}. {field.meaning}."
            }  # fmt: skip
        else:
            properties[said_as(field)] = said
        if not field.seen_by:
            required += [said_as(field)] + ([field.name] if is_named(field) else [])
    if readable.is_named_elsewhere:
        properties["external_ids"] = {
            "type": "array",
            "description": "What other systems call it; with one record only.",
            "items": {
                "type": "object",
                "properties": {"source": {"type": "string"}, "value": {"type": "string"}},
            },
        }
    return {
        "type": "object",
        "description": f"{readable.described.label}. {readable.described.meaning}.",
        "properties": properties,
        "required": required,
    }


TYPES: Mapping[str, dict[str, Any]] = MappingProxyType(
    {
        "date": {"type": "string", "format": "date"},
        "datetime": {"type": "string", "format": "date-time"},
        "quantity": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
        "integer": {"type": "integer"},
        "ref": {"type": "integer"},
        "person": {"type": "integer"},
        "yes_no": {"type": "boolean"},
        "json": {},
    }
)


def typed(field: Field, *, may_miss: bool) -> dict[str, Any]:
    """Return the JSON schema of one field."""
    said = dict(TYPES.get(field.type, {"type": "string"}))
    if field.type == "choice":
        said["enum"] = [*field.words, *([None] if may_miss else [])]
    if may_miss and "type" in said:
        said["type"] = [said["type"], "null"]
    said["description"] = f"{field.label}. {field.meaning}."
    if field.seen_by:
        said["description"] += f" Seen by: {', '.join(field.seen_by)}."
    return said
