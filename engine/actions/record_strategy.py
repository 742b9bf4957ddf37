"""Put an approved strategy in force."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import strategies


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """What the diagram goes on with."""

    must_announce = fields.Boolean(required=True)


def record_strategy(step: Step) -> dict[str, bool]:
    """Keep it as the version in force and say whether it must be announced."""
    return {"must_announce": strategies.record(step, case_of(step))}
