"""Say, when all authorities have answered, whether one asks for more."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import authorities


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """What the diagram goes on with."""

    has_ended = fields.Boolean(required=True)


def settle_terminations(step: Step) -> dict[str, bool]:
    """Look at each one's last answer."""
    return {"has_ended": authorities.all_ended(step.db, case_of(step))}
