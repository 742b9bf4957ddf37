"""What another scope brings on: decisions where it reaches now, notices, and what changed."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import ChildGroup
from engine.cases.models import Case
from engine.cases.notices import opening, sending
from engine.cases.recalls import jurisdictions, reviewing
from engine.cases.scopes.consigned import by_consignee
from engine.cases.scopes.freezing import Difference
from engine.people import Person


def tell(
    db: Session,
    case: Case,
    difference: Difference,
    *,
    by: Person | None,
    at: datetime,
    but: Collection[int] = (),
) -> None:
    """Open a decision and a notice wherever a frozen scope reaches first; write what changed.

    A device that it names first is evaluated, and what was decided weighed for it.

    Before the recall's diagram has opened its notices nobody was told anything: it reads the scope
    that stands then. Nobody in `but` is written to of what changed: they know. Flushes.
    """
    jurisdictions.ensure(db, case, by=by, at=at)
    reviewing.open_review(db, case, difference.version, by=by, at=at)
    if difference.before is None or not _are_opened(db, case):
        return
    reached = [one.party_id for one in by_consignee(db, case)]
    opening.open_further(db, case, reached, by=by, at=at)
    sending.send_differences(db, case, difference.before, difference.version, by=by, at=at, but=but)


def _are_opened(db: Session, case: Case) -> bool:
    opened = select(ChildGroup.id).where(
        ChildGroup.instance_id == case.instance_id, ChildGroup.process == opening.PROCESS
    )
    return db.scalar(opened.limit(1)) is not None
