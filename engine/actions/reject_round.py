"""Return a proposal that the board did not approve: its lines are pending again."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases import dispositions
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: the round is the case's own."""


class Result(Schema):
    """Nothing is told: the next round asks what is pending."""


def reject_round(step: Step) -> dict[str, bool]:
    """Reject the current round with all its lines."""
    current = dispositions.current_round(step.db, case_of(step))
    current.state, current.decided_at = "rejected", step.at
    for line in dispositions.lines_of(step.db, current):
        line.state = "rejected"
    return {}
