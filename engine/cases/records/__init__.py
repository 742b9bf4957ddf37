"""Records: what a signer sees and a document prints, drawn from the case's own rows.

One file per document, named by the task's property `document`; a task without one is signed as
its own answers. A record is plain JSON of the shape that `engine.evidence.layouts` prints.
"""

from datetime import datetime
from importlib import import_module
from typing import Any, cast

from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import renewing
from engine.cases.about import about
from engine.cases.answers import standing
from engine.cases.asking import form_at
from engine.cases.models import Case
from engine.cases.records import stop_ship
from engine.cases.records.sections import Record, Section, answered, head, kept_answers
from engine.cases.renewing import renewed_signature
from engine.evidence.documents import Document
from engine.evidence.signatures import Signature
from engine.people import Person


def layout_of(task: Task) -> str | None:
    """Return the layout that prints what is signed at this task (`disposition/…_record`)."""
    if task.document is None:
        return None
    return f"{_drawer(task.document).PROCESS}/{task.document}"


def record_of(db: Session, case: Case, task: Task, answers: dict[str, Any]) -> Record:
    """Return exactly what the person at `task` sees and signs for these answers.

    What colleagues answer at the same time is left out, so that their step does not void this one.
    """
    form = form_at(db, task.process, task.element_id, instance_id=task.instance_id)
    own = answered(form, answers, case.language, named=about(db, [task]).get(task.id))
    if (renewed := renewed_signature(db, task)) is not None:
        return _renewal(db, case, task, renewed, own)
    if task.document is None:
        if (task.process, task.element_id) == stop_ship.STEP:
            own = [*stop_ship.sections(db, case, answers), *own]
        return {**head(db, case, title=task.name, number=case.number), "sections": own}
    return cast("Record", _drawer(task.document).draw(db, case, task, own))


def document_of(db: Session, case: Case, task: Task) -> Record:
    """Return the record of the finished document: every answer is kept by now."""
    if task.document is None:
        message = f"{task.element_id} has no document"
        raise ValueError(message)
    return cast("Record", _drawer(task.document).draw(db, case, task, None))


def attached_to(db: Session, case: Case, task: Task, *, by: Person, at: datetime) -> list[Document]:
    """Return the files that belong into the finished document: exhibits, and rows it counts.

    Rows are written for it; the ledger names each. Flushes.
    """
    drawer = _drawer(task.document or "")
    found: list[Document] = []
    if hasattr(drawer, "exhibits"):
        found += drawer.exhibits(db, case, task)
    if hasattr(drawer, "attach_rows"):
        found += drawer.attach_rows(db, case, task, by=by, at=at)
    return found


def writes_rows(task: Task) -> bool:
    """Say whether files are written with the document of a task, with a row for each unit."""
    return task.document is not None and hasattr(_drawer(task.document), "attach_rows")


def _renewal(db: Session, case: Case, task: Task, renewed: Signature, own: list[Section]) -> Record:
    """Return the corrected record that a voided signature was given on, and the new answer."""
    first = renewing.first_task(db, renewed)
    again: Record = head(db, case, title=task.name, number=case.number)
    if first is not None and first.document is not None:
        again = document_of(db, case, first)
    elif first is not None:
        given = standing(db, case, process=first.process, element_id=first.element_id)
        again["sections"] = kept_answers(db, case, given[-1:])
    shown = renewing.sections(db, case, task)
    return {**again, "sections": [*shown, *again.get("sections", ()), *own]}


def _drawer(document: str) -> Any:
    return import_module(f"engine.cases.records.{document}")
