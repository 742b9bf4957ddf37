"""Have what a consignee said before stand again, where a person has found that it is right."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases import answers
from engine.cases.carrying_out import case_of
from engine.cases.replies import restoring


class Parameters(Schema):
    """Nothing is needed: which reply it is about stands in the diagram."""


class Result(Schema):
    """Nothing is told: the replies and the balance say what stands."""


def restore_reply(step: Step) -> dict[str, bool]:
    """Record once more what was said before, when the answer says that it stands."""
    case = case_of(step)
    [settled] = answers.standing(
        step.db, case, element_id="settle_reply", instance_id=step.instance.id
    )
    if settled.answers["stands"] == "earlier" and step.by is not None:
        restoring.restore(
            step.db,
            step.variables["reply_id"],
            channel=settled.answers["channel"],
            note=settled.answers["explanation"],
            by=step.by,
            at=step.at,
        )
    return {}
