"""The ledger: what happened, one hash chain per stream, written in the business transaction.

An entry's `content` is the canonical JSON of everything in it, the hash of the entry before
included; `hash` is the SHA-256 of those very bytes. The other columns repeat parts of the content
for queries and are held against it by `verify`. Streams: `case:NC-2026-0007`, `people`, `admin`,
`process`, `data:<site>`.
"""

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from engine.db import Base, Key, Ref, only_grows, upserting
from engine.evidence.canonical import canonical_text, moment
from engine.people.person import Person

if TYPE_CHECKING:
    from engine.evidence.checkpoints import Checkpoint

FORM = 1  # the form of an entry's content; a change of form is a new number, never a rewrite
NOTHING = "0" * 64  # what the first entry of a stream names as the one before it


class LedgerEntry(Base):
    """One thing that happened, linked by hash to what happened before in its stream."""

    __tablename__ = "ledger_entry"
    __table_args__ = (UniqueConstraint("stream", "seq"),)

    id: Mapped[Key]
    stream: Mapped[str]
    seq: Mapped[int]
    action: Mapped[str] = mapped_column(index=True)
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]
    content: Mapped[str]
    hash: Mapped[str]

    @property
    def stated(self) -> dict[str, Any] | None:
        """Return all that the content states, None when it is no JSON any more."""
        try:
            stated: dict[str, Any] = json.loads(self.content)
        except ValueError:
            return None
        return stated

    @property
    def stated_body(self) -> dict[str, Any]:
        """Return what the command wrote; nothing where an edit lost it: that is told elsewhere."""
        return (self.stated or {}).get("body") or {}

    @property
    def body(self) -> dict[str, Any]:
        """Return what the command wrote."""
        body: dict[str, Any] = json.loads(self.content)["body"]
        return body

    @property
    def printed_name(self) -> str | None:
        """Return the name, as it then was, of the person who did it; None for the system."""
        by = json.loads(self.content)["by"]
        return by["printed_name"] if by else None


class LedgerHead(Base):
    """The last entry of a stream: the row that a writer locks."""

    __tablename__ = "ledger_head"

    stream: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[str]
    at: Mapped[datetime | None]


only_grows(LedgerEntry)
only_grows(LedgerHead, but=("seq", "hash", "at"))

HEAD = select(LedgerHead).where(LedgerHead.stream == bindparam("stream")).with_for_update()
# what a transaction has locked stays so until it ends: a second entry asks for nothing
_locked: WeakKeyDictionary[SessionTransaction, dict[str, LedgerHead]] = WeakKeyDictionary()


def append(
    db: Session,
    stream: str,
    action: str,
    body: dict[str, Any],
    *,
    by: Person | None,
    at: datetime,
) -> LedgerEntry:
    """Add one entry to a stream; flushes.

    Call it last in a command: the head row stays locked until the transaction ends, and the lock
    order is case, task, ledger head. `body` is JSON-shaped; decimals, moments and UUIDs become
    texts, a float is refused. `by` is None when the system acts.
    """
    head = lock_head(db, stream)
    content = canonical_text(
        {
            "form": FORM,
            "stream": stream,
            "seq": head.seq + 1,
            "previous": head.hash,
            "action": action,
            "at": moment(at),
            "by": _who(by),
            "body": body,
        }
    )
    entry = LedgerEntry(
        stream=stream,
        seq=head.seq + 1,
        action=action,
        by_id=by.id if by else None,
        at=at,
        content=content,
        hash=hash_of(content),
    )
    head.seq, head.hash, head.at = entry.seq, entry.hash, at
    db.add(entry)
    db.flush()
    return entry


def lock_head(db: Session, stream: str) -> LedgerHead:
    """Return the head of a stream, locked until the transaction ends; a new stream gets one."""
    db.flush()
    heads = _locked.setdefault(_transaction(db), {})
    if stream not in heads:
        heads[stream] = _lock(db, stream)
    return heads[stream]


def _transaction(db: Session) -> SessionTransaction:
    """Return the innermost one: a lock taken in a savepoint goes when it is rolled back."""
    db.connection()  # a session that has asked nothing yet has no transaction
    transaction = db.get_nested_transaction() or db.get_transaction()
    assert transaction is not None  # noqa: S101 - the line above began it
    return transaction


def _lock(db: Session, stream: str) -> LedgerHead:
    asked = {"stream": stream}
    options = {"populate_existing": True}  # a head read earlier may be behind the locked row
    if (head := db.scalar(HEAD, asked, execution_options=options)) is not None:
        return head

    # two first entries at once: the second insert waits for the first and then does nothing
    fresh = {"stream": stream, "seq": 0, "hash": NOTHING}
    db.execute(upserting(db, LedgerHead).values(fresh).on_conflict_do_nothing())
    return db.scalars(HEAD, asked, execution_options=options).one()


def entries(
    db: Session, stream: str, *, action: str | None = None, after: int = 0, limit: int | None = None
) -> list[LedgerEntry]:
    """Return the entries of a stream in order, those with `seq` above `after`."""
    found = select(LedgerEntry).where(LedgerEntry.stream == stream, LedgerEntry.seq > after)
    if action is not None:
        found = found.where(LedgerEntry.action == action)
    return list(db.scalars(found.order_by(LedgerEntry.seq).limit(limit)))


def checkpoint(db: Session, *, at: datetime) -> "Checkpoint":
    """Sign where every stream stands (see `checkpoints`); call it last of all, at each closure."""
    from engine.evidence import checkpoints  # noqa: PLC0415 (checkpoints stand on the ledger)

    return checkpoints.checkpoint(db, at=at)


def hash_of(content: str) -> str:
    """Return the hash of an entry's stored content."""
    return hashlib.sha256(content.encode()).hexdigest()


def _who(by: Person | None) -> dict[str, Any] | None:
    if by is None:
        return None
    return {
        "id": by.id,
        "user_name": by.user_name,
        "printed_name": by.printed_name,
        "on_behalf_of": [list(one) for one in by.on_behalf_of],
    }
