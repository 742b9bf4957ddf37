"""Say, when all lines of a round have ended, whether anything is pending, with what came since."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import affected, dispositions, evaluation, holding
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: what is pending is the case's own."""


class Result(Schema):
    """Whether anything is still held and undecided."""

    pending = fields.Boolean(required=True)


def settle_round(step: Step) -> dict[str, bool]:
    """Hold what came since; look at what is held and in no running line."""
    case = case_of(step)
    settled = affected.settle(step.db, case, by=step.by, at=step.at)
    holding.place(step.db, case, settled, by=step.by, at=step.at)
    evaluation.ensure(step.db, case, by=step.by, at=step.at)
    return {"pending": bool(dispositions.pending(step.db, case))}
