"""Take up what the investigation found: identified units, further suspects, what stays unknown."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import affected, evaluation, holding, identifying
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """Whether every description is resolved; else the investigation goes on."""

    all_identified = fields.Boolean(required=True)


def take_up_findings(step: Step) -> dict[str, bool]:
    """Settle and hold what was found; have evaluated what nobody could identify."""
    case = case_of(step)
    settled = affected.settle(step.db, case, by=step.by, at=step.at)
    holding.place(step.db, case, settled, by=step.by, at=step.at)
    evaluation.ensure(step.db, case, by=step.by, at=step.at)
    return {"all_identified": not identifying.unresolved(step.db, case)}
