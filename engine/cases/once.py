"""What a transaction has read and nobody has changed since, so that a step asks for it once."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

Answer = TypeVar("Answer")
_KEPT = "read_once"


def once(db: Session, key: Hashable, read: Callable[[], Answer]) -> Answer:
    """Return what `read` found under `key` in this transaction; it ends with the transaction.

    The key says everything that the answer depends on, or whoever changes it calls `forget`.
    """
    kept = _kept(db)
    if key not in kept:
        kept[key] = read()
    return cast("Answer", kept[key])


def forget(db: Session, key: Hashable) -> None:
    """Let the next one read anew."""
    _kept(db).pop(key, None)


def _kept(db: Session) -> dict[Hashable, Any]:
    db.connection()  # begins the transaction that the answers belong to
    transaction = db.get_transaction()
    known: tuple[SessionTransaction | None, dict[Hashable, Any]] = db.info.get(_KEPT, (None, {}))
    if known[0] is not transaction:
        known = db.info[_KEPT] = (transaction, {})
    return known[1]


@event.listens_for(Session, "after_soft_rollback")
def _drop(db: Session, _previous: SessionTransaction) -> None:
    """Drop what was read before a part of the transaction was taken back."""
    db.info.pop(_KEPT, None)
