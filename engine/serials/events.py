"""Recording what happened: events, their links, the ledger entry, and who must hear of it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby, islice
from typing import Any, Unpack
from uuid import UUID, uuid4

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.evidence.canonical import canonical_text
from engine.people.person import Person
from engine.serials import breaches
from engine.serials.errors import BeforeItWas
from engine.serials.flags import raise_flag, units_before
from engine.serials.identifiers import standard
from engine.serials.models import Event, EventFact, EventLink, EventNode, StockPosting
from engine.serials.moments import refuse_misdated
from engine.serials.record import Effect, How
from engine.serials.sets import id_set
from engine.serials.vocabulary import FACTS, KINDS, REPORTED

TOGETHER = 1_000  # events whose rows are read together
RECORDING = "one recording"  # in a session's info while many commands are recorded as one
TOLD_TOGETHER = 5_000  # events that sinks hear of at once


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
    raises `BeforeItWas` when it is ours. What has not happened yet, or so long ago that it is a
    slip, is no fact of anybody's: it raises `Invalid`.
    """
    kind = KINDS[type]
    if event_at := how.get("event_at"):
        refuse_misdated(event_at, at=how["at"])
    before = units_before(db, links.units, how.get("event_at"))
    if before and not is_fact(type, how):
        raise BeforeItWas(unit=before[min(before)])

    event = Event(
        uuid=uuid4(),
        recording=recording or db.info.get(RECORDING) or uuid4(),
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
    for mark in how.get("marks", ()) if recording is None else ():
        raise_flag(db, event, mark.rule, facts=mark.facts, at=how["at"])
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
) -> tuple[int, ...]:
    """End a serial command: tell the sinks, then add the one ledger entry; return the breaches.

    What was on hold and is reported to have left our hands becomes `hold_breach` rows, a flag and
    an event of its own, whatever command recorded it. The entry holds the count and the SHA-256 of
    the event rows, in the case's stream or in `data:<site>`; `db.info["refuse_events"]` says whose
    events are refused. Sinks (`db.info["event_sinks"]`) run
    first: the ledger head is locked last.
    """
    db.info.get("refuse_events", _refuse_none)(stream)
    db.flush()
    if RECORDING in db.info:
        return ()
    breaking, breach_ids = _break_holds(db, id_set(db, [event.id for event in events]), by=by)
    told = [*events, *breaking]
    for sink in db.info.get("event_sinks", ()):
        sink(db, told)

    ids, types = [event.id for event in told], {event.type for event in told}
    _enter(db, events[0].recording, ids, types, by=by, at=at, stream=stream)
    return breach_ids


def _refuse_none(_stream: str | None) -> None:
    """Let every case record events: nothing was composed that says otherwise."""


def _enter(
    db: Session,
    recording: UUID,
    ids: Sequence[int],
    types: Iterable[str],
    *,
    by: Person | None,
    at: datetime,
    stream: str | None,
) -> None:
    body = {
        "recording": str(recording),
        "count": len(ids),
        "types": sorted(types),
        "sha256": events_sha256(db, ids),
    }
    ledger.append(db, stream or data_stream(db), "events_recorded", body, by=by, at=at)


def _break_holds(
    db: Session, event_ids: Select[int], *, by: Person | None
) -> tuple[list[Event], tuple[int, ...]]:
    """Write an event beside each of these that broke a hold; return them and the breaches."""
    written, ids = [], []
    for broken in breaches.find(db, event_ids):
        event, rows = broken.event, broken.breaches
        links = Links().add([row.unit_id for row in rows if row.unit_id is not None], Effect())
        links.about([row.lot_id for row in rows if row.lot_id is not None])
        payload = {
            "broken_by": event.id,
            "by_type": event.type,
            "is_correction": event.corrects_id is not None,
            "holds": sorted({row.hold_id for row in rows}),
            "cases": sorted(broken.cases),
        }
        how: How = {
            "by": by,
            "at": event.recorded_at,
            "event_at": event.event_at,
            "source": event.source,
            "documents": event.payload.get("documents", ()),
        }
        written.append(
            write_event(
                db, "hold_breached", links, payload=payload, recording=event.recording, **how
            )
        )
        ids += [row.id for row in rows]
    return written, tuple(ids)


@contextmanager
def one_recording(db: Session) -> Iterator[UUID]:
    """Let everything that commands record in the block bear one number, which is given.

    None of them tells anybody or locks the ledger: whoever opened it ends in `record_recording`.
    """
    db.info[RECORDING] = recording = uuid4()
    try:
        yield recording
    finally:
        del db.info[RECORDING]


def record_recording(
    db: Session, recording: UUID, *, by: Person | None, at: datetime, stream: str | None = None
) -> int:
    """Do as `record_events` for everything that bears a `recording`; return how many events.

    For what is recorded by the hundred thousand: some of it is in memory at a time.
    """
    db.flush()
    rows = select(Event.id).where(Event.recording == recording).order_by(Event.id)
    _break_holds(db, rows.order_by(None), by=by)
    ids = list(db.scalars(rows))
    if not ids:
        return 0
    for at_event in range(0, len(ids), TOLD_TOGETHER):
        piece = id_set(db, ids[at_event : at_event + TOLD_TOGETHER])
        events = list(db.scalars(select(Event).where(Event.id.in_(piece)).order_by(Event.id)))
        for sink in db.info.get("event_sinks", ()):
            sink(db, events)
    types = db.scalars(select(Event.type).where(Event.recording == recording).distinct())
    _enter(db, recording, ids, types, by=by, at=at, stream=stream)
    return len(ids)


def data_stream(db: Session) -> str:
    """Return the ledger stream of this site's data."""
    return f"data:{db.info.get('site', 'main')}"


def events_sha256(db: Session, event_ids: Sequence[int]) -> str:
    """Return the fingerprint of events with all their links and postings, as they lie there.

    A few queries however many events, one event in memory at a time, and some of its units.
    """
    digest, listed = hashlib.sha256(), sorted(event_ids)
    for at_event in range(0, len(listed), TOGETHER):
        ids = id_set(db, listed[at_event : at_event + TOGETHER])
        linked = _linked(db, ids)
        units = linked.pop("units")
        for event in db.scalars(select(Event).where(Event.id.in_(ids)).order_by(Event.id)):
            row = {**_event_facts(event), "units": []}
            row |= {name: list(take(event.id)) for name, take in linked.items()}
            said = _in_payload(event)
            facts = [one for one in row.pop("facts") if tuple(one) not in said]
            if facts:
                row["facts"] = facts
            # keys are sorted: after the units of an event comes its uuid alone
            before, after = canonical_text(row).rsplit('"units":[]', 1)
            digest.update(f'{before}"units":['.encode())
            for piece in _pieces(units(event.id)):
                digest.update(piece.encode())
            digest.update(f"]{after}\n".encode())
    return digest.hexdigest()


def _pieces(rows: Iterator[list[Any]]) -> Iterator[str]:
    """Give a list in its canonical form without its brackets, some of it at a time."""
    comma = ""
    while some := list(islice(rows, TOGETHER)):
        yield comma + canonical_text(some)[1:-1]
        comma = ","


def recording_sha256(db: Session, recording: UUID) -> str:
    """Return the fingerprint of what one command recorded, to hold against its ledger entry."""
    ids = db.scalars(select(Event.id).where(Event.recording == recording).order_by(Event.id))
    return events_sha256(db, list(ids))


def _in_payload(event: Event) -> set[tuple[str, str]]:
    """Return the facts that the payload says anyway.

    What was recorded before facts had rows of their own said them there alone, and was given the
    rows later: it keeps its fingerprint.
    """
    documents, order = event.payload.get("documents"), event.payload.get("work_order")
    said = {("document", standard(str(one))) for one in documents or ()}
    return said | ({("work_order", standard(str(order)))} if order else set())


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


def _linked(db: Session, ids: Select[int]) -> dict[str, Callable[[int], Iterator[list[Any]]]]:
    """Return what takes the rows of one event after the other, events by ascending id."""
    link, node, fact, posting = EventLink, EventNode, EventFact, StockPosting
    axes = (link.custody, link.usability, link.location_id)
    spot = (
        posting.lot_id,
        posting.location_id,
        posting.custody,
        posting.usability,
        posting.tranche_id,
        posting.quantity,
    )
    queries: dict[str, tuple[Any, tuple[Any, ...], tuple[Any, ...]]] = {
        "facts": (fact.event_id, (fact.name, fact.value), (fact.name, fact.value)),
        "units": (link.event_id, (link.unit_id, link.role, *axes), (link.unit_id,)),
        "nodes": (node.event_id, (node.node_id, node.role), (node.node_id,)),
        "postings": (posting.event_id, spot, (posting.id,)),
    }
    return {
        name: _taker(
            db.execute(
                select(event_id, *columns)
                .where(event_id.in_(ids))
                .order_by(event_id, *order)
                .execution_options(yield_per=1_000)
            )
        )
        for name, (event_id, columns, order) in queries.items()
    }


def _taker(rows: Iterable[Any]) -> Callable[[int], Iterator[list[Any]]]:
    groups = groupby(rows, key=lambda row: row[0])
    ahead = next(groups, None)

    def take(event_id: int) -> Iterator[list[Any]]:
        nonlocal ahead
        if ahead is None or ahead[0] != event_id:
            return
        for row in ahead[1]:
            yield [f"{one:f}" if isinstance(one, Decimal) else one for one in row[1:]]
        ahead = next(groups, None)

    return take
