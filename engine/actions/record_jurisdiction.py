"""Keep what the recall is in one jurisdiction, as it was signed."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import authorities, jurisdictions


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """Nothing is told."""


def record_jurisdiction(step: Step) -> dict[str, bool]:
    """Record the answer and close the gates of that law."""
    case = case_of(step)
    jurisdictions.record(step, case)
    authorities.notify_further(step, case)
    return {}
