"""Record what was decided about product that has left our control."""

from typing import Any

from marshmallow import Schema, fields, validate

from engine.bpmn.step import Step
from engine.cases import balance, facts
from engine.cases.carrying_out import case_of
from engine.evidence import ledger

ENDS = {"opens_recall": "transferred_to_recall", "no_field_action": "left_without_field_action"}


class Parameters(Schema):
    """The decision that regulatory affairs signed."""

    decision = fields.String(required=True, validate=validate.OneOf(list(ENDS)))


class Result(Schema):
    """Nothing is told: the balance says where the units are."""


def record_field_action(step: Step, *, decision: str) -> dict[str, Any]:
    """Post what left our control where the signed decision puts it."""
    case = case_of(step)
    left = balance.holdings(step.db, case.id, accounts=balance.LEFT_CONTROL)
    for account in balance.LEFT_CONTROL:
        parts = [part for part in left if part.account == account]
        # a unit nobody found is no less unresolved for not being recalled
        lost = account == "not_found" and decision == "no_field_action"
        balance.post(
            step.db,
            case,
            parts,
            to="unresolved" if lost else ENDS[decision],
            evidence=f"field action evaluation: {decision}",
            by=step.by,
            at=step.at,
        )
    facts.record(step.db, case, "field_action_decision", decision, by=step.by, at=step.at)
    body = {"decision": decision, "quantity": str(sum(part.quantity for part in left))}
    ledger.append(step.db, case.stream, "field_action_decided", body, by=step.by, at=step.at)
    return {}
