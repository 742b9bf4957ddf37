"""Count what sorting found good; the bad pieces stay pending."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of, good_parts, line_of


class Parameters(Schema):
    """Nothing is needed: the results are the case's own."""


class Result(Schema):
    """How many pieces are good, in whole pieces."""

    good_count = fields.Integer(required=True)


def record_sort(step: Step) -> dict[str, int]:
    """Add up the good pieces of the line."""
    good = good_parts(step.db, case_of(step), line_of(step), "sort_units", "results")
    return {"good_count": int(sum(part.quantity for part in good))}
