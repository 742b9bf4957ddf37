"""Hold what was scanned and counted against what should stand in quarantine."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import answers, segregated
from engine.cases.carrying_out import case_of
from engine.evidence import ledger

COUNTS = ("confirm_segregation", "recount_held_stock")


class Parameters(Schema):
    """Nothing is needed: the count is the case's own."""


class Result(Schema):
    """Whether every unit and quantity was found, and nothing else."""

    counts_match = fields.Boolean(required=True)


def compare_counts(step: Step) -> dict[str, bool]:
    """Compare the last count of this diagram with what the case holds in our hands."""
    case = case_of(step)
    counted = [
        answer
        for answer in answers.standing(step.db, case, instance_id=step.instance.id)
        if answer.element_id in COUNTS
    ][-1]
    expected = segregated.expected(step.db, case)
    comparison = segregated.compare(expected, counted.answers["segregated"])
    body = {
        "missing": list(comparison.missing),
        "unexpected": list(comparison.unexpected),
        "differing": list(comparison.differing),
    }
    ledger.append(step.db, case.stream, "counts_compared", body, by=step.by, at=step.at)
    return {"counts_match": comparison.matches}
