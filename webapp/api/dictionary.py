"""The data dictionary as other systems read it: entities, and the fields that one may see."""

from typing import Any

from marshmallow import Schema, fields

from engine.errors import NotFound
from engine.serials.dictionary import Entity, changeable, entities, seen
from webapp.api.blueprint import moment, part
from webapp.api.matching import tagged
from webapp.permissions import allow
from webapp.queries.dictionary import latest, named_elsewhere
from webapp.queries.records import READABLE
from webapp.reading import read
from webapp.session import person
from webapp.times import language

bp = part("dictionary", "What every record and field means.", under="/dictionary")


class EntityUnknown(NotFound):
    """There is no such entity in the data dictionary. GET /dictionary lists them."""


class FieldOf(Schema):
    """One field that the account may see."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    meaning = fields.String(required=True)
    type = fields.String(required=True)
    changes = fields.String(required=True)
    required = fields.Boolean(required=True)
    may_change = fields.Boolean(required=True)
    choices = fields.List(fields.String(), required=True)
    refers_to = fields.String(required=True)
    named_elsewhere = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "What other systems call it."},
    )


class EntityOf(Schema):
    """One kind of record with its fields."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    meaning = fields.String(required=True)
    address = fields.String(required=True, allow_none=True)
    fields_ = fields.List(fields.Nested(FieldOf), required=True, data_key="fields")


class Version(Schema):
    """The version that stands."""

    id = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    at = moment()


class Dictionary(Schema):
    """The whole dictionary, as far as the account may see it."""

    version = fields.Nested(Version, required=True, allow_none=True)
    entities = fields.List(fields.Nested(EntityOf), required=True)


@bp.route("", methods=["GET"])
@allow("dictionary.read")
@bp.response(200, Dictionary)
def whole() -> Any:
    """Read every entity with the fields that the account may see, and the version that stands."""
    found = latest(read())
    version = None
    if found is not None:
        version = {"id": found.id, "sha256": found.sha256, "at": found.at.isoformat()}
    return tagged({"version": version, "entities": [_told(one) for one in entities()]})


@bp.route("/<name>", methods=["GET"])
@allow("dictionary.read")
@bp.response(200, EntityOf)
def one_entity(name: str) -> Any:
    """Read one entity with the fields that the account may see."""
    found = next((one for one in entities() if one.name == name), None)
    if found is None:
        raise EntityUnknown
    return tagged(_told(found))


def _told(what: Entity) -> dict[str, Any]:
    me, words = person(), language()
    mine = {field.name for field in changeable(what.name, me)}
    return {
        "name": what.name,
        "label": what.says(words),
        "meaning": what.means(words),
        "address": f"/{READABLE[what.name].address}" if what.name in READABLE else None,
        "fields": [
            {
                "name": field.name,
                "label": field.says(words),
                "meaning": field.means(words),
                "type": field.type,
                "changes": field.changes,
                "required": field.required,
                "may_change": field.name in mine,
                "choices": list(field.words) if field.type == "choice" else [],
                "refers_to": field.refers_to,
                "named_elsewhere": dict(named_elsewhere(field)),
            }
            for field in seen(what.name, me)
        ],
    }
