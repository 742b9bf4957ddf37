"""Ask the jurisdictions that an added device touches again, each in a child of its own."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import scopes
from engine.cases.carrying_out import case_of
from engine.cases.recalls import jurisdictions


class Parameters(Schema):
    """Nothing is needed: the diagram was started with the number of the scope."""


class Result(Schema):
    """How many are asked again."""

    asked_again_count = fields.Integer(required=True)


def reopen_decisions(step: Step) -> dict[str, int]:
    """Open their decisions; what they decided stands until it is signed anew."""
    case = case_of(step)
    version = scopes.numbered(step.db, case, int(step.variables["scope"]))
    codes = jurisdictions.ask_again(step.db, case, version, by=step.by, at=step.at)
    return {"asked_again_count": len(codes)}
