"""What the last count did not find: treated as having left our control, never as there."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import answers as kept, balance
from engine.cases.balance import Holding
from engine.cases.models import Case, Posting
from engine.people import Person

# explanations that end a search without the units: see forms/quarantine/resolve_count_mismatch
GONE = frozenset({"consumed", "shipped", "not_found"})
RESOLVED = "resolve_count_mismatch"


def post(db: Session, case: Case, *, by: Person | None, at: datetime) -> None:
    """Move to `not_found` what the search after the last mismatch could not find. Flushes."""
    resolved = [one for one in kept.standing(db, case) if one.element_id == RESOLVED]
    if not resolved or resolved[-1].answers.get("explanation") not in GONE:
        return
    answer = resolved[-1]
    evidence = f"count mismatch: {answer.answers['explanation']}"
    if _was_posted(db, case, answer.id):
        return
    found = answer.answers["found_units"]
    seen = {unit["unit_id"] for unit in found["units"]}
    counted: dict[int, Decimal] = {}
    for count in found["counts"]:
        lot_id = count["lot_id"]
        counted[lot_id] = counted.get(lot_id, Decimal(0)) + Decimal(count["counted"])
    lost = []
    for part in balance.holdings(db, case.id, accounts=("held",)):
        if part.unit_id is not None and part.unit_id not in seen:
            lost.append(part)
        elif part.lot_id is not None and part.lot_id in counted:
            short = part.quantity - counted[part.lot_id]
            if short > 0:
                lost.append(Holding("held", None, part.lot_id, short))
    balance.post(
        db, case, lost, to="not_found", evidence=f"{evidence} (answer {answer.id})", by=by, at=at
    )


def _was_posted(db: Session, case: Case, answer_id: int) -> bool:
    """Say whether this answer was already posted: a later round must not post it twice."""
    found = select(Posting.id).where(
        Posting.case_id == case.id, Posting.evidence.endswith(f"(answer {answer_id})")
    )
    return db.scalar(found.limit(1)) is not None
