"""The Consignees of a recall as their pages show them: counted in the database, read by pages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, distinct, func, or_, select
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.notices import wordings
from engine.cases.notices.laws import Law, law_of
from engine.cases.notices.letters import letter_number
from engine.cases.notices.models import (
    LetterRun,
    LetterWording,
    Notice,
    NoticeLetter,
    NoticeText,
    OutreachAttempt,
)
from engine.cases.pages import Page
from engine.cases.replies.models import Reply
from engine.errors import NotFound
from engine.evidence.documents import Document
from engine.people import PersonAccount
from engine.serials.models import Party, RecallContact

PAGE_SIZE = 50
TO_POST = and_(
    NoticeLetter.state == "stored", NoticeLetter.channel == "print", NoticeLetter.sent_at.is_(None)
)
CAME_BACK = NoticeLetter.bounced_at.is_not(None)
STILL_OUT = Notice.state.in_(("open", "sent", "escalated"))


class ConsigneeUnknown(NotFound):
    """There is no such consignee in this recall. Look it up in the list of its consignees."""


def notice_at(db: Session, case: Case, place: int) -> Notice:
    """Return the notice that an address names by its place in the recall."""
    numbered = Notice.number == f"{case.number}/N-{place:04d}"
    notice = db.scalar(select(Notice).where(Notice.case_id == case.id, numbered))
    if notice is None:
        raise ConsigneeUnknown
    return notice


@dataclass(frozen=True)
class Asked:
    """The filters of the dashboard as they stand in its address; empty is no filter."""

    state: str = ""
    country: str = ""
    waits: str = ""  # language, post, bounced: what keeps a notice from going on
    q: str = ""

    @property
    def kept(self) -> dict[str, str]:
        """Return the filters that are set."""
        named = {"state": self.state, "country": self.country, "waits": self.waits, "q": self.q}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True)
class NoticeLine:
    """One consignee in the list."""

    id: int
    number: str
    name: str
    country: str | None
    language: str
    state: str
    is_distributor: bool
    first_sent_at: datetime | None
    answered_at: datetime | None
    attempt_count: int
    has_bounced: bool
    waits_for_post: bool
    is_unspoken: bool  # the legal sentences are not there in its language


@dataclass(frozen=True)
class RunLine:
    """One going out of letters, and how far it is."""

    run: LetterRun
    text: NoticeText
    counts: Mapping[str, int]

    @property
    def done_count(self) -> int:
        """Return how many are printed."""
        return self.counts.get("stored", 0)

    @property
    def failed_count(self) -> int:
        """Return how many could not be printed."""
        return self.counts.get("failed", 0)


@dataclass(frozen=True)
class TextLine:
    """One text, and how many consignees wait for it or have it."""

    text: NoticeText
    law: Law
    notice_count: int
    wording: LetterWording | None  # its sentences, where Holdfast has them not


@dataclass(frozen=True)
class Dashboard:
    """Everything the page Consignees shows of one recall."""

    states: Mapping[str, int]
    countries: Sequence[tuple[str, Mapping[str, int]]]
    lines: Sequence[NoticeLine]
    page: Page
    texts: Sequence[TextLine]
    runs: Sequence[RunLine]
    unspoken: Sequence[tuple[str, int]]
    to_post_count: int
    bounced_count: int

    @property
    def total_count(self) -> int:
        """Return how many consignees there are."""
        return sum(self.states.values())


def dashboard(db: Session, case: Case, asked: Asked, *, page: int) -> Dashboard:
    """Return the dashboard: counts over everything, lines of what the filters leave."""
    counts = _counted(db, case)
    unspoken = Notice.language.not_in(spoken := wordings.spoken(db))
    fits = [Notice.case_id == case.id, *_filters(asked, unspoken)]
    count_of = select(func.count(Notice.id)).where(*fits)
    if asked.q:
        count_of = count_of.join(Party, Party.id == Notice.party_id)
    found = db.scalar(count_of) if asked.kept else sum(counts.states.values())
    shown = Page(number=page, size=PAGE_SIZE, total_count=found or 0)
    to_post, bounced = _waiting_letters(db, case)
    return Dashboard(
        states=counts.states,
        countries=sorted(
            counts.by_country.items(), key=lambda one: (-sum(one[1].values()), one[0])
        ),
        lines=_lines(db, fits, shown, unspoken),
        page=shown,
        texts=_texts(db, case, counts.needed),
        runs=_runs(db, case),
        unspoken=sorted(
            (language, count)
            for language, count in counts.languages.items()
            if language not in spoken
        ),
        to_post_count=to_post,
        bounced_count=bounced,
    )


@dataclass(frozen=True)
class _Counts:
    """How many notices of a recall there are, by whatever the dashboard shows them."""

    states: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    needed: Counter[tuple[str, str]] = field(default_factory=Counter)  # jurisdiction, language
    by_country: dict[str, Counter[str]] = field(default_factory=dict)


def _counted(db: Session, case: Case) -> _Counts:
    """Go through the notices of a recall once: there may be ten thousand."""
    counts = _Counts()
    one = (Notice.country, Notice.state, Notice.jurisdiction, Notice.language)
    rows = select(*one, func.count()).where(Notice.case_id == case.id).group_by(*one)
    for country, state, jurisdiction, language, count in db.execute(rows):
        counts.by_country.setdefault(country or "", Counter())[state] += count
        counts.states[state] += count
        counts.languages[language] += count
        counts.needed[jurisdiction, language] += count
    return counts


def _waiting_letters(db: Session, case: Case) -> tuple[int, int]:
    """Return how many notices have a letter to post, and how many one that came back."""
    runs = select(LetterRun.id).where(LetterRun.case_id == case.id)
    rows = db.execute(
        select(
            func.count(distinct(NoticeLetter.notice_id)).filter(TO_POST),
            func.count(distinct(NoticeLetter.notice_id)).filter(CAME_BACK, STILL_OUT),
        )
        .join(Notice, Notice.id == NoticeLetter.notice_id)
        .where(NoticeLetter.run_id.in_(runs), or_(TO_POST, CAME_BACK))
    )
    to_post, bounced = rows.one()
    return to_post, bounced


def _filters(asked: Asked, unspoken: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.state:
        wanted.append(Notice.state == asked.state)
    if asked.country:
        wanted.append(
            Notice.country.is_(None) if asked.country == "–" else Notice.country == asked.country
        )
    if asked.waits == "language":
        wanted.append(unspoken)
    if asked.waits == "post":
        wanted.append(_to_post())
    if asked.waits == "bounced":
        wanted.append(_bounced())
    if asked.q:
        text = asked.q.lower()
        wanted.append(
            or_(
                func.lower(Party.name).contains(text, autoescape=True),
                func.lower(Party.code) == text,
                func.lower(Notice.number).contains(text, autoescape=True),
            )
        )
    return wanted


def _to_post() -> ColumnElement[bool]:
    return select(NoticeLetter.id).where(NoticeLetter.notice_id == Notice.id, TO_POST).exists()


def _bounced() -> ColumnElement[bool]:
    came_back = select(NoticeLetter.id).where(NoticeLetter.notice_id == Notice.id, CAME_BACK)
    return STILL_OUT & came_back.exists()


def _lines(
    db: Session,
    fits: Sequence[ColumnElement[bool]],
    page: Page,
    unspoken: ColumnElement[bool],
) -> list[NoticeLine]:
    attempts = (
        select(func.count(OutreachAttempt.id))
        .where(OutreachAttempt.notice_id == Notice.id)
        .scalar_subquery()
    )
    rows: Select[Any] = (
        select(Notice, Party.name, attempts, _bounced(), _to_post(), unspoken)
        .join(Party, Party.id == Notice.party_id)
        .where(*fits)
        .order_by(Notice.id)
        .offset((page.number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return [
        NoticeLine(
            id=one.id,
            number=one.number,
            name=name,
            country=one.country,
            language=one.language,
            state=one.state,
            is_distributor=one.is_distributor,
            first_sent_at=one.first_sent_at,
            answered_at=one.answered_at,
            attempt_count=count,
            has_bounced=bool(has_bounced),
            waits_for_post=bool(waits),
            is_unspoken=bool(is_unspoken),
        )
        for one, name, count, has_bounced, waits, is_unspoken in db.execute(rows)
    ]


def _texts(db: Session, case: Case, needed: Mapping[tuple[str, str], int]) -> list[TextLine]:
    texts = db.execute(
        select(NoticeText, LetterWording)
        .outerjoin(LetterWording, LetterWording.id == NoticeText.wording_id)
        .where(NoticeText.case_id == case.id, NoticeText.state != "withdrawn")
        .order_by(NoticeText.jurisdiction, NoticeText.language, NoticeText.version)
    )
    return [
        TextLine(
            one,
            law_of(one.jurisdiction),
            needed.get((one.jurisdiction, one.language), 0),
            wording,
        )
        for one, wording in texts
    ]


def _runs(db: Session, case: Case) -> list[RunLine]:
    counts: dict[int, dict[str, int]] = {}
    for run_id, state, count in db.execute(
        select(NoticeLetter.run_id, NoticeLetter.state, func.count())
        .join(LetterRun, LetterRun.id == NoticeLetter.run_id)
        .where(LetterRun.case_id == case.id)
        .group_by(NoticeLetter.run_id, NoticeLetter.state)
    ):
        counts.setdefault(run_id, {})[state] = count
    rows = db.execute(
        select(LetterRun, NoticeText)
        .join(NoticeText, NoticeText.id == LetterRun.text_id)
        .where(LetterRun.case_id == case.id)
        .order_by(LetterRun.id.desc())
        .limit(12)
    )
    return [RunLine(run, text, counts.get(run.id, {})) for run, text in rows]


# --- one consignee -----------------------------------------------------------------------------


@dataclass(frozen=True)
class AttemptLine:
    """One attempt as it is shown."""

    attempt: OutreachAttempt
    by: str | None


@dataclass(frozen=True)
class LetterLine:
    """One letter as it is shown."""

    letter: NoticeLetter
    number: str
    text: NoticeText
    kind: str
    proof: Document | None


@dataclass(frozen=True)
class OneConsignee:
    """Everything the page of one consignee shows."""

    notice: Notice
    party: Party
    contacts: Sequence[RecallContact]
    letters: Sequence[LetterLine]
    attempts: Sequence[AttemptLine]
    replies: Sequence[Reply]
    is_unspoken: bool


def one_consignee(db: Session, notice: Notice) -> OneConsignee:
    """Return what one consignee received, how it was tried, and what it replied."""
    letters = db.execute(
        select(NoticeLetter, NoticeText, LetterRun.kind, Document)
        .join(NoticeText, NoticeText.id == NoticeLetter.text_id)
        .join(LetterRun, LetterRun.id == NoticeLetter.run_id)
        .outerjoin(Document, Document.id == NoticeLetter.delivery_document_id)
        .where(NoticeLetter.notice_id == notice.id)
        .order_by(NoticeLetter.number.desc())
    )
    attempts = db.execute(
        select(OutreachAttempt, PersonAccount.printed_name)
        .outerjoin(PersonAccount, PersonAccount.id == OutreachAttempt.by_id)
        .where(OutreachAttempt.notice_id == notice.id)
        .order_by(OutreachAttempt.at.desc(), OutreachAttempt.id.desc())
    )
    contacts = select(RecallContact).where(
        RecallContact.party_id == notice.party_id, RecallContact.ended_at.is_(None)
    )
    replies = select(Reply).where(Reply.notice_id == notice.id).order_by(Reply.id.desc())
    return OneConsignee(
        notice=notice,
        party=db.get_one(Party, notice.party_id),
        contacts=list(db.scalars(contacts.order_by(RecallContact.role != "recall"))),
        letters=[
            LetterLine(letter, letter_number(notice.number, letter.number), text, kind, proof)
            for letter, text, kind, proof in letters
        ],
        attempts=[AttemptLine(attempt, name) for attempt, name in attempts],
        replies=list(db.scalars(replies)),
        is_unspoken=notice.language not in wordings.spoken(db),
    )
