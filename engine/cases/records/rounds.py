"""The answers of one round of a diagram that is gone through again: its proposal, what followed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import answers as kept
from engine.cases.models import Answer, Case


def of_task(db: Session, case: Case, task: Task, *, process: str, opens: str) -> list[Answer]:
    """Return what stands of the round that `task` belongs to; the step `opens` begins each.

    Rounds of a case share a diagram, so they are told apart by the order of their answers. A task
    that nobody answered yet belongs to the last.
    """
    first = db.scalars(
        select(Answer)
        .where(Answer.case_id == case.id, Answer.process == process, Answer.version == 1)
        .order_by(Answer.id)
    )
    mine: list[Answer] = []
    for answer in first:
        if answer.element_id == opens:
            if any(one.task_id == task.id for one in mine):
                break
            mine = []
        mine.append(answer)
    tasks = {one.task_id for one in mine}
    return [one for one in kept.standing(db, case, process=process) if one.task_id in tasks]
