"""The signed decision of a recall: the hazard it answers, the scope it rests on, its minutes."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import answers as kept, scopes
from engine.cases.models import Answer, Case
from engine.cases.recalls import showing
from engine.cases.records import rounds
from engine.cases.records.scope_sections import scope
from engine.cases.records.sections import Record, Section, head, kept_answers, sources
from engine.evidence.documents import Document
from engine.regulators import jurisdictions as law
from engine.words import N_, say

PROCESS = "recall_decision"
PROPOSAL = "prepare_decision"
HAZARD = "evaluate_health_hazard"


def draw(db: Session, case: Case, task: Task, own: list[dict[str, Any]] | None) -> Record:
    """Return the record of the round that `task` belongs to; `own` is a decision being signed.

    Decisions already given are left out while others still sign, and printed once all are in.
    """
    said = rounds.of_task(db, case, task, process=PROCESS, opens=PROPOSAL)
    proposals = [one for one in said if one.element_id == PROPOSAL]
    given = [one for one in said if one.element_id != PROPOSAL]
    hazard = kept.standing(db, case, process="recall", element_id=HAZARD)[-1:]
    drawn_from = [*hazard, *proposals, *(given if own is None else ())]
    made_at = proposals[0].at if proposals else None
    return {
        **head(db, case, title=N_("Decision on the physical action"),
               number=f"{case.number}-A{_number(db, case, proposals)}", created_at=made_at),
        "sources": sources(drawn_from),
        "sections": [
            *_rested_on(db, case, proposals),
            *kept_answers(db, case, hazard),
            *suggested_classes(db, case),
            *kept_answers(db, case, proposals),
            *(kept_answers(db, case, given) if own is None else own),
        ],
    }  # fmt: skip


def exhibits(db: Session, case: Case, task: Task) -> list[Document]:
    """Return the minutes and slides that came as files with the proposal."""
    said = rounds.of_task(db, case, task, process=PROCESS, opens=PROPOSAL)
    return files_of(db, [one for one in said if one.element_id == PROPOSAL], "minutes_files")


def files_of(db: Session, answers: Iterable[Answer], field: str) -> list[Document]:
    """Return the files that answers name in a field of attachments."""
    hashes = {one["sha256"] for answer in answers for one in answer.answers.get(field) or ()}
    named = select(Document).where(Document.sha256.in_(hashes), Document.state == "attached")
    return list(db.scalars(named.order_by(Document.id))) if hashes else []


def suggested_classes(db: Session, case: Case) -> list[Section]:
    """Return what the table suggests for severity and likelihood; none before it was asked."""
    suggested, language = showing.suggested(db, case), case.language
    rows = []
    for code, output in showing.SUGGESTED.items():
        here = law.named(code)
        if output in suggested:
            found = here.class_named(suggested[output])
            rows.append([here.authority, found.said(language) if found else "–"])
    if not rows:
        return []
    return [{"heading": say(N_("Suggested class"), language), "rows": rows}]


def _rested_on(db: Session, case: Case, proposals: list[Answer]) -> list[Section]:
    """Return the scope that stood when the round was proposed: a later one was not decided on."""
    frozen = [one for one in scopes.versions(db, case) if one.frozen_at is not None]
    if proposals:
        first = min(one.at for one in proposals)
        frozen = [one for one in frozen if one.frozen_at is not None and one.frozen_at <= first]
    if not frozen:
        return []
    last = max(frozen, key=lambda one: (one.frozen_at, one.number))
    rests = say(N_("The scope that the decision rests on"), case.language)
    return [{**scope(db, last, case.language), "note": rests}]


def _number(db: Session, case: Case, proposals: list[Answer]) -> int:
    """Return which round it is: a rejected one was a record too."""
    every = select(Answer.task_id).where(
        Answer.case_id == case.id, Answer.element_id == PROPOSAL, Answer.version == 1
    )
    order = list(db.scalars(every.order_by(Answer.id)))
    return order.index(proposals[0].task_id) + 1 if proposals else max(1, len(order))
