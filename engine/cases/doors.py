"""Holds that no door knows of yet: quality is told once, so that someone looks at the doors."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import mails
from engine.cases.models import Case
from engine.people import people_with_role
from engine.serials import holds
from engine.serials.exchange import doors
from engine.serials.models import Hold

PATIENCE = timedelta(minutes=15)
UNKNOWN = "layouts/hold_unacknowledged"  # no system at all has asked since
LACKING = "layouts/hold_not_acknowledged_by"  # doors that must acknowledge it did not


def tell_of_silence(db: Session, *, at: datetime) -> int:
    """Put one mail in the outbox for each hold that a door left unacknowledged for fifteen minutes.

    A registered door is named. Where none is registered it takes all doors to be silent, and where
    none was ever connected there is nobody to miss. Returns how many holds were told of for the
    first time; each is told of once.
    """
    before = at - PATIENCE
    if doors.registered(db):
        return sum(
            _tell(db, hold, LACKING, {"doors": ", ".join(names)}, at=at)
            for hold, names in doors.silent(db, before=before)
        )
    return sum(
        _tell(db, hold, UNKNOWN, {}, at=at) for hold in holds.unknown_to_all(db, before=before)
    )


def _tell(db: Session, hold: Hold, layout: str, more: dict[str, str], *, at: datetime) -> int:
    title = db.scalar(select(Case.title).where(Case.number == hold.case_number))
    facts = {
        "case_number": hold.case_number,
        "case_title": title or "",
        "reason": hold.reason,
        "target_count": hold.target_count,
        "placed_at": hold.placed_at.isoformat(),
        "path": f"/holds?case={hold.case_number}",
        **more,
    }
    receivers = people_with_role(db, "qa_manager", at=at)
    key = f"hold_unacknowledged:{hold.id}"
    return mails.tell(db, receivers, key, layout, facts, at=at)
