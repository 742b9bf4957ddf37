"""Receipts of a file struck all at once: each corrected by an event that says it did not occur."""

from uuid import UUID, uuid4

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from engine.serials.models import CUSTODY, USABILITY, Event, ImportLine
from engine.serials.projection import project_units
from engine.serials.record import How
from engine.serials.sets import is_sqlite
from engine.serials.standing import NEVER_MADE
from engine.serials.vocabulary import KINDS

PIECE = 5_000  # events, or units
NEVER_EXISTED = CUSTODY.code(NEVER_MADE.custody or "")
SCRAPPED = USABILITY.code(NEVER_MADE.usability or "")
STRUCK = "FROM event AS e JOIN {table} AS t ON t.event_id = e.corrects_id WHERE e.recording = :now"
STEPS = tuple(
    text(step)
    for step in (
        "INSERT INTO event_link (unit_id, event_id, role, custody, usability)"
        f" SELECT t.unit_id, e.id, t.role, {NEVER_EXISTED}, {SCRAPPED} "
        + STRUCK.format(table="event_link"),
        "INSERT INTO event_node (node_id, event_id, role) SELECT t.node_id, e.id, t.role "
        + STRUCK.format(table="event_node"),
        "INSERT INTO stock_posting (event_id, lot_id, location_id, custody, usability, tranche_id,"
        " quantity) SELECT e.id, t.lot_id, t.location_id, t.custody, t.usability, t.tranche_id,"
        " -t.quantity " + STRUCK.format(table="stock_posting"),
        """
        UPDATE lot_stock SET quantity = lot_stock.quantity + back.quantity
        FROM (
            SELECT t.lot_id, t.location_id, t.custody, t.usability, t.tranche_id,
                   sum(t.quantity) AS quantity
            FROM event AS e JOIN stock_posting AS t ON t.event_id = e.id
            WHERE e.recording = :now
            GROUP BY t.lot_id, t.location_id, t.custody, t.usability, t.tranche_id
        ) AS back
        WHERE back.lot_id = lot_stock.lot_id AND back.location_id = lot_stock.location_id
          AND back.custody = lot_stock.custody AND back.usability = lot_stock.usability
          AND back.tranche_id = lot_stock.tranche_id
        """,
    )
)


def strike(db: Session, batch_id: int, how: How) -> UUID:
    """Correct every receipt of a batch as not occurred, as `correct.withdraw` does one by one.

    Returns their recording; the caller checked that nothing stands on them, takes away the units
    that are new with them, and ends in `record_recording`. The others never came to be, as before.
    """
    kind, recording, last = KINDS["did_not_occur"], uuid4(), 0
    own = select(ImportLine.event_id).where(ImportLine.batch_id == batch_id)
    receipts = select(Event.id, Event.location_id).where(
        Event.id.in_(own), Event.type == "received"
    )
    while True:
        query = receipts.where(Event.id > last).order_by(Event.id).limit(PIECE)
        rows = db.execute(query).all()
        if not rows:
            break
        db.execute(
            insert(Event),
            [
                {
                    "uuid": uuid4(),
                    "recording": recording,
                    "type": "did_not_occur",
                    "biz_step": kind.biz_step,
                    "disposition": kind.disposition,
                    "event_at": how["at"],
                    "recorded_at": how["at"],
                    "actor_id": how["by"].id if how["by"] else None,
                    "source": how.get("source", "holdfast"),
                    "location_id": location_id,
                    "payload": {},
                    "corrects_id": event_id,
                    "reason": how.get("reason"),
                }
                for event_id, location_id in rows
            ],
        )
        last = rows[-1][0]
    for step in STEPS:
        db.execute(step, {"now": recording.hex if is_sqlite(db) else recording})
    db.expire_all()
    for first in range(0, len(again := _came_again(db, batch_id)), PIECE):
        project_units(db, again[first : first + PIECE])
    return recording


def _came_again(db: Session, batch_id: int) -> list[int]:
    """Return the units that were there before the file that brought them."""
    rows = (
        select(ImportLine.entity_id)
        .join(Event, Event.id == ImportLine.event_id)
        .where(
            ImportLine.batch_id == batch_id,
            ImportLine.entity == "unit",
            ImportLine.is_new.is_(False),
            Event.type == "received",
        )
        .order_by(ImportLine.entity_id)
    )
    return list(db.scalars(rows))
