"""Release the holds of a case that was screened out; no other case's are touched."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases import balance
from engine.cases.carrying_out import case_of
from engine.serials import holds


class Parameters(Schema):
    """Nothing is needed: the holds are the case's own."""


class Result(Schema):
    """Nothing is told: the case ends next."""


def lift_holds(step: Step) -> dict[str, bool]:
    """Release every hold of the case and post what was in house as not affected."""
    case = case_of(step)
    is_duplicate = step.variables.get("outcome") == "duplicate"
    reason = "duplicate of another case" if is_duplicate else "not a nonconformance"
    holds.release_case(step.db, case.number, reason=reason, by=step.by, at=step.at)
    lying = balance.holdings(step.db, case.id, accounts=(*balance.IN_HOUSE, *balance.NOT_HELD))
    to = "in_other_case" if is_duplicate else "released_not_affected"
    balance.post(step.db, case, lying, to=to, evidence=reason, by=step.by, at=step.at)
    return {}
