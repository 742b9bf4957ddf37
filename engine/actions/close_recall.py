"""Close a recall: every unit accounted for, nothing of it still running, a checkpoint signed."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases import closing
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: the case is the diagram's own."""


class Result(Schema):
    """Nothing is told: the case is over."""


def close_recall(step: Step) -> dict[str, bool]:
    """Close the recall, or say what is still open."""
    case = case_of(step)
    closing.refuse_while_running(step, case)
    closing.close(step, case)
    return {}
