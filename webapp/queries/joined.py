"""How recalls end in each other, as their pages say it: what this one became, what it took up."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.recalls import authorities, succession
from engine.cases.recalls.models import Notification, Succession
from engine.cases.tasks import printed_name


@dataclass(frozen=True)
class Joined:
    """One recall that ended in another: which, as what, who signed it and why."""

    number: str  # of the other one: where it goes on, or which ended
    kind: str
    by: str
    at: datetime
    reason: str
    notifications: tuple[Notification, ...] = ()  # sent under its number, which they keep

    @property
    def is_merged(self) -> bool:
        """Say whether both were one cause."""
        return self.kind == succession.MERGED


@dataclass(frozen=True)
class Around:
    """What a recall became, and which ended in it."""

    became: Joined | None
    took_up: tuple[Joined, ...]


def around(db: Session, case: Case) -> Around:
    """Return what a recall became and took up, near by."""
    row = succession.of(db, case)
    became = _joined(db, row, db.get_one(Case, row.into_id), ()) if row else None
    return Around(
        became,
        tuple(
            _joined(db, one, ended, tuple(authorities.notifications_of(db, ended)))
            for one, ended in succession.ended_in(db, case)
        ),
    )


def _joined(db: Session, row: Succession, other: Case, sent: tuple[Notification, ...]) -> Joined:
    by = printed_name(db, row.by_id)
    return Joined(other.number, row.kind, by, row.at, row.reason, sent)


@dataclass(frozen=True)
class Before:
    """A notice of an earlier recall to the same consignee, or the one that took its place."""

    notice: Notice
    case_number: str

    @property
    def place(self) -> int:
        """Return how the notice is named in its page's address."""
        return int(self.notice.number.rpartition("-")[2])


def notices_around(db: Session, notice: Notice) -> tuple[tuple[Before, ...], Before | None]:
    """Return the notices that go on in this one, and the one that this goes on in."""
    before = succession.notices_before(db, [notice.id])
    now = succession.notice_now(db, notice)
    ids = [one.case_id for one in (*before, now)]
    numbers = dict(db.execute(select(Case.id, Case.number).where(Case.id.in_(ids))).all())
    return (
        tuple(Before(one, numbers[one.case_id]) for one in before),
        Before(now, numbers[now.case_id]) if now.id != notice.id else None,
    )
