"""What came of a recall in a record: notices, dispositions, checks, shares of the balance, files.

Each is a table of sums; where it has more rows than a page, the rest stands in the attached rows.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.checks import board
from engine.cases.checks.board import Board
from engine.cases.checks.results import StratumResult
from engine.cases.dispositions import TYPES
from engine.cases.models import Case, Line, LinePart
from engine.cases.notices.models import (
    NOTICE_STATES,
    OUTREACH_CHANNELS,
    OUTREACH_OUTCOMES,
    Notice,
    NoticeLetter,
    OutreachAttempt,
)
from engine.cases.records.sections import Section, minute, table
from engine.cases.replies.models import CHANNELS, Reply
from engine.cases.reporting import reports
from engine.cases.shares import count as share_count
from engine.evidence import ledger
from engine.evidence.documents import Document
from engine.evidence.signatures import Signature
from engine.serials.models import Party
from engine.serials.models.master import PARTY_KINDS
from engine.words import N_, say

MOST_ROWS = 40
BY: tuple[tuple[balance.By, str, str], ...] = (
    ("country", N_("Unit balance by country"), N_("Country")),
    ("consignee", N_("Unit balance by consignee"), N_("Consignee")),
    ("lot", N_("Unit balance by lot"), N_("Lot")),
)
REST = N_("%(count)s more rows stand in the attached file “%(file)s”.")
ALL = N_("Every row stands in the attached file “%(file)s”.")


def notices(db: Session, case: Case) -> list[Section]:
    """Return how many consignees were told, tried and heard: by state, channel and outcome."""
    language = case.language
    states = _counts(db, select(Notice.state, Party.kind, func.count()).join(
        Party, Party.id == Notice.party_id).where(Notice.case_id == case.id)
        .group_by(Notice.state, Party.kind).order_by(Notice.state, Party.kind))  # fmt: skip
    if not states:
        return []
    letters = _counts(db, select(NoticeLetter.channel, func.count(NoticeLetter.sent_at),
                                 func.count(NoticeLetter.bounced_at),
                                 func.count(NoticeLetter.delivered_at))
        .join(Notice, Notice.id == NoticeLetter.notice_id)
        .where(Notice.case_id == case.id, NoticeLetter.sent_at.is_not(None))
        .group_by(NoticeLetter.channel).order_by(NoticeLetter.channel))  # fmt: skip
    tried = _counts(db, select(OutreachAttempt.channel, OutreachAttempt.outcome, func.count())
        .join(Notice, Notice.id == OutreachAttempt.notice_id).where(Notice.case_id == case.id)
        .group_by(OutreachAttempt.channel, OutreachAttempt.outcome)
        .order_by(OutreachAttempt.channel, OutreachAttempt.outcome))  # fmt: skip
    heard = _counts(db, select(Reply.channel, func.count())
        .join(Notice, Notice.id == Reply.notice_id).where(Notice.case_id == case.id)
        .group_by(Reply.channel).order_by(Reply.channel))  # fmt: skip
    channel, count = N_("Channel"), N_("Number")
    each: tuple[tuple[str, str, tuple[str, ...], list[list[Any]]], ...] = (
        ("notices", N_("Notices"), (N_("State"), N_("Kind of consignee"), count),
         [[say(NOTICE_STATES[s], language), say(PARTY_KINDS[k], language), n]
          for s, k, n in states]),
        ("notices", N_("Letters sent"),
         (channel, N_("Sent"), N_("Came back"), N_("Delivery proved")),
         [[say(_LETTERS[c], language), *numbers] for c, *numbers in letters]),
        ("attempts", N_("Attempts to reach consignees"), (channel, N_("Outcome"), count),
         [[say(OUTREACH_CHANNELS[c], language), say(OUTREACH_OUTCOMES[o], language), n]
          for c, o, n in tried]),
        ("replies", N_("Replies"), (channel, count),
         [[say(CHANNELS[c], language), n] for c, n in heard]),
    )  # fmt: skip
    return [
        table(heading, columns, _figures(rows), language, note=_note(case, file, ALL))
        for file, heading, columns, rows in each
    ]


_LETTERS = {
    "mail": N_("E-mail"),
    "print": N_("Printed letter"),
    None: N_("Kept here, for a drill writes to nobody"),
}


def dispositions(db: Session, case: Case) -> list[Section]:
    """Return what the board ruled on what came back: how many lines and how much of each type."""
    rows = _counts(db, select(Line.type, Line.state, func.count(Line.id.distinct()),
                              func.sum(LinePart.quantity, type_=LinePart.quantity.type))
        .join(LinePart, LinePart.line_id == Line.id)
        .where(Line.case_id == case.id, Line.state.in_(("done", "running")))
        .group_by(Line.type, Line.state).order_by(Line.type, Line.state))  # fmt: skip
    if not rows:
        return []
    columns = (N_("Disposition"), N_("State"), N_("Lines"), N_("Quantity"))
    shown = [
        [say(TYPES[type_].label, case.language), say(CARRIED_OUT[state], case.language),
         f"{count:,}", _plain(quantity)]
        for type_, state, count, quantity in rows
    ]  # fmt: skip
    return [table(N_("Dispositions"), columns, shown, case.language)]


CARRIED_OUT = {"done": N_("Carried out"), "running": N_("Being carried out")}


def effectiveness(db: Session, case: Case) -> list[Section]:
    """Return every plan of checks with its strata and the bound on who was not asked."""
    return [_plan(one, case) for one in reversed(board.boards(db, case))]


def _plan(one: Board, case: Case) -> Section:
    language = case.language
    columns = (
        N_("Kind of consignee"), N_("Consignees"), N_("Consignees asked"), N_("Checks made"),
        N_("Found effective"), N_("May not have acted, at 95 % confidence"),
    )  # fmt: skip
    heading = say(N_("Effectiveness checks, plan %(number)s"), language, number=one.plan.number)
    facts = (
        (N_("Level"), say(one.level_words, language)),
        (N_("SHA-256 of the seed, entered before the frame was frozen"), one.plan.seed_sha256),
        (N_("Seed, revealed after"), one.seed),
        (N_("SHA-256 of the frame"), one.plan.frame_sha256),
        (N_("The sample is the one that the seed draws"), one.is_sound),
    )
    return {
        **table(heading, columns, [_stratum(s, language) for s in one.strata], language,
                note=_note(case, "checks", ALL)),
        "rows": [[say(label, language), said] for label, said in facts],
    }  # fmt: skip


def _stratum(one: StratumResult, language: str) -> list[str]:
    numbers = (one.population, one.drawn, one.checked, one.effective, one.may_have_failed)
    return [say(one.words, language), *(f"{number:,}" for number in numbers)]


def status_reports(db: Session, case: Case) -> list[Section]:
    """Return every status report that was approved, with the figures it told."""
    rows = [
        [f"{case.number}-S{one.report.number}", minute(one.report.approved_at),
         one.figures.affected, one.figures.open, f"{one.figures.sum_of('responding'):,}"]
        for one in reversed(reports.of_case(db, case))
        if one.report.approved_at is not None
    ]  # fmt: skip
    if not rows:
        return []
    columns = (
        N_("Report"), N_("Approved at"), N_("All affected"), N_("Still open"), N_("Responding"),
    )  # fmt: skip
    return [table(N_("Status reports"), columns, rows, case.language)]


def shares(db: Session, case: Case) -> list[Section]:
    """Return the balance by country, consignee and lot: those with most open first."""
    return [_share(db, case, of, heading, column) for of, heading, column in BY]


def _share(db: Session, case: Case, of: balance.By, heading: str, column: str) -> Section:
    language = case.language
    found = balance.by(db, case, of, limit=MOST_ROWS)
    rows = [
        [
            " · ".join(dict.fromkeys(filter(None, (one.code, one.name))))
            or say(N_("In our hands"), language),
            _plain(one.total),
            _plain(one.still_open),
            [f"{say(balance.ACCOUNTS[name].label, language)}: {_plain(quantity)}"
             for name, quantity in one.sums.items()],
        ]
        for one in found
    ]  # fmt: skip
    more = share_count(db, case, of) - len(found)
    columns = (column, N_("Affected"), N_("Still open"), N_("Where it lies"))
    note = _note(case, "balance", REST, count=f"{more:,}") if more else None
    return table(heading, columns, rows, language, note=note)


def not_accounted(db: Session, case: Case) -> list[Section]:
    """Return what ended as unresolved or lost: with whom, how much, who justified it and why."""
    language = case.language
    entries = ledger.entries(db, case.stream, action="open_closed")
    bodies = [one.stated["body"] for one in entries if one.stated][:MOST_ROWS]
    ids = [body["signature"] for body in bodies]
    signed = {one.id: one for one in db.scalars(select(Signature).where(Signature.id.in_(ids)))}
    rows = []
    for body in bodies:
        by = signed.get(body["signature"])
        rows.append(
            [
                body["consignee"],
                say(balance.ACCOUNTS[body["to"]].label, language),
                [f"{say(balance.ACCOUNTS[name].label, language)}: {quantity}"
                 for name, quantity in body["from"].items()],
                by.printed_name if by else None,
                by.reason if by else None,
            ]
        )  # fmt: skip
    more = len(entries) - len(rows)
    columns = (
        N_("Consignee"), N_("How it ended"), N_("What was open"), N_("Signed by"),
        N_("Justification"),
    )  # fmt: skip
    heading = N_("Unresolved after documented effort, and lost")
    note = _note(case, "signatures", REST, count=f"{more:,}") if more else None
    return [table(heading, columns, rows, language, note=note)]


def exhibits(db: Session, case: Case) -> list[Section]:
    """Return the documents and files of the case by their hash; review copies are left out."""
    listed = select(Document).where(Document.stream == case.stream, Document.state != "review")
    count = db.scalar(select(func.count()).select_from(listed.subquery())) or 0
    found = db.scalars(listed.order_by(Document.id).limit(MOST_ROWS)).all()
    rows = [[one.name, minute(one.at), one.sha256] for one in found]
    note = _note(case, "exhibits", REST, count=f"{count - len(rows):,}")
    columns = (N_("Document"), N_("Made at"), "SHA-256")
    more = {"note": note} if count > len(rows) else {}
    return [table(N_("Exhibits"), columns, rows, case.language, **more)]


def _counts(db: Session, query: Any) -> Sequence[Any]:
    return db.execute(query).all()


def _figures(rows: list[list[Any]]) -> list[list[str]]:
    return [[f"{one:,}" if isinstance(one, int) else str(one) for one in row] for row in rows]


def _plain(quantity: Any) -> str:
    return f"{quantity.normalize():f}"


def _note(case: Case, file: str, words: str, **facts: str) -> str:
    return say(words, case.language, file=f"{case.number} {file}.csv", **facts)
