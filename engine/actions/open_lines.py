"""Have every approved line carried out, each in a diagram of its own."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases import dispositions
from engine.cases.carrying_out import case_of


class Parameters(Schema):
    """Nothing is needed: the round is the case's own."""


class Result(Schema):
    """Nothing is told: the last line to end sends `lines_done`."""


def open_lines(step: Step) -> dict[str, bool]:
    """Approve the current round and open one child for each line."""
    current = dispositions.current_round(step.db, case_of(step))
    current.state, current.decided_at = "approved", step.at
    lines = {f"line-{line.id}": line for line in dispositions.lines_of(step.db, current)}
    for line in lines.values():
        line.state = "running"
    step.db.flush()
    items = [(key, {"type": line.type, "line_id": line.id}) for key, line in lines.items()]
    children = step.open_children("disposition_line", "lines_done", items)
    for key, line in lines.items():
        line.instance_id = children[key]
    return {}
