"""Count what sorting found good; the bad pieces stay pending."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of, give_back, good_parts, line_of


class Parameters(Schema):
    """Nothing is needed: the results are the case's own."""


class Result(Schema):
    """How many pieces are good, in whole pieces."""

    good_count = fields.Integer(required=True)


def record_sort(step: Step) -> dict[str, int]:
    """Add up the good pieces of the line; one without any is pending again as a whole."""
    line = line_of(step)
    good = good_parts(step.db, case_of(step), line, "sort_units", "results")
    if not good:
        give_back(line, at=step.at)
    return {"good_count": int(sum(part.quantity for part in good))}
