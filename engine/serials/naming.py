"""From what events name (equipment, operator, program, label …) to the goods they touched.

`concerned` answers "equipment G-17", "operator", "software 2.1", "label rev C", "work order",
"supplier lot" with the lots, runs and units that a trace starts from. `made_in` does so for a time
window. What a later event corrects counts no more: the correction carries its own facts.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from engine.serials.begins import begins
from engine.serials.models import (
    Event,
    EventFact,
    EventLink,
    EventNode,
    LotStock,
    Segment,
    TraceNode,
    Unit,
    UnitLabel,
)
from engine.serials.sets import id_set

# an input only went through; a host and what was carried along are found by the trace itself
TOUCHED_UNITS = ("subject", "child", "host")
TOUCHED_NODES = ("subject", "output")
MAKING = ("received", "built", "kitted", "lot_split", "lot_merged", "input_added")


class Concerned(NamedTuple):
    """What a trace may start from."""

    lots: frozenset[int] = frozenset()
    segments: frozenset[int] = frozenset()
    units: frozenset[int] = frozenset()


def concerned(
    db: Session,
    name: str,
    value: str,
    *,
    is_beginning: bool = False,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
) -> Concerned:
    """Return what the standing events that name `value` as their `name` were about.

    `name` is a word of `vocabulary.FACTS`; `value` compares byte by byte, or as a beginning. With a
    window only events in it count, both ends included: equipment out of calibration since May.
    The units of a run come as the run. Two queries by index, and one per kind of answer.
    """
    said = begins(EventFact.value, value) if is_beginning else EventFact.value == value
    events = select(EventFact.event_id).where(EventFact.name == name, said)
    found = _of_events(db, _standing(events, _window(from_at, to_at)))
    if name != "label":
        return found

    labelled = (
        begins(UnitLabel.label_version, value)
        if is_beginning
        else (UnitLabel.label_version == value)
    )
    units = select(UnitLabel.unit_id).where(labelled, UnitLabel.never_event_id.is_(None))
    return found._replace(units=found.units | frozenset(db.scalars(units)))


def made_in(
    db: Session,
    from_at: datetime,
    to_at: datetime,
    *,
    location_ids: Iterable[int] | None = None,
) -> Concerned:
    """Return what was received or made in a time window, both ends included.

    A run counts when any part of it lies in the window: its units cannot be told apart by time.
    """
    runs = select(Segment.id).where(Segment.from_at <= to_at, Segment.to_at >= from_at)
    events = select(Event.id).where(Event.type.in_(MAKING))
    if location_ids is not None:
        places = id_set(db, location_ids)
        runs = runs.where(Segment.site_id.in_(places))
        events = events.where(Event.location_id.in_(places))
    found = _of_events(db, _standing(events, _window(from_at, to_at)))
    return found._replace(segments=found.segments | frozenset(db.scalars(runs)))


def been_at(db: Session, location_ids: Iterable[int]) -> Concerned:
    """Return the units that a standing event says came to one of these places, and what lot did.

    The places of events are in no index, for few ask: this reads the table of them once.
    """
    places = id_set(db, location_ids)
    events = select(EventLink.event_id).where(EventLink.location_id.in_(places))
    units = select(EventLink.unit_id).where(
        EventLink.location_id.in_(places), EventLink.event_id.in_(_standing(events, []))
    )
    lots = select(LotStock.lot_id).where(LotStock.location_id.in_(places))
    return Concerned(lots=frozenset(db.scalars(lots)), units=frozenset(db.scalars(units)))


def _window(from_at: datetime | None, to_at: datetime | None) -> list[ColumnElement[bool]]:
    ends: list[ColumnElement[bool]] = []
    if from_at is not None:
        ends.append(Event.event_at >= from_at)
    if to_at is not None:
        ends.append(Event.event_at <= to_at)
    return ends


def _standing(events: Select[int], window: list[ColumnElement[bool]]) -> Select[int]:
    later = aliased(Event)
    return (
        select(Event.id)
        .outerjoin(later, later.corrects_id == Event.id)
        .where(Event.id.in_(events), later.id.is_(None), *window)
    )


def _of_events(db: Session, events: Select[int]) -> Concerned:
    nodes = db.execute(
        select(TraceNode.id, TraceNode.kind, EventNode.event_id)
        .join(EventNode, EventNode.node_id == TraceNode.id)
        .where(EventNode.event_id.in_(events), EventNode.role.in_(TOUCHED_NODES))
    ).all()
    segments = frozenset(row.id for row in nodes if row.kind == "segment")
    units = (
        select(Unit.id)
        .join(EventLink, EventLink.unit_id == Unit.id)
        .where(
            EventLink.event_id.in_(events),
            EventLink.role.in_(TOUCHED_UNITS),
            # the run says it for all of its own
            or_(Unit.seg_id.is_(None), Unit.seg_id.not_in(id_set(db, segments))),
        )
    )
    return Concerned(
        frozenset(row.id for row in nodes if row.kind == "lot"),
        segments,
        frozenset(db.scalars(units)),
    )
