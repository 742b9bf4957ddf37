"""Write the proposed lines, and say which functions of the board they concern."""

from marshmallow import Schema, fields

from engine.bpmn.step import Step
from engine.cases import answers, dispositions
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: the proposal is the case's own."""


class Result(Schema):
    """Whether regulatory affairs and manufacturing must approve, whatever the severity."""

    needs_regulatory = fields.Boolean(required=True)
    needs_manufacturing = fields.Boolean(required=True)


def weigh_lines(step: Step) -> dict[str, bool]:
    """Turn the last proposal into the lines of the open round."""
    case = case_of(step)
    proposal = answers.latest(step.db, case, "disposition", "propose_disposition")
    if proposal is None:
        raise dispositions.NoOpenRound
    lines = dispositions.propose(step.db, case, proposal.answers["lines"]["lines"])
    types = [dispositions.TYPES[line.type] for line in lines]
    return {
        "needs_regulatory": any(one.needs_regulatory for one in types),
        "needs_manufacturing": any(one.needs_manufacturing for one in types),
    }
