"""Links that answer a notice: made once and said once, kept as a hash, passed on and ended."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import outbox
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.recalls import succession
from engine.cases.replies.errors import (
    LinkExpired,
    LinkRevoked,
    LinkUnknown,
    NotADistributor,
    NowhereToSend,
    PassedOnTooOften,
)
from engine.cases.replies.models import NoticeLink
from engine.cases.typed import problems_of
from engine.errors import EngineError, Invalid, Problem
from engine.evidence import ledger
from engine.people import Person
from engine.serials import contacts
from engine.serials.models import Party
from engine.words import N_

LASTS = timedelta(days=180)  # a hospital answers within days; its audit asks within months
LENGTH = 43  # 256 random bits
MOST_FORWARDS = 5  # of one link: it must not become a way to write to strangers
MOST_STEPS = 3  # from colleague to colleague
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")

LONGEST_NAME = 200
YOUR_NAME, THEIR_NAME = N_("Your name"), N_("Name")
NAME_MISSING = N_("Enter a name")
ADDRESS_WRONG = N_("Enter an e-mail address, like name@hospital.example")


@dataclass(frozen=True)
class Answering:
    """A live link, with the notice and the case that it answers."""

    link: NoticeLink
    notice: Notice
    case: Case

    @property
    def is_whole(self) -> bool:
        """Say whether it answers for the consignee itself, not for one of its customers."""
        return self.link.kind in ("consignee", "colleague")

    @property
    def is_of_distributor(self) -> bool:
        """Say whether a distributor itself answers: it alone speaks with its customers."""
        return self.notice.is_distributor and self.is_whole


def new_token() -> str:
    """Return 256 random bits for a link: it is said to the consignee and kept as a hash only."""
    return secrets.token_urlsafe(32)


def issue(db: Session, notice_id: int, token: str, *, at: datetime) -> None:
    """Let the token on a notice's letter open its page: until then it opens nothing.

    Links of earlier letters go on to work: they show what stands now.
    """
    db.add(_link(notice_id, "consignee", token, at=at))


def address(token: str) -> str:
    """Return the path of a link's page."""
    return f"/n/{token}"


def find(db: Session, token: str) -> Answering | None:
    """Return what a token answers, ended or not; None where nothing bears it."""
    if len(token) != LENGTH:
        return None
    found = db.execute(
        select(NoticeLink, Notice, Case)
        .join(Notice, Notice.id == NoticeLink.notice_id)
        .join(Case, Case.id == Notice.case_id)
        .where(NoticeLink.token_sha256 == sha256_of(token))
    ).one_or_none()
    if found is None:
        return None
    link, notice, case = found
    now = succession.notice_now(db, notice)
    # a letter is answered for months: its recall may go on in another
    return Answering(link, now, case if now is notice else db.get_one(Case, now.case_id))


def ended(answering: Answering, *, at: datetime) -> EngineError | None:
    """Return why a link is over, None while it answers."""
    if answering.link.revoked_at is not None:
        return LinkRevoked()
    return LinkExpired() if at >= answering.link.expires_at else None


def live(db: Session, token: str, *, at: datetime) -> Answering:
    """Return what a token answers. Raises `LinkUnknown`, `LinkExpired`, `LinkRevoked`."""
    found = find(db, token)
    if found is None:
        raise LinkUnknown
    if (over := ended(found, at=at)) is not None:
        raise over
    return found


def forward(
    db: Session, answering: Answering, *, name: str, email: str, said_by: str, at: datetime
) -> NoticeLink:
    """Pass the notice on to a colleague, whose link is mailed to them; it is recorded. Flushes.

    The link it came from stays: a wrong address must not shut the consignee out. Raises `Invalid`,
    `PassedOnTooOften`.
    """
    refuse_wrong(name=name, email=email, said_by=said_by)
    db.refresh(answering.notice, with_for_update=True)
    if _mailed(db, answering.link) >= MOST_FORWARDS or _steps(db, answering.link) >= MOST_STEPS:
        raise PassedOnTooOften
    kind = "colleague" if answering.is_whole else "customer"
    token, link = _make(
        db, answering.notice.id, kind, at=at, source=answering.link, name=name, to=email
    )
    facts = {"passed_on_by": said_by.strip(), "printed_name": name.strip()}
    _mail(db, answering, link, token, "layouts/notice_forwarded", facts, at=at)
    body = {"notice": answering.notice.number, "to": email.strip(), "by": said_by.strip()}
    ledger.append(db, answering.case.stream, "notice_passed_on", body, by=None, at=at)
    return link


def for_customers(db: Session, answering: Answering, *, said_by: str, at: datetime) -> str:
    """Make a link that a distributor passes on to all its customers, said this once. Flushes.

    Raises `NotADistributor`, `PassedOnTooOften`.
    """
    if not answering.is_of_distributor:
        raise NotADistributor
    db.refresh(answering.notice, with_for_update=True)
    if _made_already(db, answering.link, "customers") >= MOST_FORWARDS:
        raise PassedOnTooOften
    token, _ = _make(db, answering.notice.id, "customers", at=at, source=answering.link)
    body = {"notice": answering.notice.number, "by": said_by.strip()}
    ledger.append(db, answering.case.stream, "customers_link_made", body, by=None, at=at)
    return token


def of_customer(
    db: Session, answering: Answering, customer: str, *, at: datetime
) -> tuple[str, NoticeLink]:
    """Make the own link of one customer, which sees its own reply and no other's. Flushes."""
    return _make(db, answering.notice.id, "customer", at=at, source=answering.link, name=customer)


def send_anew(db: Session, answering: Answering, *, said_by: str, at: datetime) -> int:
    """Mail a new link to where the ended one was sent, or to the addresses on file; say how many.

    Never to an address that somebody types. Raises `NowhereToSend`, `PassedOnTooOften`.
    """
    if not said_by.strip():
        raise Invalid([Problem("name", NAME_MISSING)])
    db.refresh(answering.notice, with_for_update=True)
    if _mailed(db, answering.link) >= MOST_FORWARDS:
        raise PassedOnTooOften
    receivers = _receivers(db, answering)
    if not receivers:
        raise NowhereToSend
    for name, email in receivers:
        kind = "colleague" if answering.is_whole else answering.link.kind
        token, link = _make(
            db, answering.notice.id, kind, at=at, source=answering.link, name=name, to=email
        )
        facts = {"printed_name": name}
        _mail(db, answering, link, token, "layouts/notice_link_anew", facts, at=at)
    body = {"notice": answering.notice.number, "count": len(receivers), "by": said_by.strip()}
    ledger.append(db, answering.case.stream, "notice_link_sent_anew", body, by=None, at=at)
    return len(receivers)


def revoke(db: Session, link_id: int, *, by: Person, at: datetime) -> NoticeLink:
    """End a link and every link that was made from it. Flushes. Raises `LinkUnknown`."""
    link = db.get(NoticeLink, link_id, with_for_update=True)
    if link is None:
        raise LinkUnknown
    notice = db.get_one(Notice, link.notice_id)
    for one in [link, *_made_from(db, link)]:
        if one.revoked_at is None:
            one.revoked_at, one.revoked_by_id = at, by.id
    db.flush()
    stream = db.get_one(Case, notice.case_id).stream
    body = {"notice": notice.number, "link": link.id, "kind": link.kind}
    ledger.append(db, stream, "notice_link_revoked", body, by=by, at=at)
    return link


def speaker_of(db: Session, link: NoticeLink) -> int | None:
    """Return the link of the customer that a link speaks for, None where it is the consignee."""
    if link.kind != "customer":
        return None
    one = link
    while one.forwarded_from_id is not None:
        source = db.get_one(NoticeLink, one.forwarded_from_id)
        if source.kind != "customer":
            break
        one = source
    return one.id


def links_of(db: Session, notice_id: int) -> list[NoticeLink]:
    """Return every link of a notice, the oldest first."""
    rows = select(NoticeLink).where(NoticeLink.notice_id == notice_id)
    return list(db.scalars(rows.order_by(NoticeLink.id)))


def sha256_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _make(
    db: Session,
    notice_id: int,
    kind: str,
    *,
    at: datetime,
    source: NoticeLink,
    name: str | None = None,
    to: str | None = None,
) -> tuple[str, NoticeLink]:
    token = new_token()
    link = _link(notice_id, kind, token, at=at)
    link.forwarded_from_id = source.id
    link.name = name.strip()[:200] if name else None
    link.address = to.strip() if to else None
    db.add(link)
    db.flush()
    return token, link


def _link(notice_id: int, kind: str, token: str, *, at: datetime) -> NoticeLink:
    return NoticeLink(
        notice_id=notice_id,
        kind=kind,
        token_sha256=sha256_of(token),
        issued_at=at,
        expires_at=at + LASTS,
    )


def refuse_wrong(*, name: str, email: str, said_by: str) -> None:
    """Raise `Invalid` where it is not said who passes a notice on, or to whom."""
    how: dict[str, Any] = {"missing": NAME_MISSING, "most": LONGEST_NAME, "lines": False}
    problems = [
        *problems_of(said_by, "said_by", YOUR_NAME, **how),
        *problems_of(name, "name", THEIR_NAME, **how),
    ]
    if not _ADDRESS.fullmatch(email.strip()) or len(email) > 254:
        problems.append(Problem("email", ADDRESS_WRONG))
    if problems:
        raise Invalid(problems)


def _mailed(db: Session, link: NoticeLink) -> int:
    made = (NoticeLink.forwarded_from_id == link.id, NoticeLink.address.is_not(None))
    return db.scalar(select(func.count()).where(*made)) or 0


def _made_already(db: Session, link: NoticeLink, kind: str) -> int:
    made = (NoticeLink.forwarded_from_id == link.id, NoticeLink.kind == kind)
    return db.scalar(select(func.count()).where(*made)) or 0


def _steps(db: Session, link: NoticeLink) -> int:
    steps, one = 0, link
    while one.forwarded_from_id is not None:
        one = db.get_one(NoticeLink, one.forwarded_from_id)
        steps += 1
    return steps


def _made_from(db: Session, link: NoticeLink) -> list[NoticeLink]:
    found: list[NoticeLink] = []
    looked_at = [link.id]
    while looked_at:
        made = db.scalars(
            select(NoticeLink).where(NoticeLink.forwarded_from_id.in_(looked_at))
        ).all()
        found += made
        looked_at = [one.id for one in made]
    return found


def _receivers(db: Session, answering: Answering) -> list[tuple[str, str]]:
    """Return whom a new link may be sent to: where this one went, else the contacts on file."""
    link = answering.link
    if link.address is not None:
        return [(link.name or link.address, link.address)]
    if not answering.is_whole:
        return []
    known = {
        one.address: one.name
        for one in contacts.contacts_of(db, answering.notice.party_id)
        if one.channel == "email"
    }
    party = db.get_one(Party, answering.notice.party_id)
    if not known and party.email:
        known[party.email] = party.name
    return [(name, address) for address, name in known.items()]


def _mail(
    db: Session,
    answering: Answering,
    link: NoticeLink,
    token: str,
    layout: str,
    facts: dict[str, str],
    *,
    at: datetime,
) -> None:
    if answering.case.is_drill:  # a drill has no way out
        return
    outbox.say(
        db,
        f"{layout}:{link.id}",
        receiver=link.address or "",
        language=answering.notice.language,
        layout=layout,
        body={
            **facts,
            "notice_number": answering.notice.number,
            "consignee": db.get_one(Party, answering.notice.party_id).name,
            "company": db.info.get("company", ""),
            "expires_at": link.expires_at.isoformat(),
            "time_zone": "UTC",
            "path": address(token),
        },
        at=at,
    )
