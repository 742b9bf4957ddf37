"""Holding what a trace found, and letting it go: a million at once, inside the database."""

# ruff: noqa: S608  the parts of a statement come from here, values are bound

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, TextClause, and_, or_, select, text, update
from sqlalchemy.orm import Session

from engine.people.person import Person
from engine.serials.events import Links, record_events, write_event
from engine.serials.holds.linking import link_targets
from engine.serials.holds.standing import of_case
from engine.serials.models import (
    CUSTODY,
    LINK_ROLE,
    Hold,
    HoldTargetRow,
    Tranche,
)
from engine.serials.sets import id_set, is_sqlite
from engine.serials.trace.search import Search

# what has reached a consignee is not ours to hold: it is held when it comes back
HOLDABLE = ("in_house", "returned", "at_third_party", "in_transit", "unknown")
ROW = HoldTargetRow
SUBJECT = LINK_ROLE.code("subject")
_HELD = (
    "EXISTS (SELECT 1 FROM hold_target x JOIN hold h ON h.id = x.hold_id"
    " WHERE x.kind = '{kind}' AND x.target_id = {id} AND x.release_event_id IS NULL"
    " AND h.case_number = :case)"
)


def place_run(
    db: Session,
    *,
    stream: str,
    case_number: str,
    reason: str,
    basis: str,
    run_id: int,
    beside: int | None = None,
    by: Person | None,
    at: datetime,
    review_by: datetime | None = None,
) -> Hold | None:
    """Hold what a run found and the run `beside` did not, as one hold; flushes.

    Lots are held whole, with what arrives later; units are held that stand by themselves and are
    where a hold can bear on them. What the case holds already is not held twice. Returns None
    where nothing is left to hold. Memory does not grow with the run.
    """
    given = {"run": run_id, "beside": beside or 0, "case": case_number}
    sql = _placing(is_sqlite(db))
    if db.execute(sql["any"], given).first() is None:
        return None

    payload = {"case": case_number, "basis": basis, "run": run_id}
    event = write_event(db, "hold_placed", Links(), payload=payload, by=by, at=at, reason=reason)
    given["event"] = event.id
    count = sum(_rows(db, sql[name], given) for name in ("units", "lots"))
    hold = Hold(
        stream=stream,
        case_number=case_number,
        reason=reason,
        basis=basis,
        target_kind="scope",
        target_count=count,
        review_by=review_by,
        placed_at=at,
        placed_by_id=by.id if by else None,
        placed_event_id=event.id,
    )
    db.add(hold)
    db.flush()
    _rows(db, sql["targets"], {"event": event.id, "hold": hold.id})
    record_events(db, [event], by=by, at=at, stream=stream)
    return hold


def count_run(db: Session, *, case_number: str, run_id: int, beside: int | None = None) -> int:
    """Return how many units and lots `place_run` would hold; holds nothing."""
    given = {"run": run_id, "beside": beside or 0, "case": case_number}
    count: int = db.connection().execute(_placing(is_sqlite(db))["count"], given).scalar_one()
    return count


def named_units(db: Session, case_number: str, units: Iterable[int]) -> set[int]:
    """Return which of these units a standing hold of a case names by themselves."""
    return set(
        db.scalars(
            select(ROW.target_id)
            .join(Hold, Hold.id == ROW.hold_id)
            .where(
                Hold.case_number == case_number,
                ROW.kind == "unit",
                ROW.release_event_id.is_(None),
                ROW.target_id.in_(id_set(db, units)),
            )
        )
    )


def _rows(db: Session, statement: TextClause, given: dict[str, Any]) -> int:
    return db.connection().execute(statement, given).rowcount


@cache
def _placing(sqlite: bool) -> dict[str, TextClause]:  # noqa: FBT001 - one of two kinds of database
    search = Search(sqlite)
    custodies = ", ".join(str(CUSTODY.code(name)) for name in HOLDABLE)
    units = search.step(
        "{id}",
        "trace_run_unit w",
        "unit n",
        f"n.id = w.unit_id AND n.custody IN ({custodies})",
        id="n.id",
    )
    # the step has the last WHERE of the statement on SQLite, and none of its own on PostgreSQL
    more = " AND " if sqlite else " WHERE "
    new_units = (
        f"{units}{more}w.run_id = :run AND w.unit_id = w.root_id"
        " AND NOT EXISTS (SELECT 1 FROM trace_run_unit b WHERE b.run_id = :beside"
        " AND b.unit_id = w.unit_id AND b.root_id = b.unit_id)"
        f" AND NOT {_HELD.format(kind='unit', id='w.unit_id')}"
    )
    new_lots = (
        "SELECT w.node_id AS id FROM trace_run_node w JOIN lot l ON l.id = w.node_id"
        " WHERE w.run_id = :run AND NOT EXISTS (SELECT 1 FROM trace_run_node b"
        " WHERE b.run_id = :beside AND b.node_id = w.node_id)"
        f" AND NOT {_HELD.format(kind='lot', id='w.node_id')}"
    )
    return {
        "any": text(
            f"SELECT 1 FROM ({new_lots}) l UNION ALL SELECT 1 FROM ({new_units}) u LIMIT 1"
        ),
        "count": text(
            f"SELECT (SELECT count(*) FROM ({new_units}) u) + (SELECT count(*) FROM ({new_lots}) l)"
        ),
        "units": text(
            "INSERT INTO event_link (unit_id, event_id, role)"
            f" SELECT f.id, :event, {SUBJECT} FROM ({new_units}) f"
        ),
        "lots": text(
            "INSERT INTO event_node (node_id, event_id, role)"
            f" SELECT f.id, :event, 'subject' FROM ({new_lots}) f"
        ),
        "targets": text(
            "INSERT INTO hold_target (hold_id, kind, target_id)"
            " SELECT :hold, 'unit', unit_id FROM event_link WHERE event_id = :event"
            " UNION ALL SELECT :hold, 'lot', node_id FROM event_node WHERE event_id = :event"
        ),
    }


def release_set(
    db: Session,
    *,
    stream: str,
    case_number: str,
    units: Select[int],
    lots: Select[int],
    reason: str,
    by: Person | None,
    at: datetime,
) -> int:
    """Let these units and whole lots out of every hold of a case; return how many targets ended.

    A hold ends with its last target; what another case holds of them stays held there. Flushes.
    """
    count = 0
    for hold in of_case(db, case_number):
        db.refresh(hold, with_for_update=True)
        standing = (ROW.hold_id == hold.id, ROW.release_event_id.is_(None))
        tranches = select(Tranche.id).where(Tranche.lot_id.in_(lots))
        named = or_(
            and_(ROW.kind == "unit", ROW.target_id.in_(units)),
            and_(ROW.kind == "lot", ROW.target_id.in_(lots)),
            and_(ROW.kind == "stock", ROW.target_id.in_(tranches)),
        )
        if db.scalar(select(ROW.target_id).where(*standing, named).limit(1)) is None:
            continue
        payload = {"case": case_number, "hold": hold.id}
        event = write_event(
            db, "hold_released", Links(), payload=payload, by=by, at=at, reason=reason
        )
        link_targets(db, event, *standing, units=units, lots=lots)
        ended = update(ROW).where(*standing, named).values(release_event_id=event.id)
        count += db.execute(ended).rowcount  # type: ignore[attr-defined]  # of an update it has one
        if db.scalar(select(ROW.target_id).where(*standing).limit(1)) is None:
            hold.released_at, hold.release_event_id = at, event.id
            hold.released_by_id, hold.release_reason = by.id if by else None, reason
        record_events(db, [event], by=by, at=at, stream=stream)
    return count
