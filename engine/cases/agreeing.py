"""Answers that must agree with what the case already knows: said at the field, before signing."""

from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import balance, missing
from engine.cases.carrying_out import good_parts, judged_good
from engine.cases.context import line_parts
from engine.cases.dispositions import parts_of_line, pending
from engine.cases.models import Case, Line
from engine.cases.notices import wording
from engine.cases.recalls import agreeing as recall_agreeing, destroying
from engine.cases.recalls.doings import (
    DESTROYING,
    RELABELLING,
    RETURNING,
    REWORKING,
    problems_in,
)
from engine.cases.samples import samples_of, without
from engine.errors import Invalid, Problem
from engine.words import N_

# the steps of a line at which goods are destroyed, altered or sent away, and what says how many
BY_LINE = {
    "destroy_units": (DESTROYING, "destroyed"),
    "perform_rework": (REWORKING, "reworked"),
    "relabel_units": (RELABELLING, "relabelled"),
    "return_to_supplier": (RETURNING, "sent"),
}
NOTHING_LEFT = N_("Everything would be kept. Leave at least one to be destroyed.")
COUNTED_OTHERWISE = N_(
    "You counted %(counted)s, but %(destroyed)s are recorded as destroyed. Count again; if it "
    "stays so, have the record of the destruction corrected first."
)

TO_BE_DECIDED = N_(
    "%(quantity)s came back or turned up and nobody has decided on them. Choose that the board has "
    "to decide on more."
)
ALL_DECIDED = N_(
    "Nothing is held here that was not decided on, so there is nothing more to decide."
)
EXISTED = N_(
    "%(unit)s was shipped, sent out or installed once, or something was installed in it, so it "
    "existed. Choose “Not found after search”."
)


def refuse_disagreement(db: Session, case: Case, task: Task, answers: dict[str, Any]) -> None:
    """Raise `Invalid` when an answer contradicts what an earlier step of the case recorded."""
    if task.element_id == "resolve_count_mismatch":
        _refuse_existed(db, case, answers)
    if task.element_id == "verify_and_close":
        _refuse_undecided(db, case, answers.get("decision"))
    if (task.process, task.element_id) == ("notice_text", "draft_text"):
        if problems := list(wording.problems_in(answers)):
            raise Invalid(problems)
        return
    recall_agreeing.refuse_disagreement(db, case, task, answers)
    if task.process != "disposition_line":
        return
    line = db.scalar(select(Line).where(Line.instance_id == task.instance_id))
    if line is None:
        return
    if task.element_id == "decide_samples":
        _refuse_nothing_left(db, line, answers)
    if task.element_id in BY_LINE:
        _refuse_held_back(db, task, answers)
    if task.element_id == "witness_destruction":
        _compare_count(db, case, line, answers)


def _refuse_undecided(db: Session, case: Case, decision: str | None) -> None:
    if decision is None:
        return  # a case that runs on an earlier form is not asked: the closing looks for itself

    here = balance.holdings(db, case.id, accounts=tuple(balance.NOT_HELD))  # held by the round
    quantities = [part.quantity for part in pending(db, case)] + [one.quantity for one in here]
    undecided = sum(quantities, Decimal(0))
    if decision == "close" and undecided:
        facts = (("quantity", f"{undecided.normalize():f}"),)
        raise Invalid([Problem("decision", TO_BE_DECIDED, facts)])
    if decision != "close" and not undecided:
        raise Invalid([Problem("decision", ALL_DECIDED)])


def _refuse_existed(db: Session, case: Case, answers: dict[str, Any]) -> None:
    if answers.get("explanation") != missing.RECORD_WRONG:
        return
    unit = missing.handled(db, case, answers["found_units"])
    if unit is not None:
        raise Invalid([Problem("explanation", EXISTED, (("unit", unit),))])


def _refuse_nothing_left(db: Session, line: Line, answers: dict[str, Any]) -> None:
    samples = samples_of(db, line, answers)
    if samples and not without(parts_of_line(db, line), samples):
        at = "sample_units" if answers.get("sample_units") else "sample_quantity"
        raise Invalid([Problem(at, NOTHING_LEFT)])


def _refuse_held_back(db: Session, task: Task, answers: dict[str, Any]) -> None:
    """Raise `Invalid` while an authority has to know first; what is seen done later is a fact."""
    doing, field = BY_LINE[task.element_id]
    results = answers.get(field)
    parts = line_parts(db, task.instance_id) if results is None else judged_good(results)
    if problems := problems_in(field, destroying.held_back(db, parts, doing=doing)):
        raise Invalid(problems)


def destroyed(db: Session, case: Case, line: Line) -> Decimal:
    """Return how much of a line is recorded as destroyed."""
    done = good_parts(db, case, line, "destroy_units", "destroyed")
    return sum((part.quantity for part in done), Decimal(0))


def _compare_count(db: Session, case: Case, line: Line, answers: dict[str, Any]) -> None:
    counted, recorded = Decimal(answers["counted"]["quantity"]), destroyed(db, case, line)
    if counted != recorded:
        facts = (("counted", f"{counted:f}"), ("destroyed", f"{recorded:f}"))
        raise Invalid([Problem("counted", COUNTED_OTHERWISE, facts)])
