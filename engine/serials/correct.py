"""Correcting what was recorded: a new event names the old one and the reason; nothing is erased."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials import stock
from engine.serials.errors import AlreadyCorrected, CannotBeCorrected, QuantityFixed
from engine.serials.events import Links, record_events, write_event
from engine.serials.install import close_installs, reopen_installs
from engine.serials.models import Event, EventLink, EventNode, Install, StockPosting, Unit
from engine.serials.projection import project_units
from engine.serials.record import Effect, How, Recorded
from engine.serials.units import contents
from engine.serials.vocabulary import MAKING

# one quantity in one place, or from one to another; a shipment's document shows another number
SIZED = ("received", "moved", "sent_out", "delivered", "returned", "scrapped", "destroyed")


def withdraw(db: Session, event_id: int, **how: Unpack[How]) -> Recorded:
    """Record that an event did not occur; give its `reason`.

    Its postings are posted back, its installs end (those a removal ended go on, and what was in
    the host is where the host is), its units are projected anew; the event stays and shows as
    corrected. Raises `AlreadyCorrected`, `CannotBeCorrected`, `MovedSince`.
    """
    old = _correctable(db, event_id)
    links = _links_of(db, event_id)
    silent = _put_back(db, old, Links(nodes=links.nodes)).add(links.units, Effect())
    event = write_event(
        db, "did_not_occur", silent, corrects_id=old.id, location_id=old.location_id, **how
    )
    _post_back(db, old, event)
    _end_installs(db, old, event)
    project_units(db, silent.units)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(links.units))


def replace(
    db: Session,
    event_id: int,
    *,
    units: Iterable[int] | None = None,
    effect: Effect | None = None,
    location_id: int | None = None,
    quantity: Decimal | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Record an event of the same type with right data in place of a wrong one.

    `units` names those it is really about, `effect` what it really says of them; what is left
    out stays as it was, the time in the world too. `quantity` is what was really received, moved
    or scrapped of a lot: the difference is posted. Give the `reason`. Raises `QuantityFixed`.
    """
    old = _correctable(db, event_id)
    if old.type in ("installed", "removed"):
        raise CannotBeCorrected

    before = _links_of(db, event_id)
    kept = set(before.units) if units is None else set(units)
    after = Links(nodes=before.nodes)
    for unit_id in kept:
        role, said = before.units.get(unit_id, ("subject", effect or Effect()))
        after.add([unit_id], effect or said, role)
    how["event_at"] = how.get("event_at") or old.event_at
    event = write_event(
        db,
        old.type,
        after,
        location_id=location_id or old.location_id,
        payload=old.payload,
        corrects_id=old.id,
        **how,
    )
    if quantity is not None:
        _posted_as(db, old, event, quantity)
    project_units(db, set(before.units) | kept)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(sorted(kept)))


def _correctable(db: Session, event_id: int) -> Event:
    old = db.scalars(select(Event).where(Event.id == event_id).with_for_update()).one()
    if db.scalar(select(Event.id).where(Event.corrects_id == event_id)) is not None:
        raise AlreadyCorrected
    if old.type in MAKING or old.type in ("did_not_occur", "import_rolled_back"):
        raise CannotBeCorrected
    return old


def _links_of(db: Session, event_id: int) -> Links:
    links = Links()
    for link in db.scalars(select(EventLink).where(EventLink.event_id == event_id)):
        effect = Effect(link.custody, link.usability, link.location_id)
        links.add([link.unit_id], effect, link.role)
    for node in db.scalars(select(EventNode).where(EventNode.event_id == event_id)):
        links.about([node.node_id], node.role)
    return links


def _post_back(db: Session, old: Event, event: Event) -> None:
    postings = db.scalars(select(StockPosting).where(StockPosting.event_id == old.id)).all()
    stock.post(
        db,
        event,
        [(_spot(p), -p.quantity) for p in postings],
    )


def _end_installs(db: Session, old: Event, event: Event) -> None:
    opened = select(Install.child_id).where(
        Install.from_event_id == old.id, Install.to_event_id.is_(None)
    )
    children = list(db.scalars(opened))
    if children:
        close_installs(db, event, children)


def _put_back(db: Session, old: Event, links: Links) -> Links:
    """Let what a removal took out be inside again, and where its host is by now."""
    if old.type != "removed":
        return links

    for child_id, host_id in reopen_installs(db, old.id).items():
        host = db.get_one(Unit, host_id)
        effect = Effect(custody=host.custody, location_id=host.location_id)
        links.add([child_id], effect).add(contents(db, [child_id]), effect)
    return links


def _posted_as(db: Session, old: Event, event: Event, quantity: Decimal) -> None:
    """Post an event's quantity back and the right one in its place."""
    rows = db.scalars(select(StockPosting).where(StockPosting.event_id == old.id)).all()
    # what was drawn from several rows has no one right size
    if old.type not in SIZED or len({abs(row.quantity) for row in rows}) != 1:
        raise QuantityFixed

    _post_back(db, old, event)
    stock.post(db, event, [(_spot(p), quantity if p.quantity > 0 else -quantity) for p in rows])


def _spot(p: StockPosting) -> stock.Spot:
    return stock.Spot(p.lot_id, p.location_id, p.custody, p.usability, p.tranche_id)
