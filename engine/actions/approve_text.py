"""Put a notice text in force."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.notices import texts


class Parameters(Schema):
    """Which text."""

    text_id = fields.Integer(required=True)


class Result(Schema):
    """Nothing is told: the text says it."""


def approve_text(step: Step, text_id: int) -> dict[str, int]:
    """Approve the text; the one before it is withdrawn."""
    texts.approve(step, text_id)
    return {}
