"""Give a consignee who does not answer to a person."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.notices import outreach


class Parameters(Schema):
    """Whose notice it is."""

    notice_id = fields.Integer(required=True)


class Result(Schema):
    """Nothing is told: the next task says it."""


def escalate_notice(step: Step, notice_id: int) -> dict[str, int]:
    """Mark the notice as escalated."""
    outreach.escalate(step, notice_id)
    return {}
