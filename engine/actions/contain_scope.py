"""Hold everything in the signed provisional scope, and freeze it as what the recall concerns."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import containing


class Parameters(Schema):
    """Nothing is needed: the order is the case's own."""


class Result(Schema):
    """How many units and lots were put on hold."""

    held_count = fields.Integer(required=True)


def contain_scope(step: Step) -> dict[str, int]:
    """Freeze what was ordered and record when shipping was stopped."""
    return {"held_count": containing.contain(step, case_of(step))}
