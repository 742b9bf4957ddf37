"""Take up what the investigation found: identified units, further suspects, what stays unknown."""

from decimal import Decimal

from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from engine.bpmn.step import Step
from engine.cases import affected, balance, evaluation, holding, identifying, upkeep
from engine.cases.carrying_out import case_of
from engine.cases.models import Case


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """Whether every description is resolved; else the investigation goes on."""

    all_identified = fields.Boolean(required=True)


def take_up_findings(step: Step) -> dict[str, bool]:
    """Settle, hold and have segregated what was found; have evaluated what nobody identified."""
    case = case_of(step)
    before = _held(step.db, case)
    settled = affected.settle(step.db, case, by=step.by, at=step.at)
    holding.place(step.db, case, settled, by=step.by, at=step.at)
    if _held(step.db, case) > before:
        upkeep.count_again(step.db, case, by=step.by, at=step.at)  # the quarantine is over
    evaluation.ensure(step.db, case, by=step.by, at=step.at)
    return {"all_identified": not identifying.unresolved(step.db, case)}


def _held(db: Session, case: Case) -> Decimal:
    held = balance.holdings(db, case.id, accounts=balance.IN_HOUSE)
    return sum((one.quantity for one in held), Decimal(0))
