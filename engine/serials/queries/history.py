"""What happened to a unit or a lot, and to whom it was shipped."""

from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, func, literal, select
from sqlalchemy.orm import Session, aliased

from engine.serials.models import (
    Event,
    EventLink,
    EventNode,
    Location,
    Party,
    Shipment,
    ShipmentLine,
)
from engine.serials.queries.shown import Moment, Sent
from engine.serials.vocabulary import KINDS

SHOWN = 50  # events, or shipments, to a page
LINKS: dict[str, tuple[Any, Any]] = {
    "unit": (EventLink, EventLink.unit_id),
    "node": (EventNode, EventNode.node_id),
}


def count_shipments(db: Session, where: ColumnElement[bool]) -> int:
    """Return how many shipments `shipments` would show on all pages."""
    return db.scalar(select(func.count(ShipmentLine.shipment_id.distinct())).where(where)) or 0


def shipments(db: Session, where: ColumnElement[bool], *, page: int = 1) -> tuple[Sent, ...]:
    """Return one page of the shipments of what `where` names, the newest first, each once."""
    later = aliased(Event)
    one = literal(Decimal(1), ShipmentLine.quantity.type)
    quantity = func.sum(func.coalesce(ShipmentLine.quantity, one), type_=ShipmentLine.quantity.type)
    # the lines first: else every shipment there is would be read, to group by its number
    lines = (
        select(ShipmentLine.shipment_id, quantity.label("quantity"))
        .where(where)
        .group_by(ShipmentLine.shipment_id)
        .subquery()
    )
    rows = db.execute(
        select(Shipment, Party.name, Party.country, Location.name, lines.c.quantity, later.type)
        .join_from(lines, Shipment, Shipment.id == lines.c.shipment_id)
        .join(Party, Party.id == Shipment.consignee_id)
        .join(Location, Location.id == Shipment.location_id)
        .outerjoin(later, later.corrects_id == Shipment.event_id)
        .order_by(Shipment.shipped_at.desc(), Shipment.id.desc())
        .limit(SHOWN)
        .offset((page - 1) * SHOWN)
    )
    return tuple(
        Sent(
            shipment.id,
            shipment.consignee_id,
            consignee,
            country,
            location,
            shipment.shipped_at,
            shipment.document_no,
            quantity,
            corrected_by != "did_not_occur",
            corrected_by not in (None, "did_not_occur"),
        )
        for shipment, consignee, country, location, quantity, corrected_by in rows
    )


class Linked(NamedTuple):
    """What the events are looked for of: a unit, or a lot or run, by its number."""

    kind: str  # unit, node
    id: int


def of_unit(unit_id: int) -> Linked:
    """Choose the events of a unit."""
    return Linked("unit", unit_id)


def of_node(node_id: int) -> Linked:
    """Choose the events of a lot or run."""
    return Linked("node", node_id)


def count_moments(db: Session, linked: Linked) -> int:
    """Return how many events there are."""
    return db.scalar(_counted(linked.kind), {"about": linked.id}) or 0


def timeline(db: Session, linked: Linked, *, page: int = 1) -> tuple[Moment, ...]:
    """Return one page of the events of something: the newest page first.

    Within a page they stand by the time they happened.
    """
    told = {"about": linked.id, "skipped": (page - 1) * SHOWN}
    rows = db.execute(_moments(linked.kind), told).all()
    return tuple(
        Moment(
            event.id,
            event.type,
            KINDS[event.type].label,
            event.event_at,
            event.recorded_at,
            event.actor_id,
            event.source,
            location,
            role,
            event.reason,
            event.payload,
            event.corrects_id,
            corrected_by,
        )
        for event, role, location, corrected_by in reversed(rows)
    )


# these are built once: that took longer than answering them


@cache
def _counted(kind: str) -> Select[int]:
    table, key = LINKS[kind]
    return select(func.count()).select_from(table).where(key == bindparam("about"))


@cache
def _moments(kind: str) -> Select[*tuple[Any, ...]]:
    (table, key), later = LINKS[kind], aliased(Event)
    # fenced: to have them in order both databases would read every event by its time
    chosen = (
        select(table.event_id, table.role, Event.event_at)
        .join(Event, Event.id == table.event_id)
        .where(key == bindparam("about"))
        .offset(0)
        .subquery()
    )
    return (
        select(Event, chosen.c.role, Location.name, later.id)
        .join_from(chosen, Event, Event.id == chosen.c.event_id)
        .outerjoin(Location, Location.id == Event.location_id)
        .outerjoin(later, later.corrects_id == Event.id)
        .order_by(chosen.c.event_at.desc(), chosen.c.event_id.desc())
        .limit(SHOWN)
        .offset(bindparam("skipped"))
    )
