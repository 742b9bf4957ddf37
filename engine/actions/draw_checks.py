"""Freeze the frame of the effectiveness checks, draw who is asked, and open a check for each."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.checks import framing, planning


class Parameters(Schema):
    """Nothing is needed: the plan is the case's own."""


class Result(Schema):
    """How many consignees are asked."""

    check_count = fields.Integer(required=True)


def draw_checks(step: Step) -> dict[str, int]:
    """Draw from everybody who got a notice; who was asked under an earlier plan is not again.

    Nobody is asked where nothing ever left us, or all had answered before a letter went out.
    """
    db, case = step.db, case_of(step)
    plan = planning.standing(db, case)
    frame = framing.frame_of(db, case)
    if not frame and framing.is_anybody_waited_for(db, case):
        raise planning.NothingToCheck
    drawn = planning.draw(db, case, plan, frame, by=step.by, at=step.at)
    before = planning.asked_before(db, case, plan)
    asked = {f"check-{one.id}": one for one in drawn if one.notice_number not in before}
    if not asked:
        return {"check_count": 0}

    items = [(key, {"frame_id": one.id}) for key, one in asked.items()]
    children = step.open_children("effectiveness_check", "checks_done", items)
    for key, one in asked.items():
        one.instance_id = children[key]
    return {"check_count": len(asked)}
