"""Close the notice of a consignee who never answered."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.notices import outreach


class Parameters(Schema):
    """Whose notice it is."""

    notice_id = fields.Integer(required=True)


class Result(Schema):
    """Nothing is told: the diagram ends here."""


def close_notice(step: Step, notice_id: int) -> dict[str, int]:
    """Close it as unresolved after documented effort."""
    outreach.close(step, notice_id)
    return {}
