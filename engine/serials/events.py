"""Recording what happened: events, their links, the ledger entry, and who must hear of it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Unpack
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.evidence.canonical import canonical_text
from engine.people.person import Person
from engine.serials.errors import BeforeItWas
from engine.serials.flags import raise_flag, units_before
from engine.serials.identifiers import standard
from engine.serials.models import Event, EventFact, EventLink, EventNode, StockPosting
from engine.serials.record import Effect, How
from engine.serials.vocabulary import FACTS, KINDS, REPORTED


@dataclass
class Links:
    """What an event is about: units with their role and effect, lots and segments by role."""

    units: dict[int, tuple[str, Effect]] = field(default_factory=dict)
    nodes: dict[int, str] = field(default_factory=dict)

    def add(self, unit_ids: Iterable[int], effect: Effect, role: str = "subject") -> "Links":
        """Link units; one already linked keeps its first role and effect."""
        for unit_id in unit_ids:
            self.units.setdefault(unit_id, (role, effect))
        return self

    def about(self, node_ids: Iterable[int], role: str = "subject") -> "Links":
        """Link lots or segments."""
        for node_id in node_ids:
            self.nodes.setdefault(node_id, role)
        return self


def write_event(
    db: Session,
    type: str,
    links: Links,
    *,
    location_id: int | None = None,
    payload: Mapping[str, Any] | None = None,
    recording: UUID | None = None,
    corrects_id: int | None = None,
    **how: Unpack[How],
) -> Event:
    """Write one event with its links; flushes. The command ends in `record_events`.

    An event before a unit was made or received is flagged when it is a fact from outside, and
    raises `BeforeItWas` when it is ours.
    """
    kind = KINDS[type]
    before = units_before(db, links.units, how.get("event_at"))
    if before and not is_fact(type, how):
        raise BeforeItWas(unit=before[min(before)])

    event = Event(
        uuid=uuid4(),
        recording=recording or uuid4(),
        type=type,
        biz_step=kind.biz_step,
        disposition=kind.disposition,
        event_at=how.get("event_at") or how["at"],
        recorded_at=how["at"],
        actor_id=how["by"].id if how["by"] else None,
        source=how.get("source", "holdfast"),
        location_id=location_id,
        payload={**(payload or {}), **_documents(how)},
        corrects_id=corrects_id,
        reason=how.get("reason"),
    )
    db.add(event)
    db.flush()
    link_units(db, event, links)
    _name_facts(db, event, how)
    for unit_id in sorted(before):
        raise_flag(db, event, "before_it_was", unit_id=unit_id, at=how["at"])
    return event


def is_fact(type: str, how: How) -> bool:
    """Say whether something is told by the world: recorded and flagged, never refused."""
    return (
        type in REPORTED or how.get("is_fact", False) or how.get("source", "holdfast") != "holdfast"
    )


def _name_facts(db: Session, event: Event, how: How) -> None:
    named = {"document": list(how.get("documents", ())), **how.get("facts", {})}
    rows = [
        {"event_id": event.id, "name": name, "value": value}
        for name in FACTS
        for value in sorted({standard(value) for value in named.get(name, ())} - {""})
    ]
    if rows:
        db.execute(insert(EventFact), rows)


def _documents(how: How) -> dict[str, Any]:
    documents = list(how.get("documents", ()))
    return {"documents": documents} if documents else {}


def link_units(db: Session, event: Event, links: Links) -> None:
    """Write the links of an event; for units that only come to be with it, after it."""
    if links.units:
        db.execute(
            insert(EventLink),
            [
                {
                    "unit_id": unit_id,
                    "event_id": event.id,
                    "role": role,
                    "custody": effect.custody,
                    "usability": effect.usability,
                    "location_id": effect.location_id,
                }
                for unit_id, (role, effect) in sorted(links.units.items())
            ],
        )
    if links.nodes:
        db.execute(
            insert(EventNode),
            [
                {"node_id": node_id, "event_id": event.id, "role": role}
                for node_id, role in sorted(links.nodes.items())
            ],
        )


def record_events(
    db: Session, events: Sequence[Event], *, by: Person | None, at: Any, stream: str | None = None
) -> None:
    """End a serial command: tell the sinks, then add the one ledger entry.

    The entry holds the count and the SHA-256 of the event rows, in the case's stream or in
    `data:<site>`. Sinks (`db.info["event_sinks"]`) run first: the ledger head is locked last.
    """
    db.flush()
    for sink in db.info.get("event_sinks", ()):
        sink(db, list(events))

    ledger.append(
        db,
        stream or data_stream(db),
        "events_recorded",
        {
            "recording": str(events[0].recording),
            "count": len(events),
            "types": sorted({event.type for event in events}),
            "sha256": events_sha256(db, [event.id for event in events]),
        },
        by=by,
        at=at,
    )


def data_stream(db: Session) -> str:
    """Return the ledger stream of this site's data."""
    return f"data:{db.info.get('site', 'main')}"


def events_sha256(db: Session, event_ids: Sequence[int]) -> str:
    """Return the fingerprint of events with all their links and postings, as they lie there."""
    digest = hashlib.sha256()
    for event in db.scalars(select(Event).where(Event.id.in_(event_ids)).order_by(Event.id)):
        row = {**_event_facts(event), **_linked(db, event.id)}
        digest.update(canonical_text(row).encode() + b"\n")
    return digest.hexdigest()


def recording_sha256(db: Session, recording: UUID) -> str:
    """Return the fingerprint of what one command recorded, to hold against its ledger entry."""
    ids = db.scalars(select(Event.id).where(Event.recording == recording).order_by(Event.id))
    return events_sha256(db, list(ids))


def _event_facts(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "uuid": str(event.uuid),
        "type": event.type,
        "event_at": event.event_at.astimezone(UTC).isoformat(),
        "recorded_at": event.recorded_at.astimezone(UTC).isoformat(),
        "actor_id": event.actor_id,
        "source": event.source,
        "location_id": event.location_id,
        "payload": event.payload,
        "corrects_id": event.corrects_id,
        "reason": event.reason,
    }


def _linked(db: Session, event_id: int) -> dict[str, Any]:
    units = db.execute(
        select(
            EventLink.unit_id,
            EventLink.role,
            EventLink.custody,
            EventLink.usability,
            EventLink.location_id,
        )
        .where(EventLink.event_id == event_id)
        .order_by(EventLink.unit_id)
    )
    nodes = db.execute(
        select(EventNode.node_id, EventNode.role)
        .where(EventNode.event_id == event_id)
        .order_by(EventNode.node_id)
    )
    postings = db.scalars(
        select(StockPosting).where(StockPosting.event_id == event_id).order_by(StockPosting.id)
    )
    facts = db.execute(
        select(EventFact.name, EventFact.value)
        .where(EventFact.event_id == event_id)
        .order_by(EventFact.name, EventFact.value)
    ).all()
    return {
        # what was recorded before facts had rows of their own keeps its fingerprint
        **({"facts": [list(row) for row in facts]} if facts else {}),
        "units": [list(row) for row in units],
        "nodes": [list(row) for row in nodes],
        "postings": [
            [p.lot_id, p.location_id, p.custody, p.usability, p.tranche_id, f"{p.quantity:f}"]
            for p in postings
        ],
    }
