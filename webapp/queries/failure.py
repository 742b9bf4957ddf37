"""What a failed inspection or test already says of the nonconformance that is to be reported."""

from typing import Any

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.models import (
    Event,
    EventFact,
    EventLink,
    EventNode,
    Examination,
    Lot,
    Measurement,
    Part,
    Unit,
)

NAMED = 200  # units that a report begins with; of more, their lot is what to name
SOURCES = {"inspection": "incoming_inspection", "test": "final_test"}


def failure_of(db: Session, event_id: int) -> dict[str, Any]:
    """Return the answers a report begins with, none when that event is no failed examination."""
    row = db.execute(
        select(Examination, Part)
        .join(Part, Part.id == Examination.part_id)
        .where(Examination.event_id == event_id, Examination.outcome != "passed")
    ).one_or_none()
    if row is None:
        return {}
    found, part = row
    documents = db.get_one(Event, event_id).payload.get("documents", [])
    facts: dict[str, str] = {}
    for fact in db.scalars(
        select(EventFact).where(EventFact.event_id == event_id).order_by(EventFact.value)
    ):
        said = facts.get(fact.name)
        facts[fact.name] = f"{said}, {fact.value}" if said else fact.value
    answers = {
        "suspects": {"scanned": "\n".join(_scanned(db, event_id)), "unidentified": []},
        "source": SOURCES[found.kind],
        "source_reference": ", ".join(documents)[:80],
        "operation": facts.get("equipment", ""),
        "description": _described(db, found, part),
        "aware_by": facts.get("inspector") or facts.get("operator") or "",
    }
    return {name: value for name, value in answers.items() if value}


def _scanned(db: Session, event_id: int) -> list[str]:
    """Return the failing units, or else the lots, by the names a scanner reads."""
    units = db.scalars(
        select(Unit.serial)
        .join(EventLink, EventLink.unit_id == Unit.id)
        .where(EventLink.event_id == event_id, EventLink.usability == "nonconforming")
        .order_by(Unit.serial)
        .limit(NAMED)
    ).all()
    lots = db.scalars(
        select(Lot.lot_no)
        .join(EventNode, EventNode.node_id == Lot.id)
        .where(EventNode.event_id == event_id)
        .order_by(Lot.lot_no)
    )
    return [*units, *lots]


def _described(db: Session, found: Examination, part: Part) -> str:
    """Say what failed: the part, how many, each characteristic beyond its limits."""
    lines = [f"{part.part_no} {part.name}"]
    if found.sample_size:
        facts = {"failed": found.failed_count or 0, "size": found.sample_size}
        lines.append(gettext("%(failed)s of %(size)s failed", **facts))
    for row in db.scalars(
        select(Measurement)
        .where(Measurement.event_id == found.event_id, ~Measurement.is_met)
        .order_by(Measurement.id)
    ):
        limits = f" ({row.lower or '…'} – {row.upper or '…'})" if row.lower or row.upper else ""
        lines.append(f"{row.characteristic}: {row.value} {row.uom or ''}".rstrip() + limits)
    if found.remark:
        lines.append(found.remark)
    return "\n".join(lines)
