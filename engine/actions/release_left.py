"""Let go of what left the scope of a recall: out of its holds, and accounted for."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.following import acting
from engine.cases.scopes.releasing import release_left as let_go


class Parameters(Schema):
    """Nothing is needed: what left is what the scope that stands by now does not name."""


class Result(Schema):
    """Nothing is told: the scope change is carried out."""


def release_left(step: Step) -> dict[str, bool]:
    """Release and post it; what a newer scope took up again stays as it is."""
    case = case_of(step)
    with acting(case):
        let_go(step.db, case, step.variables["scope"], by=step.by, at=step.at)
    return {}
