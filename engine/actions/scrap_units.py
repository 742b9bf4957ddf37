"""Record what a line destroyed, and keep the samples that were set aside."""

from decimal import Decimal

from marshmallow import Schema
from sqlalchemy.orm import Session

from engine.bpmn.step import Step
from engine.cases import answers
from engine.cases.carrying_out import (
    PROCESS,
    case_of,
    finish,
    good_parts,
    how,
    line_of,
    post,
    units_of,
)
from engine.cases.dispositions import Part, parts_of_line
from engine.cases.following import acting
from engine.cases.holding import stock_parts
from engine.cases.models import Case, Line
from engine.serials import state


class Parameters(Schema):
    """Nothing is needed: the line is the diagram's own."""


class Result(Schema):
    """Nothing is told: the line is done."""


def scrap_units(step: Step) -> dict[str, bool]:
    """Destroy what was witnessed to be destroyed; samples are scrap and stay on hold."""
    case, line = case_of(step), line_of(step)
    reason = f"{case.number} line {line.number}: scrap"
    samples = _samples(step.db, case, line)
    destroyed = _without(good_parts(step.db, case, line, "destroy_units", "destroyed"), samples)
    with acting(case):
        if samples:
            kept = state.scrap(
                step.db,
                units=units_of(samples),
                stock_parts=stock_parts(step.db, case, samples),
                under_case=case.number,
                **how(step, case, f"{reason}, kept as sample"),
            )
            post(step, case, samples, "kept_as_sample", event_id=kept.event.id, evidence=reason)
        if destroyed:
            done = state.destroy(
                step.db,
                units=units_of(destroyed),
                stock_parts=stock_parts(step.db, case, destroyed),
                under_case=case.number,
                **how(step, case, reason),
            )
            post(step, case, destroyed, "destroyed", event_id=done.event.id, evidence=reason)
    finish(line, at=step.at)
    return {}


def _samples(db: Session, case: Case, line: Line) -> list[Part]:
    """Return what `decide_samples` set aside: units by serial, or a quantity of the line's lot."""
    decided = answers.latest(db, case, PROCESS, "decide_samples", instance_id=line.instance_id)
    if decided is None or not decided.answers.get("samples_kept"):
        return []
    units = [
        Part(one["unit_id"], None, Decimal(1)) for one in decided.answers.get("sample_units") or ()
    ]
    of_line = parts_of_line(db, line)
    mine = {part.unit_id for part in of_line}
    lots = [part for part in of_line if part.lot_id is not None]
    asked = decided.answers.get("sample_quantity")
    if units or not lots or not asked:
        return [part for part in units if part.unit_id in mine]
    quantity = min(Decimal(asked["quantity"]), lots[0].quantity)
    return [Part(None, lots[0].lot_id, quantity)] if quantity > 0 else []


def _without(parts: list[Part], samples: list[Part]) -> list[Part]:
    kept = {part.key: part.quantity for part in samples}
    left = [
        Part(part.unit_id, part.lot_id, part.quantity - kept.get(part.key, Decimal(0)))
        for part in parts
    ]
    return [part for part in left if part.quantity > 0]
