"""Take up the suspects that triage added, and say whether any has left our control."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import affected, answers, facts, holding, telling
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """Whether a suspect has left our control."""

    left_control = fields.Boolean(required=True)


def settle_scope(step: Step) -> dict[str, bool]:
    """Settle the scope as triage leaves it; what was held already is held with its additions."""
    case = case_of(step)
    settled = affected.settle(step.db, case, by=step.by, at=step.at)
    if step.variables.get("hold_count"):
        holding.place(step.db, case, settled, by=step.by, at=step.at)
    triage = answers.latest(step.db, case, case.process, "triage")
    if triage is not None:
        case.severity = triage.answers.get("severity")
    if settled.left_control:
        facts.record(step.db, case, "left_control", step.at.isoformat(), by=step.by, at=step.at)
    telling.scope_frozen(step.db, case, settled, at=step.at)
    return {"left_control": settled.left_control > 0}
