"""Ask the authorities to end their oversight, each in a child of its own."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import authorities


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """Nothing is told."""


def open_terminations(step: Step) -> dict[str, bool]:
    """Record the completion and open one request for each."""
    authorities.open_terminations(step, case_of(step))
    return {}
