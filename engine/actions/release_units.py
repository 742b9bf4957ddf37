"""Release what a line ended well for: conforming again, out of this case's holds, accounted for."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases import carrying_out
from engine.cases.carrying_out import case_of, finish, give_back, good_parts, line_of

# where a line says which of its parts came out well
RESULTS = {
    "rework": ("perform_rework", "reworked"),
    "repair": ("perform_rework", "reworked"),
    "service": ("perform_rework", "reworked"),
    "recondition": ("perform_rework", "reworked"),
    "regrade": ("relabel_units", "relabelled"),
    "sort": ("sort_units", "results"),
}


class Parameters(Schema):
    """Nothing is needed: the line is the diagram's own."""


class Result(Schema):
    """Nothing is told: the line is done."""


def release_units(step: Step) -> dict[str, bool]:
    """Release the good parts of the line; the rest of it is pending again."""
    case, line = case_of(step), line_of(step)
    element, field = RESULTS.get(line.type, ("", ""))
    parts = good_parts(step.db, case, line, element, field)
    if not parts:
        give_back(line, at=step.at)
        return {}

    if element == "perform_rework":
        carrying_out.rework(step, case, line, parts)
    carrying_out.release_for_use(step, case, line, parts)
    finish(line, at=step.at)
    return {}
