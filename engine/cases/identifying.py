"""What nobody could identify: what became of each description, and that none is forgotten.

A description is resolved when somebody says which unit or lot it turned out to be, or that it
could not be identified after documented effort. Then nobody can show that it is still in our
hands: it counts as not found, and its field action is evaluated. Unknown is never zero.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import answers as kept, balance
from engine.cases.asking import form_at
from engine.cases.balance import SCOPE, Holding
from engine.cases.models import Case, Subject
from engine.errors import Refused
from engine.people import Person

IDENTIFIED, NOT_IDENTIFIED = "identified", "not_identified"


class NotIdentifiedYet(Refused):
    """“%(words)s” is not identified yet. Have the investigation say what it is before you close."""


def descriptions(db: Session, case: Case) -> list[Subject]:
    """Return what was only described when it was named, in the order it was named."""
    rows = select(Subject).where(
        Subject.case_id == case.id, Subject.unit_id.is_(None), Subject.lot_id.is_(None)
    )
    return list(db.scalars(rows.order_by(Subject.id)))


def standing_subjects(db: Session, case: Case) -> list[Subject]:
    """Return what the case is about: a description that was identified is named by what it is."""
    rows = select(Subject).where(Subject.case_id == case.id).order_by(Subject.id)
    subjects = list(db.scalars(rows))
    if all(one.unit_id or one.lot_id for one in subjects):
        return subjects
    said = outcomes(db, case)
    return [one for one in subjects if said.get(one.id, {}).get("outcome") != IDENTIFIED]


def outcomes(db: Session, case: Case) -> dict[int, dict[str, Any]]:
    """Return what was last said of each description that is resolved."""
    found: dict[int, dict[str, Any]] = {}
    for answer in kept.standing(db, case):
        for value in answer.answers.values():
            for row in resolved_rows(value):
                if row["outcome"] in (IDENTIFIED, NOT_IDENTIFIED):
                    found[row["subject_id"]] = row
    return found


def resolved_rows(value: Any) -> list[dict[str, Any]]:
    """Return the rows of an answer of the field kind `identification`; none of any other."""
    if not isinstance(value, dict) or "resolved" not in value:
        return []
    rows: list[dict[str, Any]] = value["resolved"]
    return rows


def unresolved(db: Session, case: Case) -> list[Subject]:
    """Return the descriptions nobody has resolved, where the investigation is asked about them.

    A case goes on with the forms it began with: what they never ask cannot be said.
    """
    described = descriptions(db, case)
    said = outcomes(db, case) if described else {}
    left = [one for one in described if one.id not in said]
    return left if left and _is_asked(db, case) else []


def _is_asked(db: Session, case: Case) -> bool:
    form = form_at(db, case.process, "investigate", instance_id=case.instance_id)
    return any(field.kind == "identification" for field in form.fields)


def take_up(db: Session, case: Case, *, by: Person | None, at: datetime) -> None:
    """Post what could not be identified, and take back what was identified after all. Flushes."""
    said = outcomes(db, case)
    if not said:
        return
    lying = {one.subject_id: one for one in balance.holdings(db, case.id) if one.subject_id}
    for subject_id, row in said.items():
        there = lying.get(subject_id)
        if row["outcome"] == NOT_IDENTIFIED and there is None:
            new = Holding(SCOPE, None, None, Decimal(row["quantity"]), subject_id)
            balance.post(db, case, [new], to="not_found", evidence="not identified", by=by, at=at)
        if row["outcome"] == IDENTIFIED and there is not None:
            balance.post(db, case, [there], to=SCOPE, evidence="identified", by=by, at=at)


def refuse_unless_resolved(db: Session, case: Case) -> None:
    """Raise `NotIdentifiedYet` while any description of the case is unresolved."""
    left = unresolved(db, case)
    if left:
        raise NotIdentifiedYet(words="”, “".join(one.description or "" for one in left))
