"""Keep what an authority was asked and what it answered."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import authorities


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """Nothing is told."""


def record_termination(step: Step) -> dict[str, bool]:
    """Record both."""
    authorities.record_termination(step, case_of(step))
    return {}
