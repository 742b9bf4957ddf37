"""Keep when an authority was told and its receipt."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import authorities


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """What the diagram goes on with."""

    has_gate = fields.Boolean(required=True)


def record_submission(step: Step) -> dict[str, bool]:
    """Say whether the notices of its jurisdiction wait for its answer."""
    return {"has_gate": authorities.record_submission(step, case_of(step))}
