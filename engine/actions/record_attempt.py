"""Keep an attempt to reach a consignee, and count."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.notices import outreach


class Parameters(Schema):
    """Whose notice it is."""

    notice_id = fields.Integer(required=True)


class Result(Schema):
    """How many attempts are documented."""

    attempt_count = fields.Integer(required=True)


def record_attempt(step: Step, notice_id: int) -> dict[str, int]:
    """Keep what was written down at the task."""
    return {"attempt_count": outreach.keep_answered(step, notice_id)}
