"""The frame of a sample: every consignee that was sent a notice, by its kind."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.checks.sampling import Member
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.serials.models import Party


def frame_of(db: Session, case: Case) -> list[tuple[Member, int]]:
    """Return (member, party id) of every notice of a case that went out, by number."""
    rows = db.execute(
        select(Notice.number, Party.kind, Party.id)
        .join(Party, Party.id == Notice.party_id)
        .where(Notice.case_id == case.id, Notice.first_sent_at.is_not(None))
        .order_by(Notice.number)
    )
    return [(Member(number, kind), party_id) for number, kind, party_id in rows]


def is_anybody_waited_for(db: Session, case: Case) -> bool:
    """Say whether a consignee was neither sent its notice nor has answered without it."""
    waiting = select(Notice.id).where(
        Notice.case_id == case.id,
        Notice.first_sent_at.is_(None),
        Notice.answered_at.is_(None),
        Notice.state != "closed",
    )
    return db.scalar(waiting.limit(1)) is not None
