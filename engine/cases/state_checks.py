"""Checks of what became of a case: lines, facts, balance, remarks, files, by ledger and answers."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import lying
from engine.cases.dispositions import lines_of, parts_of, parts_of_line
from engine.cases.models import Answer, Attachment, Case, Comment, Fact, Line, Round
from engine.cases.names import person_named
from engine.cases.notices.models import Notice
from engine.cases.replies.models import Reply
from engine.evidence.documents import Document
from engine.evidence.findings import Result
from engine.evidence.ledger import LedgerEntry
from engine.serials.sets import id_set

ENDINGS = {
    "case_closed": "closed",
    "case_merged": "closed",
    "case_superseded": "closed",
    "case_voided": "void",
    "case_reopened": "open",
}
BALANCED = ("case_closed", "case_merged", "case_superseded")


def _of(entries: Sequence[LedgerEntry], *actions: str) -> list[LedgerEntry]:
    return [one for one in entries if one.action in actions]


def _last_ending(entries: Sequence[LedgerEntry]) -> LedgerEntry | None:
    return next(reversed(_of(entries, *ENDINGS)), None)


# --- the case itself and its balance ---------------------------------------------------------


def check_case(result: Result, case: Case, entries: Sequence[LedgerEntry]) -> None:
    """Check who opened the case, when, under what title, and whether it has ended."""
    opened = next(iter(_of(entries, "case_opened")), None)
    if opened is None:
        result.fail("The ledger does not say that the case was opened.")
        return

    wanted = (opened.stated_body.get("title"), opened.by_id, opened.at)
    if (case.title, case.opened_by_id, case.opened_at) != wanted:
        result.fail("The case names another title, reporter or time of report than the ledger.")
    last = _last_ending(entries)
    state = ENDINGS[last.action] if last else "open"
    ended_at = last.at if last and state != "open" else None
    if (case.state, case.ended_at) != (state, ended_at):
        result.fail(
            "The case says it is %(found)s, by the ledger it is %(wanted)s.",
            found=_ended(case.state, case.ended_at),
            wanted=_ended(state, ended_at),
        )


def _ended(state: str, at: datetime | None) -> str:
    return f"{state} since {at:%Y-%m-%d %H:%M} UTC" if at else state


def check_balance(result: Result, db: Session, case: Case, entries: Sequence[LedgerEntry]) -> None:
    """Hold the postings against what is kept of them, and where the case is closed, was then."""
    if not lying.agree(db, case.id):
        result.fail("What is shown to lie where is not what the postings come to: it was changed.")
    last = _last_ending(entries)
    if last is None or last.action not in BALANCED:
        return  # what is not over still moves
    wanted = {name: Decimal(said) for name, said in last.stated_body.get("balance", {}).items()}
    found = lying.posted_totals(db, case.id)
    lies = last.stated_body.get("holdings_sha256")
    if found != wanted:
        result.fail(
            "The postings give %(found)s, the case was closed with %(wanted)s: they were changed.",
            found=_sums(found),
            wanted=_sums(wanted),
        )
    elif lies is not None and lies != lying.fingerprint(db, case.id, posted=True):
        result.fail(
            "The sums of the postings are those the case was closed with, but other units lie in"
            " the accounts: postings were changed."
        )
    else:
        result.ok("The unit balance is the one the case was closed with (%(sums)s).",
                  sums=_sums(found))  # fmt: skip


def _sums(totals: dict[str, Decimal]) -> str:
    words = (f"{name.replace('_', ' ')} {totals[name]}" for name in sorted(totals))
    return ", ".join(words) or "nothing"


# --- dispositions ----------------------------------------------------------------------------


def check_lines(result: Result, db: Session, case: Case, answers: Sequence[Answer]) -> None:
    """Hold the lines of every round against the answer that proposed them."""
    proposals = [a for a in answers if a.element_id == "propose_disposition" and a.version == 1]
    written = select(Line.round_id).where(Line.case_id == case.id)
    rounds = db.scalars(select(Round).where(Round.id.in_(written)).order_by(Round.number))
    problems = count = 0
    for number, (answer, current) in enumerate(zip_longest(proposals, rounds), 1):
        stated = _proposed(answer) if answer else []
        lines = [_written(db, one) for one in lines_of(db, current)] if current else []
        count += len(lines)
        for place, (said, found) in enumerate(zip_longest(stated, lines), 1):
            if said != found:
                problems += 1
                _say_line(result, number, place, said, found)
    if count and not problems:
        result.ok(
            "The one disposition line is the one that was proposed."
            if count == 1
            else "All %(count)s disposition lines are those that were proposed.",
            count=count,
        )


def _say_line(result: Result, number: int, place: int, said: Any, found: Any) -> None:
    names = ("number", "type", "justification", "conditions", "quantity", "units or lots")
    if found is None:
        cause = "it was proposed, but is gone."
    elif said is None:
        cause = "nobody proposed it: it was put in."
    else:
        differing = [n for n, a, b in zip(names, said, found, strict=True) if a != b]
        cause = f"it differs from the proposal that was answered in {' and '.join(differing)}."
    result.fail(
        "Line %(place)s of disposition round %(number)s: %(cause)s",
        place=place,
        number=number,
        cause=cause,
    )


Stated = tuple[int, str, str, str | None, Decimal, list[str]]


def _proposed(answer: Answer) -> list[Stated]:
    """Return the lines as answered; none where the answer was changed beyond reading."""
    try:
        return [
            (number, line["type"], line["justification"], line.get("conditions") or None,
             *_stock(parts_of(line)))
            for number, line in enumerate(answer.answers["lines"]["lines"], 1)
        ]  # fmt: skip
    except (LookupError, TypeError, AttributeError, ArithmeticError):
        return []


def _written(db: Session, line: Line) -> Stated:
    return (line.number, line.type, line.justification, line.conditions,
            *_stock(parts_of_line(db, line)))  # fmt: skip


def _stock(parts: Sequence[Any]) -> tuple[Decimal, list[str]]:
    total = sum((one.quantity for one in parts), Decimal(0))
    return total, sorted(f"{one.key} {one.quantity.normalize():f}" for one in parts)


# --- facts, remarks, files -------------------------------------------------------------------


def check_facts(
    result: Result,
    db: Session,
    case: Case,
    entries: Sequence[LedgerEntry],
    answers: Sequence[Answer],
) -> None:
    """Check the dated facts that an answer or an entry states: awareness, decision, closure."""
    told = [a.answers.get("aware_at") for a in answers if a.element_id == "report"][:1]
    wanted: dict[str, list[Any]] = {
        "awareness": [
            *(one["at"] for one in told if isinstance(one, dict) and "at" in one),
            *(
                one.stated_body.get("awareness")
                for one in _of(entries, "awareness_moved", "awareness_corrected")
            ),
        ],
        "field_action_decision": [
            one.stated_body.get("decision") for one in _of(entries, "field_action_decided")
        ],
        "closure": [one.at for one in _of(entries, "case_closed")],
    }
    facts = list(db.scalars(select(Fact).where(Fact.case_id == case.id).order_by(Fact.id)))
    for name, said in wanted.items():
        found = [_as(said, one.value) for one in facts if one.name == name]
        if found != said:
            result.fail(
                "The fact “%(name)s” says %(found)s, by what was answered and entered it is"
                " %(wanted)s.",
                name=name.replace("_", " "),
                found=", ".join(map(str, found)) or "nothing",
                wanted=", ".join(map(str, said)) or "nothing",
            )


def _as(said: list[Any], value: str) -> Any:
    try:
        return datetime.fromisoformat(value) if isinstance(said[0], datetime) else value
    except (LookupError, ValueError):
        return value


Remarks = Counter[tuple[Any, int | None, datetime]]


def check_comments(result: Result, db: Session, case: Case, entries: Sequence[LedgerEntry]) -> None:
    """Check that every comment is the one that was entered, and that none is missing."""
    rows = db.scalars(select(Comment).where(Comment.case_id == case.id))
    found: Remarks = Counter((one.text, one.by_id, one.at) for one in rows)
    said = _of(entries, "comment_added")
    entered: Remarks = Counter((one.stated_body.get("text"), one.by_id, one.at) for one in said)
    for sentence, differing in (
        ("A comment of %(name)s (%(at)s) is not what the ledger entered.", found - entered),
        ("A comment of %(name)s (%(at)s) is in the ledger, but gone here.", entered - found),
    ):
        for _, by_id, at in differing.elements():
            result.fail(sentence, name=person_named(db, by_id), at=f"{at:%Y-%m-%d %H:%M} UTC")
    if entered and found == entered:
        result.ok("All %(count)s comments are those that were entered.", count=len(said))


def check_files(result: Result, db: Session, case: Case, entries: Sequence[LedgerEntry]) -> None:
    """Check that the files of the case are those entered, under their names."""
    said = [one.stated_body for one in _of(entries, "document_attached")]
    entered = {one.get("document_id"): one.get("name") for one in said}
    rows = db.execute(
        select(Attachment.document_id, Document.name)
        .outerjoin(Document, Document.id == Attachment.document_id)
        .where(Attachment.case_id == case.id)
    )
    found: dict[int | None, str | None] = {row[0]: row[1] for row in rows}
    found |= _of_replies(db, case)
    for id_ in sorted(entered.keys() - found.keys(), key=str):
        result.fail("The file “%(name)s” was taken from the case.", name=entered[id_])
    for id_, name in found.items():
        if id_ not in entered:
            result.fail("The file “%(name)s” was never given to the case.", name=name)
        elif name != entered[id_]:
            result.fail(
                "The file “%(name)s” was entered as “%(entered)s”.", name=name, entered=entered[id_]
            )


def _of_replies(db: Session, case: Case) -> dict[int | None, str | None]:
    """Return the files that came with replies, by id: nobody here attached them."""
    listed = select(Reply.document_ids).join(Notice, Notice.id == Reply.notice_id)
    ids = {id_ for row in db.scalars(listed.where(Notice.case_id == case.id)) for id_ in row}
    named = select(Document.id, Document.name).where(Document.id.in_(id_set(db, ids)))
    return {**dict.fromkeys(ids), **{row[0]: row[1] for row in db.execute(named)}}
