"""Take up what a report names: trace it, and hold it at once where the reporter asks for it."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import affected, holding
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: the report is the case's own."""


class Result(Schema):
    """Whether a suspect has left our control, and how many holds were placed."""

    left_control = fields.Boolean(required=True)
    hold_count = fields.Integer(required=True)


def register_report(step: Step) -> dict[str, bool | int]:
    """Settle the reported suspects; hold them now when the report says so."""
    case = case_of(step)
    settled = affected.settle(step.db, case, by=step.by, at=step.at)
    count = 0
    if step.variables.get("hold_now"):
        count = holding.place(step.db, case, settled, by=step.by, at=step.at)
    return {"left_control": settled.left_control > 0, "hold_count": count}
