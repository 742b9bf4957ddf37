"""Settling differences: who looks after them, and how they were resolved, one or many at once."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.errors import Invalid, Problem
from engine.evidence import ledger
from engine.people.person import Person
from engine.serials.exchange.errors import NothingChosen
from engine.serials.exchange.runs import fingerprint
from engine.serials.exchange.subscriptions import STREAM
from engine.serials.models import ReconciliationDifference
from engine.serials.sets import id_set
from engine.words import N_

DIFF = ReconciliationDifference


def resolve(
    db: Session,
    source_id: int,
    *,
    ids: Collection[int] | None = None,
    kind: str | None = None,
    resolution: str,
    by: Person,
    at: datetime,
) -> int:
    """Say how open differences were settled; return how many. Flushes.

    `ids` names them; without it all open ones of a source, or of one `kind`. Holdfast changes
    nothing by this: what was wrong here is recorded as events, what was wrong there is mended
    there. One that differs again in a later run is open again.
    """
    if not resolution.strip():
        sentence = N_("Write how it was settled.")
        raise Invalid([Problem("resolution", sentence)])
    chosen = _open(db, source_id, ids, kind)
    db.execute(
        update(DIFF)
        .where(DIFF.id.in_(id_set(db, chosen)))
        .values(
            state="resolved", resolution=resolution.strip(), resolved_at=at, resolved_by_id=by.id
        )
    )
    body = {
        "source": source_id,
        "count": len(chosen),
        "differences": chosen if len(chosen) <= 100 else None,
        "differences_sha256": fingerprint(chosen),
        "resolution": resolution.strip(),
    }
    ledger.append(db, STREAM, "differences_resolved", body, by=by, at=at)
    return len(chosen)


def take(
    db: Session, source_id: int, *, ids: Collection[int] | None = None, kind: str | None = None,
    by: Person, at: datetime, only_free: bool = False,
) -> int:  # fmt: skip
    """Look after open differences oneself; return how many. Flushes.

    With `only_free` those that a colleague looks after stay with them.
    """
    chosen = _open(db, source_id, ids, kind, only_free=only_free)
    db.execute(update(DIFF).where(DIFF.id.in_(id_set(db, chosen))).values(owner_id=by.id))
    body = {"source": source_id, "count": len(chosen), "differences_sha256": fingerprint(chosen)}
    ledger.append(db, STREAM, "differences_taken", body, by=by, at=at)
    return len(chosen)


def _open(
    db: Session,
    source_id: int,
    ids: Collection[int] | None,
    kind: str | None,
    *,
    only_free: bool = False,
) -> list[int]:
    wanted = select(DIFF.id).where(DIFF.source_id == source_id, DIFF.state == "open")
    if ids is not None:
        wanted = wanted.where(DIFF.id.in_(id_set(db, ids)))
    if kind:
        wanted = wanted.where(DIFF.kind == kind)
    if only_free:
        wanted = wanted.where(DIFF.owner_id.is_(None))
    chosen = list(db.scalars(wanted.order_by(DIFF.id).with_for_update()))
    if not chosen:
        raise NothingChosen
    return chosen
