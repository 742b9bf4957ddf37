"""What was turned down in a disposition, by whom and why: for who still decides or tries again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import answers as kept
from engine.cases.about import PROPOSAL, ROUND, about, about_answers
from engine.cases.models import Answer, Case
from engine.cases.tasks import printed_name


@dataclass(frozen=True)
class Rejection:
    """One board member's no."""

    by: str
    reason: str


@dataclass(frozen=True)
class TurnedDown:
    """A proposal that was turned down; `proposed` are its answers."""

    rejections: tuple[Rejection, ...] = ()
    proposed: Mapping[str, Any] = field(default_factory=dict)


def turned_down(db: Session, case: Case, task: Task) -> TurnedDown:
    """Return the rejections that concern an open task of a disposition, none for any other.

    For a board member they are of the round they decide in, since all asked answer before it ends;
    for who proposes they are of the round before.
    """
    mine = about(db, [task]).get(task.id) if task.process == ROUND else None
    if mine is None or not task.is_open:
        return TurnedDown()

    wanted = mine.round - 1 if task.element_id == PROPOSAL else mine.round
    given = kept.standing(db, case, process=ROUND)
    named = about_answers(db, given)
    of_round = [
        one for one in given if (of := named.get(one.task_id)) is not None and of.round == wanted
    ]
    rejected = [one for one in of_round if one.answers.get("decision") == "reject"]
    proposed = [one for one in of_round if one.element_id == PROPOSAL] if rejected else []
    return TurnedDown(
        tuple(_rejection(db, one) for one in rejected),
        proposed[-1].answers if proposed else {},
    )


def _rejection(db: Session, answer: Answer) -> Rejection:
    return Rejection(printed_name(db, answer.by_id), str(answer.answers.get("reason") or "–"))
