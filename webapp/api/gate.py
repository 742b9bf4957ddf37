"""May this pass? The gate for every door that asks from outside."""

from contextlib import suppress
from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields, validate

from engine.cases.recalls.at_the_door import asked_of_authorities
from engine.clock import now
from engine.errors import Busy
from engine.people.permissions import may
from engine.serials.gate import DOORS, Verdict, check
from engine.serials.holds import acknowledge, unacknowledged
from webapp.api.blueprint import Strict, part
from webapp.permissions import allow
from webapp.reading import read
from webapp.sentences import in_words
from webapp.session import person
from webapp.transactions import begin

bp = part("gate", "Whether held product may pass a door.", under="/gate")


class Asked(Strict):
    """One question: what stands before which door."""

    door = fields.String(
        required=True,
        validate=validate.OneOf(sorted(DOORS)),
        metadata={"description": "The door it is to pass."},
    )
    targets = fields.List(
        fields.String(validate=validate.Length(min=1, max=500)),
        required=True,
        validate=validate.Length(min=1, max=10_000),
        metadata={"description": "Serials, lot numbers or whole UDIs, as scanned."},
    )
    under_case = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=40),
        metadata={"description": "The case whose own holds do not stop its own disposition."},
    )


class HoldSeen(Schema):
    """A hold that bears on the target."""

    hold_id = fields.Integer(required=True)
    case_number = fields.String(required=True)
    reason = fields.String(required=True)


class Answer(Schema):
    """The verdict for one target; `sentence` is what the person at the door is shown."""

    target = fields.String(required=True)
    label = fields.String(required=True)
    allowed = fields.Boolean(required=True)
    sentence = fields.String(required=True)
    holds = fields.List(fields.Nested(HoldSeen), required=True)


class Answers(Schema):
    """One verdict per target, in the order asked; `allowed` when every one may pass."""

    allowed = fields.Boolean(required=True)
    verdicts = fields.List(fields.Nested(Answer), required=True)


@bp.route("/check")
class GateCheck(MethodView):
    """Ask the gate."""

    @allow("gate.check")
    @bp.arguments(Asked)
    @bp.response(200, Answers)
    @bp.doc(**{"x-question": True})  # it records nothing: no key is needed
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Say whether each target may pass the door, with the holds and the sentence to show."""
        acknowledge_holds(asked["door"])
        verdicts = check(
            read(), asked["targets"], door=asked["door"], under_case=asked["under_case"]
        )
        verdicts = asked_of_authorities(read(), verdicts, door=asked["door"])
        return {
            "allowed": all(verdict.allowed for verdict in verdicts),
            "verdicts": [
                _answer(verdict, text)
                for verdict, text in zip(verdicts, asked["targets"], strict=True)
            ],
        }


def acknowledge_holds(door: str) -> None:
    """Keep that this door knows the holds that stand: whatever it asks, they decide the answer.

    An auditor who asks is no door.
    """
    at = now()
    if not may(person(), "gate.acknowledge"):
        return
    new = [hold.id for hold in unacknowledged(read(), door=door, before=at)]
    if not new:
        return
    with suppress(Busy), begin() as db:  # the answer does not wait for this: the next one counts
        acknowledge(db, new, door=door, at=at)


def _answer(verdict: Verdict, text: str) -> dict[str, Any]:
    return {
        "target": text,
        "label": verdict.label,
        "allowed": verdict.allowed,
        "sentence": in_words(verdict.problem) if verdict.problem else "",
        "holds": [
            {"hold_id": hold.hold_id, "case_number": hold.case_number, "reason": hold.reason}
            for hold in verdict.holds
        ],
    }
