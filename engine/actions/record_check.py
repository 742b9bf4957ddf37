"""Write down what an effectiveness check found."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import answers
from engine.cases.carrying_out import case_of
from engine.cases.checks import results
from engine.cases.checks.models import EffectivenessFrame


class Parameters(Schema):
    """Nothing is needed: the check is what was answered."""


class Result(Schema):
    """What the check found."""

    result = fields.String(required=True)


def record_check(step: Step) -> dict[str, str]:
    """Keep the last answer to the check of this diagram as its result."""
    given = answers.standing(
        step.db,
        case_of(step),
        process="effectiveness_check",
        element_id="check_consignee",
        instance_id=step.instance.id,
    )[-1]
    found = given.answers
    check = results.record(
        step.db,
        step.db.get_one(EffectivenessFrame, step.variables["frame_id"]),
        channel=found["channel"],
        reached=found["reached"],
        received=bool(found.get("received")),
        understood=bool(found.get("understood")),
        acted=bool(found.get("acted")),
        by_id=given.by_id,
        at=step.at,
    )
    return {"result": check.result}
