"""Say, when all jurisdictions are decided, whether there is anything to carry out."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import jurisdictions


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """What the diagram goes on with."""

    must_act = fields.Boolean(required=True)


def settle_jurisdictions(step: Step) -> dict[str, bool]:
    """Look at the action and at every signed answer."""
    case = case_of(step)
    decided = jurisdictions.decided(step.db, case).values()
    is_action = step.variables["action"] != "none"
    return {"must_act": is_action or any(one.is_action for one in decided)}
