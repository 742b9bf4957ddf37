"""The destruction certificate: what was destroyed, how, by whom, and who saw it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import answers as kept
from engine.cases.dispositions import parts_of_line
from engine.cases.models import Case, Line
from engine.cases.names import stock_names
from engine.cases.records import listing
from engine.cases.records.sections import Record, Section, head, kept_answers, sources
from engine.words import N_, say

PROCESS = "disposition_line"


def draw(db: Session, case: Case, task: Task, own: list[dict[str, Any]] | None) -> Record:
    """Return the record of one line's destruction; `own` is the witness's own answer."""
    line = db.scalars(select(Line).where(Line.instance_id == task.instance_id)).one()
    given = kept.standing(db, case, process=PROCESS, instance_id=task.instance_id)
    return {
        **head(db, case, title=N_("Destruction certificate"), number=f"{case.number}-X{line.id}"),
        "sources": sources(given),
        "sections": [
            _destroyed(db, case, line),
            *kept_answers(db, case, given),
            *(own or ()),
        ],
    }


def _destroyed(db: Session, case: Case, line: Line) -> Section:
    parts = parts_of_line(db, line)
    names = stock_names(db, [one.key for one in parts])
    return {
        "heading": say(N_("What was destroyed"), case.language),
        **listing.stock(parts, names, case.language),
    }
