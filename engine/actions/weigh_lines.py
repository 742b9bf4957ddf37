"""Write the proposed lines, and say which functions of the board they concern."""

from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from engine.bpmn.step import Step
from engine.cases import answers, dispositions
from engine.cases.carrying_out import case_of, units_of
from engine.cases.holding import stock_parts
from engine.cases.models import Case, Line
from engine.serials import gate
from engine.serials.targets import HoldTarget

# what changes a product for good needs every case that holds it; a release leaves theirs standing
DOORS = {
    "rework": "rework",
    "repair": "rework",
    "service": "rework",
    "recondition": "rework",
    "regrade": "regrade",
    "scrap": "destroy",
    "return_to_supplier": "ship",
}


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
    for line in lines:
        _refuse_if_held_elsewhere(step.db, case, line)
    types = [dispositions.TYPES[line.type] for line in lines]
    return {
        "needs_regulatory": any(one.needs_regulatory for one in types),
        "needs_manufacturing": any(one.needs_manufacturing for one in types),
    }


def _refuse_if_held_elsewhere(db: Session, case: Case, line: Line) -> None:
    """Raise `OnHold` now, not when it is done, where another case's hold stands in the way."""
    door = DOORS.get(line.type)
    if door is None:
        return
    parts = dispositions.parts_of_line(db, line)
    targets = [HoldTarget.unit(unit_id) for unit_id in units_of(parts)]
    targets += [HoldTarget.stock(one.stock_id) for one in stock_parts(db, case, parts)]
    gate.refuse_held(db, targets, door=door, under_case=case.number)
