"""Keep the country of a consignee that somebody found out."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases.carrying_out import case_of
from engine.cases.recalls import jurisdictions


class Parameters(Schema):
    """Nothing is needed: the answers are the case's own."""


class Result(Schema):
    """What the diagram goes on with."""

    is_new = fields.Boolean(required=True)


def take_country(step: Step) -> dict[str, bool]:
    """Say whether its jurisdiction is one that nobody decides yet."""
    return {"is_new": jurisdictions.take_country(step, case_of(step))}
