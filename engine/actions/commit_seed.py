"""Lay the plan of effectiveness checks that was signed, and commit the seed of its sample."""

from decimal import Decimal

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases import answers
from engine.cases.carrying_out import case_of
from engine.cases.checks import planning


class Parameters(Schema):
    """Nothing is needed: the plan is what was answered."""


class Result(Schema):
    """Nothing is told: the plan is a row of the case."""


def commit_seed(step: Step) -> dict[str, bool]:
    """Lay the plan; only the SHA-256 of its seed is written down where people read."""
    case = case_of(step)
    planned = answers.latest(step.db, case, "effectiveness", "plan_checks")
    if planned is None:
        raise planning.NoPlan
    given = planned.answers
    percent = given.get("percent")
    planning.plan_level(
        step.db,
        case,
        given["level"].removeprefix("level_").upper(),
        percent=None if percent is None else Decimal(percent),
        census_below=given.get("census_below") or 0,
        channel=given.get("channel") or "none",
        by=step.by,
        at=step.at,
    )
    return {}
