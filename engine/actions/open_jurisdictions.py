"""Have every jurisdiction decided that the recall reaches, each in a child of its own."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import jurisdictions


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """Nothing is told."""


def open_jurisdictions(step: Step) -> dict[str, bool]:
    """Open one decision for each that has none yet."""
    jurisdictions.open_all(step, case_of(step))
    return {}
