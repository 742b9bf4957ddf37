"""Answers of a recall that must agree with what it knows: said at the field, before signing."""

from typing import Any

from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import balance
from engine.cases.accounts import ACCOUNTS
from engine.cases.models import Case
from engine.cases.recalls import jurisdictions, stop_ship, strategies, succession
from engine.errors import Invalid, Problem
from engine.words import N_

STILL_OPEN = N_(
    "%(quantity)s are still in the account “%(account)s”. Account for them first, or have the "
    "board rule on what is held."
)
NO_BOARD = N_("This is a drill: the board rules on nothing. Account for it on the drill's page.")
NO_ACTION = N_("A drill practises an action. Choose one.")
NO_SUCH_RECALL = N_("No other open recall has this number. Look it up in the list of recalls.")


def refuse_disagreement(db: Session, case: Case, task: Task, answers: dict[str, Any]) -> None:
    """Raise `Invalid` when an answer contradicts what the recall knows."""
    if task.element_id == "decide_jurisdiction":
        jurisdictions.refuse_disagreement(db, task.instance_id, answers)
    if task.element_id in ("draft_strategy", "review_class"):
        strategies.refuse_disagreement(answers)
    if task.element_id == "order_containment":
        stop_ship.refuse_left_free(db, case, answers)
    if task.element_id == "reconcile":
        _refuse_unaccounted(db, case, answers)
    if case.is_drill:
        _refuse_what_moves(task, answers)
    if task.element_id in ("triage_signal", "weigh_added_device"):
        _refuse_no_recall(db, case, answers.get("other_recall"))


def _refuse_unaccounted(db: Session, case: Case, answers: dict[str, Any]) -> None:
    totals = balance.totals(db, case.id)
    left = [(name, quantity) for name, quantity in totals.items() if ACCOUNTS[name].is_open]
    if answers["decision"] != "complete" or not left:
        return
    name, quantity = left[0]
    facts = (("quantity", f"{quantity.normalize():f}"), ("account", (ACCOUNTS[name].label,)))
    raise Invalid([Problem("decision", STILL_OPEN, facts)])


def _refuse_what_moves(task: Task, answers: dict[str, Any]) -> None:
    """Keep a drill from where goods are ruled on: it accounts for them on its own page."""
    if task.element_id == "review_returns" and answers["board"]:
        raise Invalid([Problem("board", NO_BOARD)])
    if task.element_id == "reconcile" and answers["decision"] != "complete":
        raise Invalid([Problem("decision", NO_BOARD)])
    if task.element_id == "prepare_decision" and answers["action"] == "none":
        raise Invalid([Problem("action", NO_ACTION)])


def _refuse_no_recall(db: Session, case: Case, number: str | None) -> None:
    if number is None:
        return
    named = succession.open_others(case).where(Case.number == number.strip().upper())
    if db.scalar(named) is None:
        raise Invalid([Problem("other_recall", NO_SUCH_RECALL)])
