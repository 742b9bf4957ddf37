"""Let the letters of an approved text go out."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.notices import sending


class Parameters(Schema):
    """Which text."""

    text_id = fields.Integer(required=True)


class Result(Schema):
    """How many letters were asked for."""

    letter_count = fields.Integer(required=True)


def send_letters(step: Step, text_id: int) -> dict[str, int]:
    """Release the text and ask for its letters."""
    return {"letter_count": sending.release(step, text_id)}
