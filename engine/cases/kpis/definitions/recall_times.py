"""Recall handling time.

Formula: Time from awareness to the signed closure. Stages: awareness to decision, decision to first
notice, first notice to 90 % answered, first notice to completion, first notice to the request of
termination.

Population: Recalls; a stage counts when it ended in the window. By class: a recall counts in each
class it has.

Window: Closed, or the stage ended, in the chosen days.

Exclusions: Drills; stages that a recall has not reached.

Unit: Calendar time, median and longest; working time beside it is Monday to Friday in UTC, holidays
are not taken off.

Source: House definition; 21 CFR 7.49, 7.50 and 7.55 name the stages (unverified).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from engine.cases.kpis.about import classes_of
from engine.cases.kpis.measure import (
    REAL,
    Col,
    Figure,
    Measured,
    Rows,
    Window,
    median,
    most,
    seconds,
    working_seconds,
)  # fmt: skip
from engine.cases.models import Case, Fact
from engine.cases.notices.models import Notice
from engine.words import N_

PART, PLACE, UNIT = "recall", 1, "seconds"
# each stage: from which fact, to which, its words
STAGES: Mapping[str, tuple[str, str, str]] = {
    "handling": ("awareness", "closure", N_("Awareness to closure")),
    "decision": ("awareness", "decision", N_("Awareness to decision")),
    "notice": ("decision", "initiation", N_("Decision to first notice")),
    "answered": ("initiation", "answered_90", N_("First notice to 90 % answered")),
    "completion": ("initiation", "completion", N_("First notice to completion")),
    "termination": (
        "initiation", "termination_requested", N_("First notice to request of termination"),
    ),
}  # fmt: skip
NAMES = ("awareness", "decision", "initiation", "completion", "termination_requested", "closure")
LATEST = ("closure", "completion")  # of a recall that went on again, the last one counts


@dataclass(frozen=True)
class Recall:
    """One recall with the moments of its stages, as far as they are there."""

    number: str
    state: str
    moments: Mapping[str, datetime]
    classes: tuple[str, ...]

    def took(self, stage: str, window: Window) -> tuple[int, int] | None:
        """Return calendar and working time of a stage that ended in the window."""
        first, last, _ = STAGES[stage]
        began, ended = self.moments.get(first), self.moments.get(last)
        if began is None or ended is None or not window.holds(ended) or ended < began:
            return None
        return seconds(began, ended), working_seconds(began, ended)


def _recalls(db: Session) -> list[Recall]:
    moments: dict[int, dict[str, datetime]] = {}
    for case_id, name, at in _facts(db):
        known = moments.setdefault(case_id, {})
        if name in LATEST or name not in known or at < known[name]:
            known[name] = at
    for case_id, at in db.execute(_answered()):
        moments.setdefault(case_id, {})["answered_90"] = at
    classes = classes_of(db)
    cases = db.execute(
        select(Case.id, Case.number, Case.state)
        .where(REAL, Case.process == "recall", Case.state != "void")
        .order_by(Case.id.desc())
    )
    return [
        Recall(number, state, moments.get(id_, {}), tuple(classes.get(id_, ())))
        for id_, number, state in cases
    ]


def _facts(db: Session) -> Iterator[tuple[int, str, datetime]]:
    """Yield the standing moments of every recall: what the fact says, not when it was written."""
    later = aliased(Fact)
    rows = db.execute(
        select(Fact.case_id, Fact.name, Fact.value, Fact.recorded_at)
        .join(Case, Case.id == Fact.case_id)
        .where(
            REAL,
            Case.process == "recall",
            Fact.name.in_(NAMES),
            ~select(later.id).where(later.supersedes_id == Fact.id).exists(),
        )
        .order_by(Fact.id)
    )
    for case_id, name, value, recorded_at in rows:
        try:
            said = datetime.fromisoformat(value)
        except ValueError:
            said = recorded_at
        yield case_id, name, said if said.tzinfo else recorded_at


def _answered() -> Select[*tuple[Any, ...]]:
    """Return the query of when nine tenths of all notices of a recall were answered."""
    ranked = (
        select(
            Notice.case_id,
            Notice.answered_at,
            func.row_number()
            .over(partition_by=Notice.case_id, order_by=Notice.answered_at)
            .label("place"),
        )
        .where(Notice.answered_at.is_not(None))
        .subquery()
    )
    all_of = select(Notice.case_id, func.count().label("many")).group_by(Notice.case_id).subquery()
    return (
        select(ranked.c.case_id, ranked.c.answered_at)
        .join(all_of, all_of.c.case_id == ranked.c.case_id)
        .where(ranked.c.place == (all_of.c.many * 9 + 9) // 10)
    )


def measured(db: Session, window: Window) -> Measured:
    """Take the stages that ended in the window."""
    recalls = _recalls(db)
    figures: list[Figure] = []
    for stage, (_, _, label) in STAGES.items():
        took = [found for one in recalls if (found := one.took(stage, window))]
        calendar = [many for many, _ in took]
        figures += [
            median(label, calendar, group=N_("Median"), group_kind="words"),
            most(label, calendar, group=N_("Longest"), group_kind="words"),
            median(
                label, [worked for _, worked in took], group=N_("Working time, median"),
                group_kind="words",
            ),
        ]  # fmt: skip
    by_class: dict[str, list[int]] = {}
    for one in recalls:
        if found := one.took("handling", window):
            for name in one.classes:
                by_class.setdefault(name, []).append(found[0])
    groups = [
        median(N_("Awareness to closure, median"), took, group=name, group_kind="class")
        for name, took in sorted(by_class.items())
    ]
    return Measured(figures[0], tuple(figures[1:]), tuple(groups))


def rows(db: Session, window: Window) -> Rows:
    """Return every recall of which a stage ended in the window, with its stages."""
    found = []
    for one in _recalls(db):
        stages = [one.took(stage, window) for stage in STAGES]
        if any(stages):
            calendar = [stage[0] if stage else None for stage in stages]
            worked = stages[0][1] if stages[0] else None
            found.append((one.number, ", ".join(one.classes), *calendar, worked))
    return Rows(
        (
            Col("case", N_("Case"), "case"),
            Col("class", N_("Class"), "text"),
            *(Col(stage, label, "seconds") for stage, (_, _, label) in STAGES.items()),
            Col("working", N_("Awareness to closure, working time"), "seconds"),
        ),
        found,
    )
