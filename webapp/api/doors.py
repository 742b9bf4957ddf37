"""What a door must know: the holds it has not acknowledged, and that it knows them now."""

from typing import Any

from flask.typing import ResponseReturnValue
from flask.views import MethodView
from marshmallow import Schema, fields, validate
from sqlalchemy import select

from engine.clock import now
from engine.serials.exchange import doors
from engine.serials.models import Hold, HoldDoor
from webapp.api.blueprint import Paged, Strict, part
from webapp.api.paging import page_of
from webapp.api.writing import Answer, once
from webapp.permissions import allow
from webapp.reading import read

bp = part("door_holds", "Holds that a registered door must acknowledge.", under="/doors")


class HoldToKnow(Schema):
    """A standing hold that this door has not acknowledged."""

    hold_id = fields.Integer(required=True)
    case_number = fields.String(required=True)
    reason = fields.String(required=True)
    target_kind = fields.String(required=True)
    target_count = fields.Integer(required=True)
    placed_at = fields.DateTime(required=True)


class HoldsToKnow(Schema):
    """One page of them, the first placed first."""

    holds = fields.List(fields.Nested(HoldToKnow), required=True)
    next = fields.String(required=True, allow_none=True)


class Known(Strict):
    """The holds that the door knows now."""

    hold_ids = fields.List(
        fields.Integer(validate=validate.Range(1, 2**63 - 1)),
        required=True,
        validate=validate.Length(1, 10_000),
        metadata={"description": "As the list of holds named them."},
    )


class Acknowledged(Schema):
    """How many of them the door had not acknowledged before."""

    acknowledged_count = fields.Integer(required=True)


@bp.route("/<name>/holds")
class ToKnow(MethodView):
    """What the door does not know yet."""

    @allow("hold.read")
    @bp.arguments(Paged, location="query")
    @bp.response(200, HoldsToKnow)
    def get(self, asked: dict[str, Any], name: str) -> dict[str, Any]:
        """List the standing holds that this door has not acknowledged."""
        db = read()
        door = doors.door_named(db, name)
        seen = select(HoldDoor.hold_id).where(
            HoldDoor.hold_id == Hold.id, HoldDoor.door == door.name
        )
        rows = select(*Hold.__table__.c).where(Hold.released_at.is_(None), ~seen.exists())
        page = page_of(db, rows, [Hold.__table__.c.id], asked, list_name=f"doors/{name}")
        return {
            "holds": [
                {
                    "hold_id": hold.id,
                    "case_number": hold.case_number,
                    "reason": hold.reason,
                    "target_kind": hold.target_kind,
                    "target_count": hold.target_count,
                    "placed_at": hold.placed_at,
                }
                for hold in page.rows
            ],
            "next": page.next,
        }


@bp.route("/<name>/acknowledgements")
class Acknowledgements(MethodView):
    """What the door knows."""

    @allow("gate.acknowledge")
    @bp.arguments(Known)
    @bp.response(200, Acknowledged)
    def post(self, known: dict[str, Any], name: str) -> ResponseReturnValue:
        """Keep that this door knows these holds and lets nothing under them pass."""
        return once(
            lambda db: Answer(
                {"acknowledged_count": doors.acknowledge(db, name, known["hold_ids"], at=now())}
            )
        )
