"""Customers of a distributor: what they say of units counts once somebody knows them."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.recalls import succession
from engine.cases.replies import posting, standing
from engine.cases.replies.errors import LinkUnknown
from engine.cases.replies.models import NoticeLink
from engine.evidence import ledger
from engine.people import Person, authorize


def confirm(
    db: Session, notice: Notice, link_id: int, *, by: Person | None, at: datetime
) -> NoticeLink:
    """Let what a customer said count, on the word of its distributor (`by` None) or of ours.

    Who says only that it is a customer may be anybody who has the link. A second time changes
    nothing. Flushes. Raises `LinkUnknown`.
    """
    if by is not None:
        authorize(by, "reply.record")
    case = succession.goes_on(db, db.get_one(Case, notice.case_id))
    is_open = balance.lock(db, case)
    link = db.get(NoticeLink, link_id, with_for_update=True, populate_existing=True)
    if link is None or (link.notice_id, link.kind) != (notice.id, "customer"):
        raise LinkUnknown
    if link.confirmed_at is not None:
        return link

    link.confirmed_at, link.confirmed_by_id = at, by.id if by else None
    db.flush()
    said = standing.said_of(db, notice.id)
    if is_open and (theirs := said.get(link.id)):
        wanted = standing.accounts_of(standing.counted(db, notice.id, said), theirs)
        lying = posting.lying_of(db, case, notice.party_id, theirs)
        with_them = posting.with_them(lying, notice.party_id)
        evidence = f"customer {link.id} confirmed"
        posting.post(db, case, wanted, with_them, evidence=evidence, by=by, at=at)
    body = {"notice": notice.number, "customer": link.name, "link": link.id}
    ledger.append(db, case.stream, "customer_confirmed", body, by=by, at=at)
    return link
