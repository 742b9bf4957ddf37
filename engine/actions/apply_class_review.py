"""Put what follows from a received class into the strategy."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import authorities


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """Nothing is told."""


def apply_class_review(step: Step) -> dict[str, bool]:
    """Keep it as the version in force."""
    authorities.apply_class_review(step, case_of(step))
    return {}
