"""What became of letters: sent, come back, posted by courier, delivered; and what follows in it.

That a mail server took a letter proves that it was sent and no more; a reply proves the rest.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn import runtime
from engine.bpmn.errors import NobodyWaits
from engine.cases import facts
from engine.cases.models import Case
from engine.cases.notices.models import Notice, NoticeLetter
from engine.cases.tasks import refuse_ended
from engine.db import Database
from engine.errors import Conflict, Invalid, NotFound, Problem
from engine.evidence import ledger
from engine.evidence.documents import Document
from engine.outbox import Outgoing
from engine.people import Person, authorize
from engine.words import N_

AT_ONCE = 200
NUMBER_MISSING = N_("Enter the courier's number, or “none” for ordinary mail.")
WHY_MISSING = N_("Write down what came back.")


class LetterUnknown(NotFound):
    """There is no such letter."""


class NotSent(Conflict):
    """This letter has not been sent yet."""


class SentAlready(Conflict):
    """This letter was sent already."""


def mark(db: Session, case: Case, letter: NoticeLetter, *, by: Person | None, at: datetime) -> None:
    """Note that a letter went out: the notice counts as sent and its follow-up runs. Flushes.

    The first one to a jurisdiction is the initiation there: FDA counts from the first communication
    to a direct account.
    """
    letter.sent_at = at
    notice = db.get_one(Notice, letter.notice_id, with_for_update=True)
    if notice.first_sent_at is None:
        notice.first_sent_at = at
    if notice.state == "open":
        notice.state = "sent"
    db.flush()
    if facts.latest(db, case, "initiation", jurisdiction=notice.jurisdiction) is None:
        facts.record(
            db, case, "initiation", at.isoformat(), by=by, at=at,
            evidence=notice.number, jurisdiction=notice.jurisdiction,
        )  # fmt: skip
    _tell(db, "letter_sent", notice, by=by, at=at)


def post(
    db: Session, letter_id: int, *, courier: str, number: str, by: Person, at: datetime
) -> NoticeLetter:
    """Note that a printed letter was posted, with the courier's number. Flushes, enters the ledger.

    Raises `Invalid`, `SentAlready`.
    """
    authorize(by, "notice.post")
    letter, notice, case = _locked(db, letter_id)
    if letter.sent_at is not None:
        raise SentAlready
    if not number.strip():
        raise Invalid([Problem("courier_number", NUMBER_MISSING)])
    letter.courier, letter.courier_number = courier.strip() or None, number.strip()
    letter.channel = "print"
    mark(db, case, letter, by=by, at=at)
    _enter(db, case, notice, letter, "letter_posted", {"courier_number": number.strip()}, by, at)
    return letter


def came_back(
    db: Session, letter_id: int, *, why: str, by: Person | None, at: datetime
) -> NoticeLetter:
    """Note that a letter came back; someone is asked to try the consignee at once. Flushes."""
    if by is not None:
        authorize(by, "notice.post")
    letter, notice, case = _locked(db, letter_id)
    if letter.sent_at is None:
        raise NotSent
    if not why.strip():
        raise Invalid([Problem("bounce", WHY_MISSING)])
    letter.bounced_at, letter.bounce = at, why.strip()[:2000]
    db.flush()
    _tell(db, "letter_bounced", notice, by=by, at=at)
    _enter(db, case, notice, letter, "letter_came_back", {"why": letter.bounce}, by, at)
    return letter


def delivered(
    db: Session, letter_id: int, *, on: datetime, proof: Document | None, by: Person, at: datetime
) -> NoticeLetter:
    """Note that a letter was handed over, with the proof. Flushes and enters the ledger."""
    authorize(by, "notice.post")
    letter, notice, case = _locked(db, letter_id)
    if letter.sent_at is None:
        raise NotSent
    letter.delivered_at, letter.delivery_document_id = on, proof.id if proof else None
    db.flush()
    said = {"delivered_at": on.isoformat(), "document": letter.delivery_document_id}
    _enter(db, case, notice, letter, "letter_delivered", said, by, at)
    return letter


def take_up(database: Database, at: datetime) -> int:
    """Take up what the mail system said of letters: taken, or refused for good; say how many.

    Each in a transaction of its own. A refused one is printed and posted instead.
    """
    with database.read() as db:
        told = db.execute(
            select(NoticeLetter.id, Outgoing.sent_at, Outgoing.answer)
            .join(Outgoing, Outgoing.key == NoticeLetter.outgoing_key)
            .where(
                NoticeLetter.sent_at.is_(None),
                NoticeLetter.channel == "mail",
                Outgoing.sent_at.is_not(None) | Outgoing.given_up_at.is_not(None),
            )
            .order_by(NoticeLetter.id)
            .limit(AT_ONCE)
        ).all()
    for letter_id, sent_at, answer in told:
        with database.begin() as db:
            letter, notice, case = _locked(db, letter_id)
            if letter.sent_at is not None or letter.channel != "mail":
                continue
            if sent_at is not None:
                mark(db, case, letter, by=None, at=at)
                continue
            letter.channel, letter.bounced_at, letter.bounce = "print", at, answer
            db.flush()
            said = {"why": answer, "printed_instead": True}
            _enter(db, case, notice, letter, "letter_came_back", said, None, at)
    return len(told)


def _locked(db: Session, letter_id: int) -> tuple[NoticeLetter, Notice, Case]:
    letter = db.get(NoticeLetter, letter_id)
    if letter is None:
        raise LetterUnknown
    notice = db.get_one(Notice, letter.notice_id, with_for_update=True, populate_existing=True)
    db.refresh(letter, with_for_update=True)
    case = db.get_one(Case, notice.case_id)
    refuse_ended(case)
    return letter, notice, case


def _tell(db: Session, message: str, notice: Notice, *, by: Person | None, at: datetime) -> None:
    """Tell the notice's diagram; one that waits for something else goes on as it is."""
    try:
        runtime.deliver_message(db, message, notice.number, variables={}, by=by, at=at)
    except NobodyWaits:
        return


def _enter(
    db: Session,
    case: Case,
    notice: Notice,
    letter: NoticeLetter,
    action: str,
    said: Mapping[str, object],
    by: Person | None,
    at: datetime,
) -> None:
    body = {"notice": notice.number, "letter": letter.number, **said}
    ledger.append(db, case.stream, action, body, by=by, at=at)
