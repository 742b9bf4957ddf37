"""The nonconformance report: everything that was found, decided and done, to be closed on."""

from typing import Any

from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import answers as kept
from engine.cases.models import Case
from engine.cases.records.sections import Record, all_answers, balance, head, sources, subjects
from engine.cases.records.signed import signatures
from engine.words import N_

PROCESS = "nonconformance"


def draw(db: Session, case: Case, _task: Task, own: list[dict[str, Any]] | None) -> Record:
    """Return the record; `own` are the answers of the closing that are being signed."""
    return {
        **head(db, case, title=N_("Nonconformance report"), number=case.number),
        "sources": sources(kept.standing(db, case)),
        "sections": [
            subjects(db, case),
            *all_answers(db, case),
            *(own or ()),
            balance(db, case),
            signatures(db, case),
        ],
    }
