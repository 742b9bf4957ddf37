"""Keep the words of a notice text."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.notices import texts


class Parameters(Schema):
    """Which text."""

    text_id = fields.Integer(required=True)


class Result(Schema):
    """Nothing is told: the words stand in the text."""


def keep_text(step: Step, text_id: int) -> dict[str, int]:
    """Keep what was written as the proof."""
    texts.keep(step, text_id)
    return {}
