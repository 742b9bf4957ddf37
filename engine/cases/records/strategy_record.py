"""The strategy of a recall, as it was approved: what it is where, and how it is carried out."""

from typing import Any

from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases.models import Case
from engine.cases.recalls import showing
from engine.cases.recalls.showing import JurisdictionShown
from engine.cases.records import rounds
from engine.cases.records.sections import Record, Section, head, kept_answers, sources, table
from engine.words import N_, say

PROCESS = "recall"
DRAFT, APPROVAL = "draft_strategy", "approve_strategy"


def draw(db: Session, case: Case, task: Task, own: list[dict[str, Any]] | None) -> Record:
    """Return the record of the draft that `task` answers to; `own` is the approval being signed."""
    said = rounds.of_task(db, case, task, process=PROCESS, opens=DRAFT)
    given = [one for one in said if one.element_id in (DRAFT, APPROVAL)]
    drafts = [one for one in given if one.element_id == DRAFT]
    return {
        **head(db, case, title=N_("Strategy of the recall"), number=f"{case.number}-P",
               created_at=drafts[0].at if drafts else None),
        "sources": sources(given if own is None else drafts),
        "sections": [
            jurisdictions(showing.shown(db, case), case.language),
            *kept_answers(db, case, given if own is None else drafts),
            *(own or ()),
        ],
    }  # fmt: skip


def jurisdictions(each: list[JurisdictionShown], language: str) -> Section:
    """Return every jurisdiction with what was signed for it, and why."""
    columns = (
        N_("Jurisdiction"), N_("Legal name"), N_("Class"), N_("Reportable"), N_("Why"),
    )  # fmt: skip
    rows = [_row(one, language) for one in each]
    return table(N_("What the recall is in each jurisdiction"), columns, rows, language)


def _row(one: JurisdictionShown, language: str) -> list[Any]:
    where = one.jurisdiction.said(language) if one.jurisdiction else one.party
    if one.legal_name is None:
        return [where, say(N_("Not decided"), language), None, None, None]
    return [
        where,
        one.legal_name.said(language),
        one.class_name.said(language) if one.class_name else None,
        one.row.is_reportable,
        one.row.reason,
    ]
