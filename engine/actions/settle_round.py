"""Say, when all lines of a round have ended, whether anything is still pending."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import dispositions
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: what is pending is the case's own."""


class Result(Schema):
    """Whether anything is still held and undecided."""

    pending = fields.Boolean(required=True)


def settle_round(step: Step) -> dict[str, bool]:
    """Look at what is held and in no running line."""
    return {"pending": bool(dispositions.pending(step.db, case_of(step)))}
