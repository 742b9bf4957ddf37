"""Holds that no door knows of yet: quality is told once, so that someone looks at the doors."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import mails
from engine.cases.models import Case
from engine.people import people_with_role
from engine.serials import holds
from engine.serials.models import Hold

PATIENCE = timedelta(minutes=15)


def tell_of_silence(db: Session, *, at: datetime) -> int:
    """Put one mail in the outbox for each case with a hold no door knew of in fifteen minutes.

    Nothing where no door was ever connected. Returns how many holds were told of for the first
    time; each is told of once.
    """
    silent = holds.unknown_to_all(db, before=at - PATIENCE)
    return sum(_tell(db, hold, at=at) for hold in silent)


def _tell(db: Session, hold: Hold, *, at: datetime) -> int:
    title = db.scalar(select(Case.title).where(Case.number == hold.case_number))
    facts = {
        "case_number": hold.case_number,
        "case_title": title or "",
        "reason": hold.reason,
        "target_count": hold.target_count,
        "placed_at": hold.placed_at.isoformat(),
        "path": f"/holds?case={hold.case_number}",
    }
    receivers = people_with_role(db, "qa_manager", at=at)
    key = f"hold_unacknowledged:{hold.id}"
    return mails.tell(db, receivers, key, "layouts/hold_unacknowledged", facts, at=at)
