"""Give a line back: what it was about is pending again and waits for the next round."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases.carrying_out import give_back, line_of


class Parameters(Schema):
    """Nothing is needed: the line is the diagram's own."""


class Result(Schema):
    """Nothing is told: the next round asks what is pending."""


def return_line_to_pending(step: Step) -> dict[str, bool]:
    """Mark the line as returned."""
    give_back(line_of(step), at=step.at)
    return {}
