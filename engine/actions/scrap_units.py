"""Record what a line destroyed, and keep the samples that were set aside."""

from marshmallow import Schema

from engine.bpmn.step import Step
from engine.cases.carrying_out import (
    case_of,
    finish,
    good_parts,
    how,
    line_of,
    post,
    units_of,
)
from engine.cases.following import acting
from engine.cases.holding import stock_parts
from engine.cases.samples import kept_as_samples
from engine.serials import state


class Parameters(Schema):
    """Nothing is needed: the line is the diagram's own."""


class Result(Schema):
    """Nothing is told: the line is done."""


def scrap_units(step: Step) -> dict[str, bool]:
    """Destroy what was witnessed to be destroyed; samples are scrap and stay on hold."""
    case, line = case_of(step), line_of(step)
    reason = f"{case.number} line {line.number}: scrap"
    samples = kept_as_samples(step.db, case, line)
    destroyed = good_parts(step.db, case, line, "destroy_units", "destroyed")
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
