"""What stands of several replies: of each thing the latest that each of them said, and its account.

A consignee speaks for itself; each customer of a distributor speaks for itself too. A reply that
does not mention a thing leaves what was said of it before.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.replies.models import NoticeLink, Reply, ReplyLine

# where what a consignee says of a thing puts it, while nobody here has it in hand
ACCOUNT_OF = {
    "quarantined": "confirmed_at_consignee",
    "in_use_until_corrected": "in_use_until_corrected",
    "used": "used",
    "returned": "return_announced",
    "destroyed": "destroyed_at_consignee",
    "passed_on": "passed_on",
    "not_found": "not_found",
    "not_ours": "not_received",
    "none": "not_found",  # unknown is never zero: they do not have it, and nobody says who does
}
UNANSWERED = "at_consignee"
# what may lie there until we have it in hand again, or something was done to it that we witnessed
ANSWERED = frozenset(ACCOUNT_OF.values())
MOVABLE = ANSWERED | {UNANSWERED, "in_transit", "unresolved", "lost"}


class Target(NamedTuple):
    """One unit, one lot, or a number that is not listed."""

    unit_id: int | None
    lot_id: int | None
    said: str | None


Outcomes: TypeAlias = Mapping[str, Decimal]  # of one thing: how much has become of it what


def said_of(
    db: Session, notice_id: int, *, before: int | None = None
) -> dict[int | None, dict[Target, Outcomes]]:
    """Return by who speaks (None: the consignee) what stands of each thing that they named.

    With `before` what stood before the reply of that version.
    """
    rows = (
        select(Reply.customer_link_id, Reply.version, ReplyLine)
        .join(ReplyLine, ReplyLine.reply_id == Reply.id)
        .where(Reply.notice_id == notice_id)
        .order_by(Reply.version, ReplyLine.id)
    )
    if before is not None:
        rows = rows.where(Reply.version < before)
    found: dict[int | None, dict[Target, dict[str, Decimal]]] = {}
    latest: dict[tuple[int | None, Target], int] = {}
    for speaker, version, line in db.execute(rows):
        target = Target(line.unit_id, line.lot_id, line.said)
        of_speaker = found.setdefault(speaker, {})
        if latest.get((speaker, target)) != version:
            latest[speaker, target], of_speaker[target] = version, {}
        of_target = of_speaker[target]
        of_target[line.outcome] = of_target.get(line.outcome, Decimal(0)) + line.quantity
    return {speaker: dict(things) for speaker, things in found.items()}


def counted(
    db: Session, notice_id: int, said: Mapping[int | None, Mapping[Target, Outcomes]]
) -> dict[int | None, Mapping[Target, Outcomes]]:
    """Return what counts: the consignee's own word, and that of customers somebody confirmed."""
    known = set(
        db.scalars(
            select(NoticeLink.id).where(
                NoticeLink.notice_id == notice_id, NoticeLink.confirmed_at.is_not(None)
            )
        )
    )
    return {one: things for one, things in said.items() if one is None or one in known}


def accounts_of(
    said: Mapping[int | None, Mapping[Target, Outcomes]], targets: Iterable[Target]
) -> dict[Target, dict[str, Decimal]]:
    """Return where each thing should lie by what everybody said of it; the rest is unanswered.

    What a distributor passed on is what its customers say of it, once they say it.
    """
    wanted: dict[Target, dict[str, Decimal]] = {}
    for target in targets:
        own = dict(said.get(None, {}).get(target, {}))
        theirs: dict[str, Decimal] = {}
        for speaker, things in said.items():
            if speaker is not None:
                for outcome, quantity in things.get(target, {}).items():
                    theirs[outcome] = theirs.get(outcome, Decimal(0)) + quantity
        heard = sum(theirs.values(), Decimal(0))
        if target.unit_id is not None and heard:
            own = {}
        elif heard and "passed_on" in own:
            own["passed_on"] = max(own["passed_on"] - heard, Decimal(0))
        sums: dict[str, Decimal] = {}
        for outcome, quantity in [*own.items(), *theirs.items()]:
            account = ACCOUNT_OF[outcome]
            sums[account] = sums.get(account, Decimal(0)) + quantity
        wanted[target] = {name: much for name, much in sums.items() if much > 0}
    return wanted
