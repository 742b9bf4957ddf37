"""Whether a page is about a drill: then DRILL / 演练 stands on it."""

from uuid import UUID

from flask import request
from sqlalchemy import select

from engine.bpmn.models import Instance, Task
from engine.cases.drills.apart import PREFIXES
from webapp.reading import read


def is_drill(number: str) -> bool:
    """Say whether a number of a case is one of a drill."""
    return number.startswith(PREFIXES)


def about_drill() -> bool:
    """Say whether the address names a drill, or a task of one."""
    named = request.view_args or {}
    if any(isinstance(one, str) and one.startswith(PREFIXES) for one in named.values()):
        return True
    task_id = named.get("task_id")
    if not isinstance(task_id, UUID):
        return False
    of = select(Instance.business_key).join(Task, Task.root_id == Instance.id)
    number = read().scalar(of.where(Task.id == task_id))
    return number is not None and number.startswith(PREFIXES)
