"""Account for what stays where it is because no action is taken anywhere."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import settling


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """Nothing is told."""


def settle_without_action(step: Step) -> dict[str, bool]:
    """Post it as left in the field under the signed decision."""
    settling.without_action(step, case_of(step))
    return {}
