"""Every record of the store, read: one list and one address each, made from the dictionary."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, jsonify
from marshmallow import RAISE, Schema, fields, validate

from engine.errors import NotFound
from webapp.api.blueprint import Moment, Paged, Stored, part
from webapp.api.matching import tagged
from webapp.api.paging import page_of
from webapp.permissions import allow
from webapp.queries.records import (
    READABLE,
    Readable,
    found,
    one_of,
    references,
    represented,
    said_as,
    schema,
)
from webapp.reading import read
from webapp.session import person

bp = part("records", "Every record of the store, in the words of the data dictionary.")
TEXT = validate.Length(min=1, max=500)


class RecordUnknown(NotFound):
    """There is no such record. Check the number, or find it by what another system calls it."""


def query_of(readable: Readable) -> type[Schema]:
    """Return what a list may be asked: pages, numbers, names elsewhere, references, since when."""
    asked: dict[str, fields.Field[Any]] = {}
    if readable.number:
        words = readable.described.keeping(readable.number).label
        asked["number"] = Stored(validate=TEXT, metadata={"description": f"{words}, exactly."})
        asked["begins"] = Stored(
            validate=TEXT, metadata={"description": f"What the {words.lower()} begins with."}
        )
    for column in readable.narrows:
        asked[said_as(readable.described.keeping(column))] = _filter(readable, column)
    for name, refers_to, _ in references(readable):
        said = {"description": f"By the number of the {refers_to}."}
        asked.setdefault(name, Stored(validate=TEXT, metadata=said))
    if readable.is_named_elsewhere:
        asked["external_id"] = Stored(
            validate=TEXT, metadata={"description": "What another system calls it."}
        )
        asked["source_system"] = Stored(
            validate=TEXT, metadata={"description": "That system: erp, mes, wms, plm …"}
        )
    if readable.entity in ("unit", "lot", "part"):
        asked["udi"] = Stored(
            validate=TEXT, metadata={"description": "A UDI or a number as it was scanned."}
        )
    if readable.entity == "event":
        for name in ("unit_id", "lot_id", "segment_id"):
            asked[name] = fields.Integer(validate=validate.Range(1, 2**63 - 1))
    asked["changed_since"] = Moment(
        metadata={"description": "Only what was recorded or changed since then."}
    )
    name = "".join(word.title() for word in readable.entity.split("_"))
    return Paged.from_dict(asked, name=f"{name}Query")


def _filter(readable: Readable, name: str) -> fields.Field[Any]:
    field = readable.described.keeping(name)
    said = {"description": f"{field.label}. {field.meaning}."}
    kind = readable.table.c[name].type.python_type
    if kind is bool:
        return fields.Boolean(metadata=said)
    if kind is int:
        return fields.Integer(validate=validate.Range(0, 2**63 - 1), metadata=said)
    if field.type == "choice":
        return fields.String(validate=validate.OneOf(list(field.words)), metadata=said)
    return Stored(validate=TEXT, metadata=said)


def _listing(readable: Readable) -> Callable[..., Response]:
    table = readable.table

    def listing(asked: Mapping[str, Any]) -> Response:
        by_number = readable.number and asked.get("begins") is not None
        by = [table.c[readable.number], *readable.key] if by_number else readable.key
        page = page_of(read(), found(read(), readable, asked), by, asked, list_name=readable.entity)
        rows = [row._mapping for row in page.rows]  # noqa: SLF001  the public name of its columns
        return jsonify(data=represented(read(), readable, rows, person()), next=page.next)

    listing.__doc__ = f"List {readable.address.replace('-', ' ')}.\n\n{readable.described.meaning}."
    return listing


def _single(readable: Readable) -> Callable[..., Response]:
    def single(record_id: int) -> Response:
        said = one_of(read(), readable, record_id, person())
        if said is None:
            raise RecordUnknown
        return tagged(said)

    single.__doc__ = f"Read one {readable.described.label.lower()}, with its ETag."
    return single


def _reference(kind: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{schema_name(kind)}"}


def schema_name(kind: str) -> str:
    """Return the name of an entity's schema."""
    return "".join(word.title() for word in kind.split("_"))


def _page_of(kind: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["data", "next"],
        "properties": {
            "data": {"type": "array", "items": _reference(kind)},
            "next": {"type": ["string", "null"], "description": "The cursor of the next page."},
        },
    }


def _answers(words: str, said: Mapping[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": said}}
    return {"responses": {"200": {"description": words, "content": content}}}


def schemas() -> dict[str, Any]:
    """Return the schema of every record, by its name."""
    return {schema_name(kind): schema(kind) for kind in READABLE}


for _kind, _readable in READABLE.items():
    _list = bp.arguments(query_of(_readable), location="query", unknown=RAISE)(_listing(_readable))
    _list = bp.doc(**_answers("One page.", _page_of(_kind)))(_list)
    bp.add_url_rule(
        f"/{_readable.address}",
        f"list_{_kind}",
        allow(_readable.action)(_list),
    )
    if not _readable.has_id:
        continue
    _one = bp.doc(**_answers("The record.", _reference(_kind)))(_single(_readable))
    bp.add_url_rule(
        f"/{_readable.address}/<int:record_id>",
        f"read_{_kind}",
        allow(_readable.action)(_one),
    )
