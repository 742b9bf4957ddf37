"""Hold every suspect that is in our hands, at a third party or on its way."""

from decimal import Decimal

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import affected, balance, facts, holding
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: the scope is the case's own."""


class Result(Schema):
    """How much there is to segregate, in whole pieces."""

    in_house_count = fields.Integer(required=True)


def hold_units(step: Step) -> dict[str, int]:
    """Place the holds of the case on everything the trace reaches."""
    case = case_of(step)
    settled = affected.settle(step.db, case, by=step.by, at=step.at)
    placed = holding.place(step.db, case, settled, by=step.by, at=step.at)
    if placed:
        facts.record(step.db, case, "containment", step.at.isoformat(), by=step.by, at=step.at)
    held = balance.totals(step.db, case.id)
    in_house = sum((held.get(name, Decimal(0)) for name in balance.IN_HOUSE), Decimal(0))
    return {"in_house_count": int(in_house.to_integral_value(rounding="ROUND_CEILING"))}
