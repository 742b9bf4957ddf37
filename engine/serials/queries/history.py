"""What happened to a unit or a lot, and to whom it was shipped."""

from decimal import Decimal

from sqlalchemy import ColumnElement, Select, func, literal, select
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
        )
        for shipment, consignee, country, location, quantity, corrected_by in rows
    )


def of_unit(unit_id: int) -> Select[int, str]:
    """Choose the events of a unit."""
    return select(EventLink.event_id, EventLink.role).where(EventLink.unit_id == unit_id)


def of_node(node_id: int) -> Select[int, str]:
    """Choose the events of a lot or run."""
    return select(EventNode.event_id, EventNode.role).where(EventNode.node_id == node_id)


def count_moments(db: Session, links: Select[int, str]) -> int:
    """Return how many events `links` chooses."""
    return db.scalar(select(func.count()).select_from(links.subquery())) or 0


def timeline(db: Session, links: Select[int, str], *, page: int = 1) -> tuple[Moment, ...]:
    """Return one page of the events that `links` chooses: the newest page first.

    Within a page they stand by the time they happened.
    """
    linked, later = links.subquery(), aliased(Event)
    rows = db.execute(
        select(Event, linked.c.role, Location.name, later.id)
        .join(linked, linked.c.event_id == Event.id)
        .outerjoin(Location, Location.id == Event.location_id)
        .outerjoin(later, later.corrects_id == Event.id)
        .order_by(Event.event_at.desc(), Event.id.desc())
        .limit(SHOWN)
        .offset((page - 1) * SHOWN)
    ).all()
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
