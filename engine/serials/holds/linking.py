"""Linking an event to the targets of holds that it ends: a million at once, in the database."""

from sqlalchemy import ColumnElement, Select, insert, literal, select, union
from sqlalchemy.orm import Session

from engine.db import KeyType
from engine.serials.models import LINK_ROLE, Event, EventLink, EventNode, HoldTargetRow, Tranche

ROW = HoldTargetRow


def link_targets(
    db: Session,
    event: Event,
    *chosen: ColumnElement[bool],
    units: Select[int] | None = None,
    lots: Select[int] | None = None,
) -> None:
    """Link an event to each unit, lot and run that the chosen rows of holds name.

    `units` and `lots` narrow it. A told apart quantity is told of by its lot.
    """
    of_units = select(
        ROW.target_id, literal(event.id, KeyType), literal("subject", LINK_ROLE)
    ).where(*chosen, ROW.kind == "unit")
    whole = select(ROW.target_id).where(*chosen, ROW.kind.in_(("lot", "segment")))
    parts = (
        select(Tranche.lot_id)
        .join(ROW, (ROW.target_id == Tranche.id) & (ROW.kind == "stock"))
        .where(*chosen)
    )
    if units is not None:
        of_units = of_units.where(ROW.target_id.in_(units))
    if lots is not None:
        whole = whole.where(ROW.kind == "lot", ROW.target_id.in_(lots))
        parts = parts.where(Tranche.lot_id.in_(lots))
    db.execute(insert(EventLink).from_select(["unit_id", "event_id", "role"], of_units))
    nodes = union(whole, parts).subquery()
    of_nodes = select(nodes.c[0], literal(event.id, KeyType), literal("subject"))
    db.execute(insert(EventNode).from_select(["node_id", "event_id", "role"], of_nodes))
