"""Write down what an effectiveness check found."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import answers
from engine.cases.carrying_out import case_of
from engine.cases.checks import results
from engine.cases.checks.models import EffectivenessFrame
from engine.people import Person


class NobodyChecked(RuntimeError):
    """A check was answered by no person; a fault of the program, not of a person."""


class Parameters(Schema):
    """Nothing is needed: the check is what was answered."""


class Result(Schema):
    """What the check found."""

    result = fields.String(required=True)


def record_check(step: Step) -> dict[str, str]:
    """Keep the answer to the check of this diagram as its result."""
    given = answers.latest(
        step.db,
        case_of(step),
        "effectiveness_check",
        "check_consignee",
        instance_id=step.instance.id,
    )
    if given is None or not isinstance(step.by, Person):
        raise NobodyChecked
    found = given.answers
    check = results.record(
        step.db,
        step.db.get_one(EffectivenessFrame, step.variables["frame_id"]),
        channel=found["channel"],
        reached=found["reached"],
        received=bool(found.get("received")),
        understood=bool(found.get("understood")),
        acted=bool(found.get("acted")),
        by=step.by,
        at=step.at,
    )
    return {"result": check.result}
