"""Open one notice for each consignee of a recall."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases.notices import opening


class Parameters(Schema):
    """Nothing is needed: the scope is the case's own."""


class Result(Schema):
    """Nothing is told: the last notice to end sends `notices_done`."""


def open_notices(step: Step) -> dict[str, int]:
    """Open the notices; their diagrams and letters follow with jobs."""
    opening.open_all(step)
    return {}
