"""Notices of a recall in which another ended: who was told all of it already is not told again."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.bpmn import runtime
from engine.cases import scopes
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.recalls import succession

MESSAGES = {"sent": "letter_sent", "answered": "reply_received"}


def take_up(db: Session, case: Case, new: Sequence[int]) -> None:
    """Let new notices take up those of recalls that ended in this one. Flushes.

    A consignee that a merged recall has told counts as told, and as answered where it answered; one
    with anything on its list here that it was not told of is written to like everybody.
    """
    before = succession.ended_in(db, case)
    if not before:
        return
    succession.join_notices(db, case)
    told: dict[int, Notice] = {}
    for one, ended in before:
        if one.kind == succession.MERGED:
            more = _with_more(db, ended, case)
            written = db.scalars(
                select(Notice).where(Notice.case_id == ended.id, Notice.first_sent_at.is_not(None))
            )
            told |= {notice.party_id: notice for notice in written if notice.party_id not in more}
    rows = db.execute(select(Notice.id, Notice.party_id).where(Notice.id.in_(new)))
    carried = [{"id": id_, **_state(told[party_id])} for id_, party_id in rows if party_id in told]
    if carried:
        db.execute(update(Notice), carried)
        db.expire_all()


def _with_more(db: Session, ended: Case, case: Case) -> set[int]:
    """Return the consignees that have anything here which the recall that ended did not name."""
    before, after = scopes.standing(db, ended), scopes.standing(db, case)
    if before is None or after is None:
        return set()
    return {
        one.party_id
        for one in scopes.differences_by_consignee(db, before, after)
        if one.added_units or one.added_quantity
    }


def _state(notice: Notice) -> dict[str, datetime | str | None]:
    is_answered = notice.answered_at is not None
    return {
        "state": "answered" if is_answered else "sent",
        "first_sent_at": notice.first_sent_at,
        "answered_at": notice.answered_at,
    }


def tell_diagrams(db: Session, numbers: Iterable[tuple[str, str]], *, at: datetime) -> None:
    """Tell the diagrams that were just started what has happened already: number and state."""
    for number, state in numbers:
        if (message := MESSAGES.get(state)) is not None:
            runtime.deliver_message(db, message, number, variables={}, by=None, at=at)
