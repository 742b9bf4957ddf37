"""Stopping and holding what a recall may concern, before anything is evaluated."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.bpmn.step import Step
from engine.cases import answers, facts, scopes
from engine.cases.models import Case
from engine.cases.scopes import ScopeVersion
from engine.people.person import Person

SUBJECT_LENGTH = 60  # of the text in lists


def propose(
    db: Session,
    case: Case,
    named: Mapping[str, Any],
    *,
    reason: str,
    by: Person | None,
    at: datetime,
) -> ScopeVersion:
    """Propose what an answer of the field kind `scope` names; flushes."""
    expression = {**named["expression"], "text": named["text"]}
    version = scopes.propose(
        db, case, named["text"], reason=reason, by=by, at=at, expression=expression
    )
    words = " ".join(named["text"].split())
    case.subject = words if len(words) <= SUBJECT_LENGTH else f"{words[: SUBJECT_LENGTH - 1]}…"
    return version


def contain(step: Step, case: Case) -> int:
    """Freeze and hold the scope that was ordered; return how much was put on hold. Flushes.

    It is traced as of now: what was shipped since the signal came in is in it where it went.
    """
    db, by, at = step.db, step.by, step.at
    order = answers.latest(db, case, case.process, "order_containment")
    assert order is not None  # the diagram comes here from no other step  # noqa: S101
    for earlier in scopes.versions(db, case):
        if earlier.state == "proposed":
            scopes.withdraw(db, case, earlier, by=by, at=at)
    reason = order.answers["scope_reason"]
    version = propose(db, case, order.answers["scope"], reason=reason, by=by, at=at)
    difference = scopes.freeze(
        db, case, version, by=by, at=at, is_provisional=True, signature_id=order.signature_id
    )
    facts.record(db, case, "stop_ship", order.at.isoformat(), by=by, at=at, evidence="signature")
    facts.record(db, case, "containment", at.isoformat(), by=by, at=at, evidence="scope 1")
    return difference.held_count
