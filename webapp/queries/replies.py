"""Replies as their pages show them: the list of a consignee, what is about to be said, receipts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import replies
from engine.cases.notices.models import Notice
from engine.cases.replies.given import Given, Line
from engine.cases.replies.links import Answering
from engine.cases.replies.listed import Listed, listed
from engine.cases.replies.models import OUTCOMES, Reply, ReplyFinding, ReplyLine
from engine.cases.replies.wording import Wording
from engine.cases.tasks import printed_name
from engine.evidence import documents
from webapp import words
from webapp.times import number

FEW = 10  # units whose serial numbers stand on the first page
NAMED = 40  # serial numbers under an answer before they are counted


@dataclass(frozen=True)
class Here:
    """What every page of a link shows: whose it is, and what the text says."""

    db: Session
    token: str
    answering: Answering
    consignee: str
    company: str
    wording: Wording

    @property
    def is_customer(self) -> bool:
        """Say whether a customer of a distributor answers."""
        return not self.answering.is_whole

    @cached_property
    def listed(self) -> Listed:
        """Return what they are asked about, read once for a page."""
        return listed(self.db, self.answering.notice)


@dataclass(frozen=True)
class Shipped:
    """One line of what was shipped: the units of a part and lot, or a quantity of a lot."""

    key: str  # what a form calls all of it
    part: str
    lot: str
    much: str
    serials: tuple[str, ...]  # where they are few


@dataclass
class Said:
    """What is answered with one outcome: how much, and which, as far as there is room."""

    outcome: str
    quantity: Decimal = Decimal(0)
    names: list[str] = field(default_factory=list)
    more: int = 0
    passed_on_to: str = ""


@dataclass(frozen=True)
class Summary:
    """A reply by outcome, what nothing is said of, and what is not on the list."""

    said: tuple[Said, ...]
    unanswered: Decimal
    not_listed: tuple[str, ...]
    exceeding: tuple[str, ...]  # lots of which more is answered than was shipped


@dataclass(frozen=True)
class Answered:
    """A reply that was recorded, with its summary and its files."""

    reply: Reply
    summary: Summary
    files: tuple[tuple[str, str], ...]  # name and sha256


@dataclass(frozen=True)
class Shown:
    """A reply on the page of its consignee."""

    reply: Reply
    summary: Summary
    recorded_by: str
    superseded_by: int | None  # the version that changed it
    findings: tuple[str, ...]
    files: tuple[tuple[int, str], ...]


def replies_shown(db: Session, notice: Notice) -> list[Shown]:
    """Return every reply to a notice, the newest first."""
    all_of_it = replies.replies_of(db, notice.id)
    later = {one.supersedes_id: one.version for one in all_of_it}
    found: dict[int, dict[str, None]] = {}
    kinds = select(ReplyFinding.reply_id, ReplyFinding.kind).order_by(ReplyFinding.id)
    for reply_id, kind in db.execute(
        kinds.join(Reply, Reply.id == ReplyFinding.reply_id).where(Reply.notice_id == notice.id)
    ):
        found.setdefault(reply_id, {})[kind] = None
    of_them = listed(db, notice)
    return [
        Shown(
            one,
            _summary_of_recorded(db, one, of_them),
            printed_name(db, one.by_id) if one.by_id else "",
            later.get(one.id),
            tuple(found.get(one.id, ())),
            tuple((i, documents.document_of(db, i).name) for i in one.document_ids),
        )
        for one in reversed(all_of_it)
    ]


def rows_of(listed: Listed, language: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield part, lot, serial and quantity of everything on a list, as texts."""
    for unit in listed.units:
        lot_no = listed.lot_numbers.get(unit.lot_id or 0, "")
        yield part_name(listed, unit.part_id, language), lot_no, unit.serial, "1"
    for lot in listed.lots:
        much = f"{lot.quantity.normalize():f}"
        yield part_name(listed, lot.part_id, language), lot.lot_no, "", much


def shipped(listed: Listed, language: str) -> list[Shipped]:
    """Return a list in short: a line for each part and lot."""
    lines = [
        Shipped(
            f"g{group.key}",
            part_name(listed, group.part_id, language),
            group.lot_no or "",
            _much(listed, group.part_id, Decimal(len(group.units))),
            tuple(unit.serial for unit in group.units) if len(group.units) <= FEW else (),
        )
        for group in listed.groups
    ]
    return lines + [
        Shipped(
            f"g{lot.part_id}-l{lot.id}",
            part_name(listed, lot.part_id, language),
            lot.lot_no,
            _much(listed, lot.part_id, lot.quantity),
            (),
        )
        for lot in listed.lots
    ]


def _much(listed: Listed, part_id: int, quantity: Decimal) -> str:
    return f"{number(quantity)} {words.uom(listed.parts[part_id].uom)}"


def part_name(listed: Listed, part_id: int, language: str) -> str:
    """Return number and name of a part in the reader's language."""
    part = listed.parts[part_id]
    name = part.name_zh if language == "zh" and part.name_zh else part.name
    return f"{part.part_no} {name}"


def summary_of(given: Given, listed: Listed) -> Summary:
    """Return a reply that is about to be sent, by outcome."""
    return _summary(given.lines, listed, given.passed_on_to or "", is_none=given.is_none)


def answered(db: Session, reply: Reply, listed: Listed) -> Answered:
    """Return a recorded reply for its receipt."""
    files = tuple(
        (one.name, one.sha256 or "")
        for one in (documents.document_of(db, i) for i in reply.document_ids)
    )
    return Answered(reply, _summary_of_recorded(db, reply, listed), files)


def _summary_of_recorded(db: Session, reply: Reply, listed: Listed) -> Summary:
    lines = replies.lines_of(db, reply.id)
    to = next((one.passed_on_to for one in lines if one.passed_on_to), "")
    return _summary(lines, listed, to or "", is_none=reply.is_none)


def _summary(
    lines: Iterable[Line] | Sequence[ReplyLine], listed: Listed, to: str, *, is_none: bool
) -> Summary:
    by_outcome = {code: Said(code) for code in OUTCOMES}
    answered_units: set[int] = set()
    of_lots: dict[int, Decimal] = {}
    not_listed = []
    for line in lines:
        said = by_outcome[line.outcome]
        said.quantity += line.quantity
        if line.outcome == "passed_on":
            said.passed_on_to = to
        if line.unit_id is not None:
            answered_units.add(line.unit_id)
        if line.lot_id is not None:
            of_lots[line.lot_id] = of_lots.get(line.lot_id, Decimal(0)) + line.quantity
        if line.said is not None:
            not_listed.append(line.said)
        if is_none:
            continue
        if len(said.names) < NAMED:
            said.names.append(_name(listed, line))
        else:
            said.more += 1
    open_units = sum(1 for unit in listed.units if unit.id not in answered_units)
    open_lots = sum(
        (max(lot.quantity - of_lots.get(lot.id, Decimal(0)), Decimal(0)) for lot in listed.lots),
        Decimal(0),
    )
    exceeding = tuple(
        listed.lot_of[i].lot_no
        for i, much in of_lots.items()
        if i in listed.lot_of and much > listed.lot_of[i].quantity
    )
    return Summary(
        said=tuple(one for one in by_outcome.values() if one.quantity),
        unanswered=open_units + open_lots,
        not_listed=tuple(not_listed),
        exceeding=exceeding,
    )


def _name(listed: Listed, line: Line | ReplyLine) -> str:
    much = f" × {line.quantity.normalize():f}"
    if line.unit_id is not None:
        unit = listed.unit_of.get(line.unit_id)
        return unit.serial if unit else f"#{line.unit_id}"
    if line.lot_id is not None:
        lot = listed.lot_of.get(line.lot_id)
        return (lot.lot_no if lot else f"#{line.lot_id}") + much
    return f"{line.said}{much if line.quantity != 1 else ''}"
