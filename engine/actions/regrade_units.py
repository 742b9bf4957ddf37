"""Give the relabelled parts of a line their new grade."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases import answers
from engine.cases.carrying_out import PROCESS, case_of, good_parts, how, line_of, units_of
from engine.cases.following import acting
from engine.cases.holding import stock_parts
from engine.serials import state


class Parameters(Schema):
    """Nothing is needed: the new grade is in the line's own answers."""


class Result(Schema):
    """Nothing is told: the release comes next."""


def regrade_units(step: Step) -> dict[str, bool]:
    """Record the new part number or grade of everything that was relabelled."""
    case, line = case_of(step), line_of(step)
    relabelled = answers.latest(
        step.db, case, PROCESS, "relabel_units", instance_id=step.instance.id
    )
    grade = relabelled.answers["new_part"] if relabelled else ""
    parts = good_parts(step.db, case, line, "relabel_units", "relabelled")
    if not parts:
        return {}

    with acting(case):
        state.regrade(
            step.db,
            grade,
            units=units_of(parts),
            stock_parts=stock_parts(step.db, case, parts),
            under_case=case.number,
            **how(step, case, f"{case.number} line {line.number}"),
        )
    return {}
