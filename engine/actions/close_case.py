"""Close a case: every unit accounted for, nothing of it still running, a checkpoint signed."""

from marshmallow import Schema

from engine.actions.lift_holds import lift_holds
from engine.bpmn.step import Step
from engine.cases import closing, identifying
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: the case is the diagram's own."""


class Result(Schema):
    """Nothing is told: the case is over."""


def close_case(step: Step) -> dict[str, bool]:
    """Close the case, or say what is still open."""
    case = case_of(step)
    closing.refuse_while_running(step, case)
    if step.variables.get("outcome") == "confirmed":
        identifying.refuse_unless_resolved(step.db, case)
    else:
        lift_holds(step)  # what came back since the screening goes free with the rest
    closing.close(step, case)
    return {}
