"""Have every authority told to which the action is reportable, each in a child of its own."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import authorities


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """Nothing is told."""


def open_notifications(step: Step) -> dict[str, bool]:
    """Open one notification for each."""
    authorities.open_notifications(step, case_of(step))
    return {}
