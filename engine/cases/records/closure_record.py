"""The closure record of a recall: the whole field action, from the signal to the last unit.

Sums, decisions and signatures stand on its pages; every unit, notice, attempt, reply and check is
a row of a file in it, so that ten thousand consignees make no book.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import answers as kept, scopes
from engine.cases.models import Answer, Case
from engine.cases.recalls import showing
from engine.cases.records import authority_sections as authorities, closing_rows, outcome_sections
from engine.cases.records.decision_record import suggested_classes
from engine.cases.records.scope_sections import scopes as scope_sections
from engine.cases.records.sections import (
    Record,
    Section,
    balance as balance_section,
    head,
    kept_answers,
    sources,
)
from engine.cases.records.signed import signatures
from engine.cases.records.strategy_record import jurisdictions
from engine.evidence.canonical import moment
from engine.evidence.documents import Document
from engine.people import Person
from engine.words import N_

PROCESS = "recall"
SIGNAL = ("report", "triage_signal", "order_containment")
HAZARD = ("evaluate_health_hazard",)
STRATEGY = ("draft_strategy", "approve_strategy", "publish_announcement")
EFFECT = ("plan_checks", "evaluate_effectiveness")
CLOSING = ("review_returns", "reconcile", "verify_and_close")


def draw(db: Session, case: Case, task: Task, own: list[dict[str, Any]] | None) -> Record:
    """Return the record; `own` is the answer of the closing that is being signed."""
    given = [one for one in given_in(db, case) if own is None or one.task_id != task.id]
    drawn = head(db, case, title=N_("Closure record of the recall"), number=case.number,
                 created_at=_newest(given))  # fmt: skip
    if case.ended_at is not None:
        drawn["case"]["closed_at"] = moment(case.ended_at)
    return {
        **drawn,
        "sources": sources(given),
        "sections": whole_action(db, case, given, own=own or ()),
    }


def given_in(db: Session, case: Case) -> list[Answer]:
    """Return the answers of a recall that its record tells."""
    return [
        one
        for process in (PROCESS, "recall_decision", "effectiveness")
        for one in kept.standing(db, case, process=process)
    ]


def whole_action(
    db: Session, case: Case, given: Sequence[Answer], *, own: Iterable[Section] = ()
) -> list[Section]:
    """Return the whole field action as sections, from the signal to the last unit."""
    shown = showing.shown(db, case)

    def said(*elements: str) -> list[dict[str, Any]]:
        return kept_answers(db, case, [one for one in given if one.element_id in elements])

    return [
        authorities.dates(db, case),
        *said(*SIGNAL),
        *scope_sections(db, scopes.versions(db, case), case.language),
        *said(*HAZARD),
        *suggested_classes(db, case),
        *kept_answers(db, case, [one for one in given if one.process == "recall_decision"]),
        jurisdictions(shown, case.language),
        *authorities.told(shown, case.language),
        *said(*STRATEGY),
        *outcome_sections.notices(db, case),
        *outcome_sections.dispositions(db, case),
        *said(*EFFECT),
        *outcome_sections.effectiveness(db, case),
        *outcome_sections.status_reports(db, case),
        {**balance_section(db, case), "page_break": True},
        *outcome_sections.shares(db, case),
        *outcome_sections.not_accounted(db, case),
        *said(*CLOSING),
        *own,
        signatures(db, case, most=outcome_sections.MOST_ROWS),
        *outcome_sections.exhibits(db, case),
    ]


def attach_rows(
    db: Session, case: Case, _task: Task, *, by: Person, at: datetime
) -> list[Document]:
    """Return the files with every row that the record only counts."""
    return closing_rows.attach(db, case, by=by, at=at)


def _newest(given: Sequence[Answer]) -> datetime | None:
    return max((one.at for one in given), default=None)
