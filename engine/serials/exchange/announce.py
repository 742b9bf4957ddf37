"""Telling other systems: what happened becomes outbox rows for whoever subscribed, at once with it.

A payload is `{"type", "timestamp", "data"}` as Standard Webhooks has it; `data["version"]` counts
up when a field changes its meaning, and new fields may come at any time. docs/webhooks.md
describes each event.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine import outbox
from engine.serials.models import (
    Event,
    EventLink,
    Hold,
    HoldExemption,
    HoldTargetRow,
    Lot,
    Part,
    StockPosting,
    Tranche,
    Unit,
    WebhookDelivery,
    WebhookSubscription,
)
from engine.words import N_

CHANNEL = "webhook"
NAMED = 200  # a payload names up to this many of each; the count says how many there are
EVENT_TYPES = {
    "hold.placed": N_("Hold placed"),
    "hold.released": N_("Hold released"),
    "unit.scrapped": N_("Units scrapped"),
    "scope.frozen": N_("Scope frozen"),
    "case.closed": N_("Case closed"),
}
Data = dict[str, Any]


def announce_events(db: Session, events: list[Event]) -> None:
    """Tell subscribers what the serial store recorded (a sink of the store)."""
    told = [(event, *TOLD[event.type]) for event in events if event.type in TOLD]
    if not told:
        return
    listening = _listening(db)
    for event, event_type, data_of in told:
        to = [one for one in listening if event_type in one.event_types]
        if to:
            data = {"version": 1, **_when(event), **data_of(db, event)}
            put(db, to, event_type, str(event.uuid), data, at=event.recorded_at)


def announce(db: Session, event_type: str, about: str, data: Data, *, at: datetime) -> None:
    """Tell subscribers of something else that happened; `about` is never used twice. Flushes."""
    to = [one for one in _listening(db) if event_type in one.event_types]
    put(db, to, event_type, about, {"version": 1, **data}, at=at)


def put(
    db: Session,
    to: Sequence[WebhookSubscription],
    event_type: str,
    about: str,
    data: Data,
    *,
    at: datetime,
) -> list[int]:
    """Put one webhook in the outbox for each subscription; return the deliveries. Flushes."""
    body = {"type": event_type, "timestamp": _iso(at), "data": data}
    said = []
    for one in to:
        outgoing = outbox.say(
            db,
            f"webhook:{one.id}:{event_type}:{about}",
            receiver=str(one.id),
            language="en",
            layout=event_type,
            body=body,
            at=at,
            channel=CHANNEL,
        )
        db.add(
            WebhookDelivery(
                outgoing_id=outgoing.id,
                subscription_id=one.id,
                event_type=event_type,
                about=str(data.get("case_number") or about),
            )
        )
        said.append(outgoing.id)
    db.flush()
    return said


def _listening(db: Session) -> Sequence[WebhookSubscription]:
    on = select(WebhookSubscription).where(WebhookSubscription.off_at.is_(None))
    return db.scalars(on.order_by(WebhookSubscription.id)).all()


def _when(event: Event) -> Data:
    return {
        "event_id": str(event.uuid),
        "occurred_at": _iso(event.event_at),
        "recorded_at": _iso(event.recorded_at),
        "source": event.source,
    }


def _placed(db: Session, event: Event) -> Data:
    hold = db.scalars(select(Hold).where(Hold.placed_event_id == event.id)).one()
    rows = select(HoldTargetRow.kind, HoldTargetRow.target_id)
    return {
        "case_number": hold.case_number,
        "hold_id": hold.id,
        "reason": hold.reason,
        "basis": hold.basis,
        **_targets(db, rows.where(HoldTargetRow.hold_id == hold.id)),
    }


def _released(db: Session, event: Event) -> Data:
    hold = db.get_one(Hold, event.payload["hold"])
    named = select(HoldTargetRow.kind, HoldTargetRow.target_id).where(
        HoldTargetRow.hold_id == hold.id, HoldTargetRow.release_event_id == event.id
    )
    let_out = select(HoldExemption.kind, HoldExemption.target_id).where(
        HoldExemption.hold_id == hold.id, HoldExemption.event_id == event.id
    )
    return {
        "case_number": hold.case_number,
        "hold_id": hold.id,
        "reason": event.reason,
        "is_whole": hold.released_at is not None,
        **_targets(db, named, let_out),
    }


def _scrapped(db: Session, event: Event) -> Data:
    units = select(EventLink.unit_id).where(
        EventLink.event_id == event.id, EventLink.role == "subject"
    )
    rows = db.execute(
        select(Lot.lot_no, Part.part_no, Part.di, StockPosting.quantity, Part.uom)
        .join(Lot, Lot.id == StockPosting.lot_id)
        .join(Part, Part.id == Lot.part_id)
        .where(
            StockPosting.event_id == event.id,
            StockPosting.usability == "scrapped",
            StockPosting.quantity > 0,
        )
        .order_by(StockPosting.id)
        .limit(NAMED)
    )
    return {
        "reason": event.reason,
        "case_number": event.payload.get("case"),
        "unit_count": _count(db, units),
        "units": _units(db, units),
        "stock": [
            {"part_no": part, "di": di, "lot_no": lot, "quantity": f"{quantity:f}", "uom": uom}
            for lot, part, di, quantity, uom in rows
        ],
    }


def _targets(db: Session, *queries: Select[str, int]) -> Data:
    """Return what a hold was placed on or released from, by kind."""
    counts: dict[str, int] = {}
    found: dict[str, list[Data]] = {"units": [], "lots": [], "runs": [], "stock": []}
    for query in queries:
        rows = query.subquery()
        kind, target = rows.c.kind, rows.c.target_id
        counted = db.execute(select(kind, func.count()).group_by(kind))
        for name, count in counted:
            counts[name] = counts.get(name, 0) + count
        found["units"] += _units(db, select(target).where(kind == "unit"))
        found["runs"] += [
            {"segment_id": one}
            for one in db.scalars(select(target).where(kind == "segment").limit(NAMED))
        ]
        found["lots"] += _lots(db, select(target).where(kind == "lot"))
        tranches = select(Tranche.lot_id).where(
            Tranche.id.in_(select(target).where(kind == "stock"))
        )
        found["stock"] += _lots(db, tranches)
    return {"target_count": sum(counts.values()), **found}


def _units(db: Session, ids: Select[int]) -> list[Data]:
    rows = db.execute(
        select(Unit.serial, Part.part_no, Part.di)
        .join(Part, Part.id == Unit.part_id)
        .where(Unit.id.in_(ids))
        .order_by(Unit.id)
        .limit(NAMED)
    )
    return [{"part_no": part, "di": di, "serial": serial} for serial, part, di in rows]


def _lots(db: Session, ids: Select[int]) -> list[Data]:
    rows = db.execute(
        select(Lot.lot_no, Part.part_no, Part.di)
        .join(Part, Part.id == Lot.part_id)
        .where(Lot.id.in_(ids))
        .order_by(Lot.id)
        .limit(NAMED)
    )
    return [{"part_no": part, "di": di, "lot_no": lot} for lot, part, di in rows]


def _count(db: Session, ids: Select[int]) -> int:
    return db.scalar(select(func.count()).select_from(ids.subquery())) or 0


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


# what the serial store records, under the name it is told by
TOLD: dict[str, tuple[str, Callable[[Session, Event], Data]]] = {
    "hold_placed": ("hold.placed", _placed),
    "hold_released": ("hold.released", _released),
    "scrapped": ("unit.scrapped", _scrapped),
}
