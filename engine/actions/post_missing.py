"""Post what a search did not find: it has left our control until the opposite is shown."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases import answers, evaluation, missing
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: the count after the search is the case's own."""


class Result(Schema):
    """Nothing is told: the balance says what is missing."""


def post_missing(step: Step) -> dict[str, bool]:
    """Move what was not found out of what is held, and have its field action evaluated."""
    case = case_of(step)
    resolved = answers.standing(
        step.db, case, element_id="resolve_count_mismatch", instance_id=step.instance.id
    )
    if resolved and missing.post(step, case, resolved[-1]):
        evaluation.ensure(step.db, case, by=step.by, at=step.at)
    return {}
