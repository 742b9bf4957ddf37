"""Propose the first scope of a recall from what its signal named, as far as it could be read."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import answers
from engine.cases.carrying_out import case_of
from engine.cases.recalls import containing


class Parameters(Schema):
    """Nothing is needed: the signal is the case's own."""


class Result(Schema):
    """Whether a scope could be proposed."""

    is_scope_proposed = fields.Boolean(required=True)


def register_signal(step: Step) -> dict[str, bool]:
    """Propose what the signal named; what nobody could read yet waits for the containment."""
    case = case_of(step)
    report = answers.latest(step.db, case, case.process, "report")
    named = report.answers.get("scope") if report else None
    if not named or not named["expression"].get("any"):
        return {"is_scope_proposed": False}
    containing.propose(step.db, case, named, reason="signal", by=step.by, at=step.at)
    return {"is_scope_proposed": True}
