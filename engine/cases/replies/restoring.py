"""What a person looks into of a reply, and what was said before recorded once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.names import stock_names
from engine.cases.notices.models import Notice
from engine.cases.replies import standing
from engine.cases.replies.given import Given, Line
from engine.cases.replies.models import Reply, ReplyFinding
from engine.cases.replies.recording import record
from engine.cases.replies.standing import Target
from engine.people import Person
from engine.serials.models import Party


@dataclass(frozen=True)
class ToLookInto:
    """One finding as a person reads it."""

    kind: str
    name: str
    before: tuple[tuple[str, str], ...]  # outcome and quantity
    after: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Differing:
    """A reply that differs, the one before it, and what is to be looked into."""

    reply: Reply
    earlier: Reply | None
    notice: Notice
    consignee: str
    findings: tuple[ToLookInto, ...]


def differing(db: Session, instance_id: int | None) -> Differing | None:
    """Return what a running diagram has looked into, None where it is no such diagram."""
    rows = db.scalars(
        select(ReplyFinding)
        .where(ReplyFinding.instance_id == instance_id)
        .order_by(ReplyFinding.id)
    ).all()
    if instance_id is None or not rows:
        return None
    reply = db.get_one(Reply, rows[0].reply_id)
    notice = db.get_one(Notice, reply.notice_id)
    return Differing(
        reply=reply,
        earlier=db.get(Reply, reply.supersedes_id) if reply.supersedes_id else None,
        notice=notice,
        consignee=db.get_one(Party, notice.party_id).name,
        findings=tuple(_named(db, rows)),
    )


def restore(
    db: Session, reply_id: int, *, channel: str, note: str, by: Person, at: datetime
) -> Reply | None:
    """Record once more what stood before a reply of all that they contradict each other about.

    Returns None where nothing was said of it before.
    """
    reply = db.get_one(Reply, reply_id)
    notice = db.get_one(Notice, reply.notice_id)
    said = standing.said_of(db, notice.id, before=reply.version).get(reply.customer_link_id, {})
    rows = db.scalars(
        select(ReplyFinding).where(
            ReplyFinding.reply_id == reply.id, ReplyFinding.kind == "differs"
        )
    )
    lines = tuple(
        Line(outcome, quantity, *Target(row.unit_id, row.lot_id, row.said))
        for row in rows
        for outcome, quantity in said.get(Target(row.unit_id, row.lot_id, row.said), {}).items()
    )
    if not lines:
        return None
    given = Given(
        channel=channel,
        name=reply.name,
        role=reply.role,
        language=reply.language,
        received_at=at,
        lines=lines,
        customer=reply.customer,
        customer_link_id=reply.customer_link_id,
        note=note,
    )
    key = f"restore:{reply.number}"
    return record(db, notice, given, by=by, at=at, key=key, is_looked_into=True)


def _named(db: Session, rows: Sequence[ReplyFinding]) -> list[ToLookInto]:
    names = stock_names(db, [(row.unit_id, row.lot_id) for row in rows])
    found = []
    for row in rows:
        named = names.get((row.unit_id, row.lot_id))
        found.append(
            ToLookInto(
                row.kind,
                f"{named.name} · {named.part}" if named else row.said or "",
                _read(row.before),
                _read(row.after),
            )
        )
    return found


def _read(written: str | None) -> tuple[tuple[str, str], ...]:
    """Return what `recording` wrote, as outcomes with quantities."""
    pairs = [one.rpartition(" ") for one in (written or "").split(", ") if one]
    return tuple((name, quantity) for name, _, quantity in pairs)
