"""The graph of lots and runs: which went into which, and never in a circle."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from engine.serials.errors import AlreadyWentIn, WouldLoop
from engine.serials.models import Edge, Event, Lot
from engine.serials.record import LotInput
from engine.serials.sets import is_sqlite
from engine.serials.walk import INTO, reach

GRAPH_LOCK = 0x484F4C44  # the number of this lock among the database's advisory locks


def add_edges(
    db: Session,
    event: Event,
    node_id: int,
    inputs: Sequence[LotInput],
    *,
    again: bool,
    is_new: bool = False,
) -> None:
    """Write edges; a graph with a loop has no beginning, so every edge is checked first.

    A node made in this very command (`is_new`) went into nothing yet and cannot close a loop.
    """
    if not inputs:
        return
    if not is_new:
        _lock_graph(db)
    made_of_it = reach(db, [node_id], INTO)
    there = set(
        db.scalars(select(Edge.inp).where(Edge.out == node_id, Edge.never_event_id.is_(None)))
    )
    for one in inputs:
        if one.lot_id in made_of_it:
            raise WouldLoop(inp=name_of(db, one.lot_id), out=name_of(db, node_id))
        if one.lot_id in there and not again:
            raise AlreadyWentIn(inp=name_of(db, one.lot_id), out=name_of(db, node_id))

    rows = [
        {
            "inp": one.lot_id,
            "out": node_id,
            "qty": one.quantity,
            "uom": one.uom,
            "event_id": event.id,
        }
        for one in inputs
        if one.lot_id not in there
    ]
    if rows:
        db.execute(insert(Edge), rows)


def _lock_graph(db: Session) -> None:
    """Let one at a time add to what exists: A into B and B into A, both unseen, would be a loop.

    SQLite has one writer anyway. Freed with the transaction; waits as long as any lock does.
    """
    if not is_sqlite(db):
        db.execute(select(func.pg_advisory_xact_lock(GRAPH_LOCK)))


def name_of(db: Session, node_id: int) -> str:
    """Return what a person calls a lot or a run."""
    lot = db.get(Lot, node_id)
    return lot.lot_no if lot else f"run {node_id}"
