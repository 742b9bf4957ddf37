"""Master data, described and changed: the fields are those that the dictionary lets one change."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate
from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Session

from engine.clock import now
from engine.errors import Conflict, Invalid
from engine.serials import authorisations, contacts, master, other_names, parties
from engine.serials.dictionary import Field, entity
from engine.serials.dictionary.reading import ADDRESS, LONGEST_ADDRESS
from engine.serials.errors import FieldNotYours, NothingDescribed
from engine.serials.identifiers import is_wrong_gtin
from engine.serials.models import Part
from engine.serials.record import How
from engine.words import N_
from forms.kinds.country import countries
from webapp.api.blueprint import Stored, Strict, part
from webapp.api.bulk import all_or_nothing
from webapp.api.matching import etag, refuse_unmatched
from webapp.api.naming import ID, TEXT, Naming, Quantity, exactly
from webapp.api.problems import leaves
from webapp.api.recording.kind import complete
from webapp.api.records import schema_name
from webapp.api.writing import Answer, change, once
from webapp.permissions import allow
from webapp.queries.records import NAMED_ELSEWHERE, READABLE, Readable, one_of, said_as
from webapp.session import person

bp = part("master", "Parties, locations, parts, lots, agreements and names in other systems.")
ACTION = "master.change"
AT_ONCE = 5_000
REASON = validate.Length(1, 2000)
MISSING = N_("Missing data for required field.")

WRONG_DIGIT = N_("The check digit is wrong. Look at the number again.")


def _check_digit(text: str) -> None:
    if is_wrong_gtin(text):
        raise ValidationError(WRONG_DIGIT)


INPUTS: Mapping[str, tuple[Any, Any]] = {
    "date": (fields.Date, None),
    "yes_no": (fields.Boolean, None),
    "integer": (fields.Integer, ID),
    "gtin": (Stored, [validate.Length(1, 100), _check_digit]),
    "gln": (Stored, [*exactly("[0-9]", 13), _check_digit]),
    "country": (Stored, [*exactly("[A-Z]", 2), validate.OneOf(sorted(countries("en")))]),
    "email": (
        Stored,
        [validate.Length(3, LONGEST_ADDRESS), validate.Regexp(f"^{ADDRESS.pattern}$")],
    ),
}

Values = dict[str, Any]
Add = Callable[[Session, Values, How], Any]


class AlreadyDescribed(Conflict):
    """This is recorded already, with number %(id)s. Read it, and change it there."""


def _add_lot(db: Session, said: Values, how: How) -> Any:
    return parties.ensure_lot(db, said.pop("part_id"), said.pop("lot_no"), **said, **how)


def _name(db: Session, said: Values, how: How) -> Any:
    kind, its_id = said["entity"], said["entity_id"]
    if kind not in NAMED_ELSEWHERE or one_of(db, READABLE[kind], its_id, None) is None:
        raise NothingDescribed(kind=kind, id=its_id)
    return other_names.name_also(
        db, kind, its_id, named_by=said["source"], value=said["value"], **how
    )


ADD: Mapping[str, Add] = {
    "party": lambda db, said, how: parties.add_party(db, **said, **how),
    "location": lambda db, said, how: parties.add_location(db, **said, **how),
    "part": lambda db, said, how: parties.add_part(db, **said, **how),
    "lot": _add_lot,
    "contact": lambda db, said, how: contacts.add_contact(db, **said, **how),
    "market_authorisation": lambda db, said, how: authorisations.authorise(db, **said, **how),
    "supplier_agreement": lambda db, said, how: parties.agree_with_supplier(db, **said, **how),
    "external_id": _name,
}


# --- what may be sent ------------------------------------------------------------------------


def _described(kind: str) -> tuple[Field, ...]:
    """Return the fields that are said when a record is described."""
    return tuple(
        field
        for field in entity(kind).fields
        if field.kept
        and field.changes != "event"
        and field.type not in ("json", "bytes")
        and field.name != "is_unknown"  # the UNKNOWN lot comes to be by itself
    )


def _input(kind: str, field: Field, *, required: bool) -> fields.Field[Any]:
    said: dict[str, Any] = {
        "required": required,
        "allow_none": READABLE[kind].table.c[field.kept].nullable,
        "metadata": {"description": f"{field.label}. {field.meaning}."},
    }
    if field.type == "choice":
        return fields.String(validate=validate.OneOf(list(field.words)), **said)
    if field.type == "quantity":
        return Quantity(or_none=True, **said)
    made_by, checked = INPUTS.get(field.type, (Stored, validate.Length(1, 2000)))
    made: fields.Field[Any] = made_by(validate=checked, **said)
    return made


@cache
def new_schema(kind: str) -> type[Schema]:
    """Return what describes a new record: references by their number or by our id."""
    said: dict[str, fields.Field[Any]] = {}
    for field in _described(kind):
        if field.type == "ref":
            about = {"description": f"{field.label}. {field.meaning}."}
            said[field.name] = Stored(validate=TEXT, allow_none=True, metadata=about)
            said[field.kept] = fields.Integer(validate=ID, allow_none=True)
        else:
            said[said_as(field)] = _input(kind, field, required=field.required)
    said["reason"] = Stored(validate=REASON)
    return Strict.from_dict(said, name=f"New{schema_name(kind)}")


@cache
def change_schema(kind: str) -> type[Schema]:
    """Return what changes a record: why, and the fields that a hand may change."""
    said: dict[str, fields.Field[Any]] = {}
    for field in _described(kind):
        if field.changes not in ("free", "release"):
            continue
        if field.type == "ref":
            said[field.name] = Stored(validate=TEXT, allow_none=True)
            said[field.kept] = fields.Integer(validate=ID, allow_none=True)
        else:
            said[said_as(field)] = _input(kind, field, required=False)
    name = schema_name(kind)
    inner = Strict.from_dict(said, name=f"{name}Fields")
    return Strict.from_dict(
        {
            "reason": Stored(required=True, validate=REASON),
            "changes": fields.Nested(inner, required=True),
        },
        name=f"{name}Change",
    )


def _values(db: Session, kind: str, said: Mapping[str, Any], at: str, *, is_new: bool) -> Values:
    """Return the columns of what was sent; raises `Invalid` for what is named and not there."""
    _refuse_others(kind, said)
    naming, values = Naming(db), {}
    table = READABLE[kind].table
    for field in _described(kind):
        if field.type != "ref":
            if said_as(field) in said:
                values[field.kept] = said[said_as(field)]
            continue
        where = f"{at}{field.name}"
        is_said = field.kept in said or field.name in said
        if said.get(field.name) is not None:
            values[field.kept] = _referred(naming, field, said[field.name], where)
        elif said.get(field.kept) is not None:
            values[field.kept] = said[field.kept]
            _refuse_nowhere(db, naming, field, values[field.kept], f"{at}{field.kept}")
        elif table.c[field.kept].nullable:
            if is_said:
                values[field.kept] = None
        elif (is_new and not _is_maker_of_lot(kind, field)) or (is_said and not is_new):
            naming.say(where, MISSING)
    complete(naming)
    return values


def _refuse_others(kind: str, said: Mapping[str, Any]) -> None:
    """Raise `FieldNotYours` for a field that the dictionary gives to other roles."""
    for field in _described(kind):
        is_others = field.changed_by and not set(field.changed_by) & person().roles
        if (field.name in said or field.kept in said) and is_others:
            raise FieldNotYours(field=field.label)


def _is_maker_of_lot(kind: str, field: Field) -> bool:
    return kind == "lot" and field.name == "manufacturer"  # the part's own unless named


def _referred(naming: Naming, field: Field, number: str, at: str) -> int | None:
    if field.refers_to == "party":
        return naming.party(number, at)
    if field.refers_to == "location":
        return naming.place(number, at)
    return naming.part({"part_no": number}, at)


def _refuse_nowhere(db: Session, naming: Naming, field: Field, its_id: int, at: str) -> None:
    if one_of(db, READABLE[field.refers_to], its_id, None) is None:
        naming.say(at, N_("There is nothing with number %(id)s."), id=its_id)


# --- describing ------------------------------------------------------------------------------


def _add(db: Session, kind: str, said: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    values = _values(db, kind, said, at, is_new=True)
    if kind == "lot":
        values.setdefault("manufacturer_id", db.get_one(Part, values["part_id"]).manufacturer_id)
    _refuse_taken(db, READABLE[kind], values)
    how: How = {"by": person(), "at": now(), "reason": said.get("reason")}
    row = ADD[kind](db, values, how)
    db.flush()
    shown = one_of(db, READABLE[kind], row.id, person())
    return shown or {}


def _refuse_taken(db: Session, readable: Readable, values: Mapping[str, Any]) -> None:
    """Raise `AlreadyDescribed` where another record has the same number."""
    table = readable.table
    unique = [c.columns for c in table.constraints if isinstance(c, UniqueConstraint)]
    for columns in unique:
        said = [values.get(column.key) for column in columns]
        if any(one is None for one in said):
            continue
        same = [column == one for column, one in zip(columns, said, strict=True)]
        taken = db.scalar(select(table.c.id).where(*same))
        if taken is not None:
            raise AlreadyDescribed(id=taken)


def _describing(kind: str) -> Callable[..., Any]:
    readable = READABLE[kind]

    def describe(said: Mapping[str, Any]) -> Any:
        return once(lambda db: _made(readable, _add(db, kind, said)))

    describe.__doc__ = f"Describe a new {readable.described.label.lower()}."
    return describe


def _made(readable: Readable, shown: dict[str, Any]) -> Answer:
    where = f"/api/v1/{readable.address}/{shown['id']}"
    return Answer(shown, status=201, headers={"Location": where, "ETag": f'"{etag(shown)}"'})


def _changing(kind: str) -> Callable[..., Any]:
    readable = READABLE[kind]

    def alter(said: Mapping[str, Any], record_id: int) -> Any:
        return change(lambda db: _changed(db, readable, record_id, said))

    alter.__doc__ = (
        f"Change a {readable.described.label.lower()} as it was read (If-Match), with the reason."
    )
    return alter


Alter = Callable[[Session, str, int, Values, How], Any]


def _changed(db: Session, readable: Readable, its_id: int, said: Mapping[str, Any]) -> Answer:
    kind = readable.entity
    db.execute(select(readable.table.c.id).where(readable.table.c.id == its_id).with_for_update())
    before = one_of(db, readable, its_id, person())
    if before is None:
        raise NothingDescribed(kind=kind, id=its_id)
    refuse_unmatched(before)
    values = _values(db, kind, said["changes"], "changes.", is_new=False)
    how: How = {"by": person(), "at": now(), "reason": said["reason"]}
    alter: Alter = CHANGE.get(kind, _change)
    alter(db, kind, its_id, values, how)
    after = one_of(db, readable, its_id, person()) or {}
    return Answer(after, headers={"ETag": f'"{etag(after)}"'})


def _change(db: Session, kind: str, its_id: int, values: Values, how: How) -> None:
    master.change(db, kind, its_id, values, **how)


# what has a command of its own: another address of a contact is not verified any more
CHANGE: Mapping[str, Alter] = {
    "contact": lambda db, _, its_id, values, how: contacts.change_contact(
        db, its_id, values, **how
    ),
    "market_authorisation": lambda db, _, its_id, values, how: authorisations.change_authorisation(
        db, its_id, values, **how
    ),
}


def _answers(status: str, kind: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{schema_name(kind)}"}
    content = {"application/json": {"schema": schema}}
    return {"responses": {status: {"description": "The record.", "content": content}}}


for _kind in ADD:
    _address = f"/{READABLE[_kind].address}"
    _new = bp.doc(**_answers("201", _kind))(bp.arguments(new_schema(_kind))(_describing(_kind)))
    bp.add_url_rule(_address, f"describe_{_kind}", allow(ACTION)(_new), methods=["POST"])
    if READABLE[_kind].described.table in master.MODELS:
        _alter = bp.arguments(change_schema(_kind))(_changing(_kind))
        _alter = bp.doc(**_answers("200", _kind))(_alter)
        bp.add_url_rule(
            f"{_address}/<int:record_id>",
            f"change_{_kind}",
            allow(ACTION)(_alter),
            methods=["PATCH"],
        )


# --- thousands at once -----------------------------------------------------------------------


class NewRecord(Strict):
    """A new record of one kind."""

    entity = fields.String(required=True, validate=validate.OneOf(list(ADD)))
    values = fields.Dict(keys=fields.String(), required=True)


class NewRecords(Strict):
    """Records that are described together, or not at all."""

    records = fields.List(
        fields.Nested(NewRecord), required=True, validate=validate.Length(1, AT_ONCE)
    )


class Described(Strict):
    """What a new record is."""

    entity = fields.String(required=True)
    id = fields.Integer(required=True)


class AllDescribed(Strict):
    """The new records, in the order sent."""

    records = fields.List(fields.Nested(Described), required=True)


@bp.route("/records", methods=["POST"])
@allow(ACTION)
@bp.arguments(NewRecords)
@bp.response(201, AllDescribed)
def describe_many(said: Mapping[str, Any]) -> Any:
    """Describe up to 5,000 new records in order, all or nothing; later ones may name earlier ones.

    `values` is what the address of the kind takes.
    """
    return once(lambda db: _all(db, said["records"]))


def _all(db: Session, wanted: list[Mapping[str, Any]]) -> Answer:
    def describe(one: Mapping[str, Any], at: str) -> dict[str, Any]:
        kind, here = one["entity"], f"{at}.values"
        schema = new_schema(kind)()
        if wrong := schema.validate(one["values"]):
            raise Invalid(list(leaves(here, wrong)))
        shown = _add(db, kind, schema.load(one["values"]), f"{here}.")
        return {"entity": kind, "id": shown["id"]}

    return Answer({"records": all_or_nothing(db, "records", wanted, describe)}, status=201)
