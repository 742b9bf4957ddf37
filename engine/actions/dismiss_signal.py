"""Close the recall of a signal that two people screened out: nothing of it was ever held."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases import closing
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """Nothing is told: the case is over."""


def dismiss_signal(step: Step) -> dict[str, bool]:
    """Close the case; its record stays as it was answered."""
    case = case_of(step)
    closing.refuse_while_running(step, case)
    closing.close(step, case)
    return {}
