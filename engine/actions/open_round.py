"""Open a round of disposition over what is still pending."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import affected, dispositions, evaluation, holding
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: what is pending is the case's own."""


class Result(Schema):
    """The number of the round, and whether there is anything to decide on."""

    round = fields.Integer(required=True)
    pending = fields.Boolean(required=True)


def open_round(step: Step) -> dict[str, int | bool]:
    """Take up what the investigation added; open the next round.

    A recall adds by freezing a scope, never here.
    """
    case = case_of(step)
    if case.process != "recall":
        settled = affected.settle(step.db, case, by=step.by, at=step.at)
        holding.place(step.db, case, settled, by=step.by, at=step.at)
        evaluation.ensure(step.db, case, by=step.by, at=step.at)
    if not dispositions.pending(step.db, case):
        return {"round": step.variables.get("round") or 0, "pending": False}
    opened = dispositions.open_round(step.db, case, instance_id=step.instance.id, at=step.at)
    return {"round": opened.number, "pending": True}
