"""Synthetic hospitals: what each answers and when, drawn from the seed of the drill.

The seed's SHA-256 is in the ledger before anything is drawn, the seed after: anybody can draw
again. How often hospitals are late, wrong or silent is stated here and on the report.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import replies, scopes
from engine.cases.drills.models import Drill, SyntheticAnswer
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.replies.given import Given, Line
from engine.people import Person
from engine.serials.models import Party
from engine.words import N_

# of a thousand hospitals
KINDS = {
    "prompt": (700, N_("Answers in time")),
    "late": (130, N_("Answers late")),
    "corrects": (50, N_("Answers twice, with different numbers")),
    "wrong": (50, N_("Names a number that it was never sent")),
    "never": (70, N_("Never answers")),
}
# of a thousand units with a hospital that answers
OUTCOMES = (("quarantined", 850), ("used", 80), ("returned", 40), ("not_found", 30))
THOUSAND = 1000
# how long a hospital takes, in minutes, at so many thousandths of them
PROMPT = ((0, 30), (200, 240), (500, 480), (800, 1560), (950, 2880), (THOUSAND, 5760))
LATE = ((0, 8640), (THOUSAND, 17280))
BETWEEN = timedelta(days=2)  # from one answer to the one that corrects it
OPENS, CLOSES = time(7), time(17)  # UTC, on working days
WEEKEND = 5
STRANGE = "DRILL-0000"  # a number that nobody was ever sent
PAGE = 1000


def plan(db: Session, case: Case, drill: Drill) -> int:
    """Lay down what every hospital that was written to will answer; returns how many are new."""
    known = select(SyntheticAnswer.notice_id).where(SyntheticAnswer.case_id == case.id)
    rows = db.execute(
        select(Notice.id, Notice.first_sent_at, Party.code)
        .join(Party, Party.id == Notice.party_id)
        .where(
            Notice.case_id == case.id, Notice.first_sent_at.is_not(None), Notice.id.not_in(known)
        )
        .order_by(Notice.id)
    ).all()
    for notice_id, sent_at, code in rows:
        kind = kind_of(drill.seed, code)
        for number, due_at in enumerate(
            _due(drill, code, kind, sent_at or case.opened_at), start=1
        ):
            db.add(
                SyntheticAnswer(
                    case_id=case.id, notice_id=notice_id, number=number, kind=kind, due_at=due_at
                )
            )
    db.flush()
    return len(rows)


def kind_of(seed: str, code: str) -> str:
    """Return how the hospital of this code behaves in the drill of this seed."""
    at = drawn(seed, code, "kind")
    for kind, (share, _) in KINDS.items():
        if at < share:
            return kind
        at -= share
    return "never"


def drawn(seed: str, *about: object) -> int:
    """Return a number from 0 to 999 that the seed fixes for this."""
    words = "|".join([seed, *map(str, about)])
    return int.from_bytes(sha256(words.encode()).digest()[:8]) % THOUSAND


def _due(drill: Drill, code: str, kind: str, sent_at: datetime) -> Iterator[datetime | None]:
    if kind == "never":
        yield None
        return
    table = LATE if kind == "late" else PROMPT
    takes = timedelta(minutes=_between(table, drawn(drill.seed, code, "delay")))
    first = at_work(sent_at + takes, drawn(drill.seed, code, "morning"))
    for due in (first, at_work(first + BETWEEN, 0)) if kind == "corrects" else (first,):
        yield sent_at + (due - sent_at) / drill.speed


def _between(table: Sequence[tuple[int, int]], at: int) -> int:
    """Return the minutes at a point of a table, straight between its points."""
    for (left, low), (right, high) in pairwise(table):
        if at <= right:
            return low + (high - low) * (at - left) // (right - left)
    return table[-1][1]


def at_work(moment: datetime, scatter: int) -> datetime:
    """Return the moment, or when somebody is there again: some minutes into the next morning."""
    if moment.weekday() < WEEKEND and OPENS <= moment.time() < CLOSES:
        return moment
    day = moment.date() + timedelta(days=moment.time() >= CLOSES)
    while day.weekday() >= WEEKEND:
        day += timedelta(days=1)
    return datetime.combine(day, OPENS, moment.tzinfo) + timedelta(minutes=scatter // 4)


def due(db: Session, case: Case, *, at: datetime) -> list[int]:
    """Return the answers that are due and not given, in their order."""
    rows = (
        select(SyntheticAnswer.id)
        .where(
            SyntheticAnswer.case_id == case.id,
            SyntheticAnswer.given_at.is_(None),
            SyntheticAnswer.due_at <= at,
        )
        .order_by(SyntheticAnswer.due_at, SyntheticAnswer.id)
    )
    return list(db.scalars(rows))


def give(db: Session, drill: Drill, answer_id: int, *, by: Person, at: datetime) -> None:
    """Record what a hospital answers, as a reply that a robot took down. Once; flushes."""
    answer = db.get_one(SyntheticAnswer, answer_id, with_for_update=True, populate_existing=True)
    if answer.given_at is not None:
        return
    case, notice = db.get_one(Case, answer.case_id), db.get_one(Notice, answer.notice_id)
    lines = tuple(_lines(db, drill, case, notice, answer))
    given = Given(
        channel="telephone",
        name="Synthetic hospital · 虚拟医院",
        role="Drill · 演练",
        language=notice.language,
        received_at=answer.due_at or at,  # whenever somebody looks
        lines=lines,
        is_none=not lines,
        note="Drill: a synthetic answer. 演练：虚拟答复。",
    )
    replies.record(db, notice, given, by=by, at=at, key=f"drill:{answer.id}")
    answer.given_at = at
    db.flush()


def _lines(
    db: Session, drill: Drill, case: Case, notice: Notice, answer: SyntheticAnswer
) -> Iterator[Line]:
    after, corrected = 0, answer.kind == "corrects" and answer.number > 1
    while units := scopes.units_of(db, case, notice.party_id, after=after, limit=PAGE):
        for one in units:
            outcome = _outcome(drawn(drill.seed, notice.number, one.unit_id))
            if corrected and outcome == "quarantined":  # the ward had one in use after all
                outcome, corrected = "used", False
            yield Line(outcome, Decimal(1), unit_id=one.unit_id)
        after = units[-1].unit_id
    for lot in scopes.stock_of(db, case, notice.party_id):
        yield Line("quarantined", lot.there or lot.sent, lot_id=lot.lot_id)
    if answer.kind == "wrong":
        yield Line("quarantined", Decimal(1), said=STRANGE)


def _outcome(at: int) -> str:
    for outcome, share in OUTCOMES:
        if at < share:
            return outcome
        at -= share
    return OUTCOMES[0][0]
