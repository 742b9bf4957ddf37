"""Events, recorded from outside: one at a time, or thousands at once and all or nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials import correct
from engine.serials.models import EventLink
from engine.serials.record import Effect, Recorded
from webapp.api.blueprint import Stored, Strict, part
from webapp.api.bulk import all_or_nothing
from webapp.api.naming import TEXT, InputName, LotName, Naming, Quantity, UnitName
from webapp.api.recording import RECORDABLE, Recordable
from webapp.api.recording.kind import MOST, Happened, complete, how_of
from webapp.api.writing import Answer, once
from webapp.permissions import allow, permit
from webapp.sentences import translated

bp = part("events", "Events, recorded and corrected.")
AT_ONCE = 5_000


# --- what is answered ------------------------------------------------------------------------


class EventRecorded(Strict):
    """What was recorded."""

    event_id = fields.Integer(required=True)
    uuid = fields.String(required=True, metadata={"format": "uuid"})
    type = fields.String(required=True)
    unit_ids = fields.List(fields.Integer(), required=True)
    lot_id = fields.Integer(required=True, allow_none=True)
    segment_id = fields.Integer(required=True, allow_none=True)
    warnings = fields.List(fields.String(), required=True)
    breach_ids = fields.List(
        fields.Integer(),
        required=True,
        metadata={"description": "Holds that the reported fact has broken."},
    )


class AllRecorded(Strict):
    """What was recorded, in the order sent."""

    events = fields.List(fields.Nested(EventRecorded), required=True)


def _told(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    return {
        "event_id": event.id,
        "uuid": str(event.uuid),
        "type": event.type,
        "unit_ids": list(recorded.unit_ids),
        "lot_id": recorded.lot_id,
        "segment_id": recorded.segment_id,
        "warnings": [translated(warning) for warning in recorded.warnings],
        "breach_ids": list(recorded.breach_ids),
    }


def _made(recorded: Recorded) -> Answer:
    where = {"Location": f"/api/v1/events/{recorded.event.id}"}
    return Answer(_told(recorded), status=201, headers=where)


# --- one at a time ---------------------------------------------------------------------------


def _recording(kind: Recordable) -> Callable[..., Any]:
    def record(said: Mapping[str, Any]) -> Any:
        return once(lambda db: _made(kind.record(db, said)))

    record.__doc__ = kind.words
    return record


for _kind in RECORDABLE.values():
    _view = bp.response(201, EventRecorded)(_recording(_kind))
    _view = bp.arguments(_kind.schema)(_view)
    bp.add_url_rule(
        f"/events/{_kind.code}",
        f"record_{_kind.code}",
        allow(_kind.action)(_view),
        methods=["POST"],
    )


# --- thousands at once -----------------------------------------------------------------------


NOT_A_MAPPING = "invalid"  # a key of the field's own sentences


class OneOfMany(fields.Dict):
    """An event of any type, told apart by its `type`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> Any:
        said = self._said(value)
        kind = RECORDABLE.get(str(said.pop("type", "")))
        if kind is None:
            raise ValidationError({"type": [f"One of: {', '.join(sorted(RECORDABLE))}."]})
        return kind, kind.schema().load(said)

    def _said(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise self.make_error(NOT_A_MAPPING)
        return dict(value)


class Many(Strict):
    """Events that are recorded together, or not at all."""

    events = fields.List(
        OneOfMany(keys=fields.String(), metadata={"x-event": True}),
        required=True,
        validate=validate.Length(1, AT_ONCE),
    )


@bp.route("/events", methods=["POST"])
@allow("record.open")
@bp.arguments(Many)
@bp.response(201, AllRecorded)
def record_many(said: Mapping[str, Any]) -> Any:
    """Record up to 5,000 events in order, all or nothing.

    When one cannot be recorded, none is: every problem is answered with the place of its event.
    Each asks its own action, as it does alone.
    """
    return once(lambda db: _all(db, said["events"]))


def _all(db: Session, wanted: list[tuple[Recordable, Mapping[str, Any]]]) -> Answer:
    def record(one: tuple[Recordable, Mapping[str, Any]], _at: str) -> dict[str, Any]:
        kind, said = one
        permit(kind.action)
        return _told(kind.record(db, said))

    return Answer({"events": all_or_nothing(db, "events", wanted, record)}, status=201)


# --- putting right ---------------------------------------------------------------------------


class Withdrawal(Strict):
    """Why an event did not occur."""

    reason = Stored(required=True, validate=validate.Length(1, 2000))


class Correction(Happened):
    """What was really so; what is left out stays as it was."""

    reason = Stored(required=True, validate=validate.Length(1, 2000))
    units = fields.List(fields.Nested(UnitName), validate=validate.Length(1, MOST))
    location = Stored(validate=TEXT)
    quantity = Quantity()
    wrong_lots = fields.List(
        fields.Nested(LotName),
        load_default=list,
        validate=validate.Length(max=500),
        metadata={"description": "Lots that never went in."},
    )
    right_inputs = fields.List(
        fields.Nested(InputName),
        load_default=list,
        validate=validate.Length(max=500),
        metadata={"description": "What really went in."},
    )


@bp.route("/events/<int:event_id>/withdraw", methods=["POST"])
@allow("event.correct")
@bp.arguments(Withdrawal)
@bp.response(201, EventRecorded)
def withdraw(said: Mapping[str, Any], event_id: int) -> Any:
    """Record that an event did not occur; one that was corrected names its latest version."""
    return once(lambda db: _made(correct.withdraw(db, event_id, **how_of(said))))


@bp.route("/events/<int:event_id>/correct", methods=["POST"])
@allow("event.correct")
@bp.arguments(Correction)
@bp.response(201, EventRecorded)
def put_right(said: Mapping[str, Any], event_id: int) -> Any:
    """Record what was really so in place of an event that was recorded wrongly."""
    return once(lambda db: _made(_corrected(db, event_id, said)))


def _corrected(db: Session, event_id: int, said: Mapping[str, Any]) -> Recorded:
    naming = Naming(db)
    if said["wrong_lots"] or said["right_inputs"]:
        wrong = naming.lots(said["wrong_lots"], "wrong_lots")
        right = naming.inputs(said["right_inputs"], "right_inputs")
        complete(naming)
        return correct.correct_inputs(db, event_id, wrong=wrong, right=right, **how_of(said))
    units = naming.units(said["units"], "units") if "units" in said else None
    place_id = naming.place(said.get("location"), "location") or None
    complete(naming)
    effect = _effect_of(db, event_id, place_id) if place_id or units is not None else None
    return correct.replace(
        db,
        event_id,
        units=units,
        effect=effect,
        location_id=place_id,
        quantity=said.get("quantity"),
        **how_of(said),
    )


def _effect_of(db: Session, event_id: int, place_id: int | None) -> Effect | None:
    """Return what the event says of its goods, at the right place."""
    link = db.scalars(
        select(EventLink)
        .where(EventLink.event_id == event_id)
        .order_by(EventLink.role != "subject", EventLink.unit_id)
        .limit(1)
    ).first()
    if link is None:
        return None
    return Effect(link.custody, link.usability, place_id or link.location_id)
