"""Record the physical action that all four approved."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import deciding
from engine.cases.returns import correcting


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """The action, and how severe the case is for the board's own rules."""

    action = fields.String(required=True)
    severity = fields.String(required=True)


def take_decision(step: Step) -> dict[str, str]:
    """Record what was decided and when; the clocks that run from a decision start here."""
    case = case_of(step)
    decided = deciding.take(step, case)
    correcting.settle_read(step.db, case, by=step.by, at=step.at)
    return decided
