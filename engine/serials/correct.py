"""Correcting what was recorded: a new event names the old one and the reason; nothing is erased."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials import stock
from engine.serials.build.inputs import consume
from engine.serials.errors import (
    AlreadyCorrected,
    CannotBeCorrected,
    EventUnknown,
    MadeSince,
    NotItsInput,
    QuantityFixed,
    WouldLoop,
)
from engine.serials.events import Links, record_events, write_event
from engine.serials.lots import put_in_lot
from engine.serials.models import Edge, Event, EventFact, EventLink, EventNode, Location, Lot, Unit
from engine.serials.projection import project_units
from engine.serials.record import Effect, How, LotInput, Recorded
from engine.serials.rules import flag_lots
from engine.serials.sets import id_set
from engine.serials.standing import NEVER_MADE
from engine.serials.undo import (
    MAKING_UNITS,
    carry,
    chain_of,
    latest_of,
    made_units,
    post_back,
    posted,
    put_back,
    refuse_used_up,
    ship_again,
    strike_edges,
    undo,
    use_again,
)
from engine.serials.units import contents, units_by_id
from engine.serials.vocabulary import FINAL

# one quantity in one place, or from one to another; a shipment's document shows another number
SIZED = ("received", "moved", "sent_out", "delivered", "returned", "scrapped", "destroyed")
WITH_INPUTS = ("built", "input_added", "kitted")  # what lots went into, by edges
BEARING = ("relabelled", "lot_added", "lot_split", "lot_merged", "packed", "unpacked")
SHIPPING = ("shipped", "shipment_reported")


def withdraw(db: Session, event_id: int, **how: Unpack[How]) -> Recorded:
    """Record that an event did not occur; give its `reason`.

    Its postings are posted back, its edges and installs never were (those a removal ended go on,
    and what was in the host is where the host is), what it made or brought never existed, its
    units are projected anew; the event stays and shows as corrected. Raises `AlreadyCorrected`,
    `CannotBeCorrected`, `MovedSince`, `MadeSince`, `WentOn`.
    """
    old = _correctable(db, event_id)
    chain = chain_of(db, old)
    links = links_of(db, event_id)
    refuse_used_up(db, chain, _brought(old, links))
    lots_before = _lots_before(db, chain, links)
    silent = Links(nodes=links.nodes).add(made_units(db, chain), NEVER_MADE)
    _put_back(db, chain, silent)
    silent.add(links.units, Effect())
    event = write_event(
        db, "did_not_occur", silent, corrects_id=old.id, location_id=old.location_id, **how
    )
    post_back(db, chain, event)
    undo(db, chain, event)
    put_in_lot(db, lots_before)
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

    `units` names those it is really about, `effect` what it really says of them, `facts` what it
    really names; what is left out stays as it was, the time in the world too. `quantity` is what
    was really received, moved or scrapped of a lot: the difference is posted. Give the `reason`.
    Raises `AlreadyCorrected`, `CannotBeCorrected`, `QuantityFixed`.
    """
    old = _correctable(db, event_id)
    if old.type in ("installed", "removed", "serviced"):
        raise CannotBeCorrected

    before = links_of(db, event_id)
    after = _about(db, old, before, None if units is None else set(units), effect)
    kept = {key for key, (role, _) in after.units.items() if role == "subject"}
    event = _again(db, old, after, location_id or old.location_id, how)
    if old.type in SHIPPING:
        ship_again(db, old, event, kept)
    use_again(db, old, event, kept)
    if quantity is not None:
        _posted_as(db, old, event, quantity)
    carry(db, old, event, quantity)
    project_units(db, {*before.units, *after.units})
    broken = record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(sorted(kept)), breach_ids=broken)


def _about(
    db: Session, old: Event, before: Links, units: set[int] | None, effect: Effect | None
) -> Links:
    """Return what an event is really about: other units, with what is inside them, if told."""
    if units is None:
        kept = {key: (role, effect or said) for key, (role, said) in before.units.items()}
        return Links(units=kept, nodes=before.nodes)
    if old.type in (*MAKING_UNITS, *BEARING):
        raise CannotBeCorrected  # what it is about has its lot, run, serial or case from it

    subjects = [said for role, said in before.units.values() if role == "subject"]
    said = effect or (subjects[0] if subjects else Effect())
    after = Links(nodes=before.nodes).add(sorted(units), said)
    if said.custody or said.location_id:
        inside = Effect(said.custody, None, said.location_id)
        after.add(contents(db, units), inside, "carried")
    return after


def correct_inputs(
    db: Session,
    event_id: int,
    *,
    wrong: Sequence[int] = (),
    right: Sequence[LotInput] = (),
    **how: Unpack[How],
) -> Recorded:
    """Record which lots really went in: `wrong` never did, `right` did in their place.

    The wrong lots get back what was drawn from them, and no trace leads through them any more;
    what really went in is drawn where it lies, flagged where it was held or expired and warned of,
    never refused. Give the `reason`.
    Raises `AlreadyCorrected`, `NotItsInput`, `WouldLoop`.
    """
    old = _correctable(db, event_id)
    if old.type not in WITH_INPUTS:
        raise CannotBeCorrected
    before = links_of(db, event_id)
    for lot_id in wrong:
        if before.nodes.get(lot_id) != "input":
            raise NotItsInput(lot=db.get_one(Lot, lot_id).lot_no)
    for one in right:
        if before.nodes.get(one.lot_id) == "output":
            lot_no = db.get_one(Lot, one.lot_id).lot_no
            raise WouldLoop(inp=lot_no, out=lot_no)

    node_id = _made_of(db, before)
    nodes = {key: role for key, role in before.nodes.items() if key not in wrong}
    after = Links(units=before.units, nodes=nodes).about([one.lot_id for one in right], "input")
    event = _again(db, old, after, old.location_id, how)
    chain = chain_of(db, old)
    struck = (Edge.out == node_id) & Edge.inp.in_(id_set(db, wrong))
    strike_edges(db, struck & Edge.event_id.in_(id_set(db, chain)), event, but=chain)
    post_back(db, chain, event, lots=wrong)
    place = old.location_id or 0
    warnings = consume(db, event, node_id, right, location_id=place, again=True, reported=True)
    flag_lots(db, event, right)
    project_units(db, before.units)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(before.units), warnings=warnings)


def _made_of(db: Session, links: Links) -> int:
    """Return the run, or else the lot, that an event made."""
    made = [key for key, role in links.nodes.items() if role == "output"]
    lots = set(db.scalars(select(Lot.id).where(Lot.id.in_(id_set(db, made)))))
    return next((key for key in made if key not in lots), made[0])


def _again(db: Session, old: Event, links: Links, location_id: int | None, how: How) -> Event:
    """Write an event anew: with its time, its payload and what it names unless told otherwise."""
    payload = dict(old.payload)
    if old.type in SHIPPING and location_id is not None:
        payload["consignee"] = db.get_one(Location, location_id).party_id
    said: How = {**how, "event_at": how.get("event_at") or old.event_at, "is_fact": True}
    said["facts"] = {**_facts_of(db, old.id), **how.get("facts", {})}
    return write_event(
        db,
        old.type,
        links,
        location_id=location_id,
        payload=payload,
        corrects_id=old.id,
        **said,
    )


def _facts_of(db: Session, event_id: int) -> dict[str, list[str]]:
    facts: dict[str, list[str]] = {}
    for fact in db.scalars(select(EventFact).where(EventFact.event_id == event_id)):
        facts.setdefault(fact.name, []).append(fact.value)
    return facts


def _correctable(db: Session, event_id: int) -> Event:
    old = db.scalars(select(Event).where(Event.id == event_id).with_for_update()).one_or_none()
    if old is None:
        raise EventUnknown
    latest = latest_of(db, event_id)
    if latest != event_id:
        raise AlreadyCorrected(event=event_id, latest=latest)
    if old.type in FINAL:
        raise CannotBeCorrected
    return old


def links_of(db: Session, event_id: int) -> Links:
    """Return what an event is about."""
    links = Links()
    for link in db.scalars(select(EventLink).where(EventLink.event_id == event_id)):
        effect = Effect(link.custody, link.usability, link.location_id)
        links.add([link.unit_id], effect, link.role)
    for node in db.scalars(select(EventNode).where(EventNode.event_id == event_id)):
        links.about([node.node_id], node.role)
    return links


def _brought(old: Event, links: Links) -> set[int]:
    """Return the lots that an event made, or of which it brought a quantity."""
    brought = {key for key, role in links.nodes.items() if role == "output"}
    return brought | set(links.nodes) if old.type == "received" else brought


def _put_back(db: Session, chain: Sequence[int], links: Links) -> None:
    """Let what a removal took out be inside again, and where its host is by now."""
    for child_id, host_id in put_back(db, chain).items():
        host = db.get_one(Unit, host_id)
        effect = Effect(custody=host.custody, location_id=host.location_id)
        links.add([child_id], effect).add(contents(db, [child_id]), effect)


def _lots_before(db: Session, chain: Sequence[int], links: Links) -> Mapping[int, int | None]:
    """Return the lots that units were of before a split, and are of again if it never was.

    Those that only this event told their lot had none. Raises `MadeSince` when one has become part
    of yet another lot since, or was released as of this one.
    """
    before: dict[int, int | None] = {}
    events = db.scalars(select(Event).where(Event.id.in_(id_set(db, chain))))
    for event in events:
        before |= dict(event.payload.get("lots_before", ()))
        if event.type == "lot_added":
            before |= dict.fromkeys(links.units)
    for unit in units_by_id(db, before, lock=True).values():
        if unit.is_released or links.nodes.get(unit.lot_id or 0) != "output":
            raise MadeSince(what=unit.serial)
    return before


def _posted_as(db: Session, old: Event, event: Event, quantity: Decimal) -> None:
    """Post an event's quantity back and the right one in its place."""
    chain = chain_of(db, old)
    there = posted(db, chain)
    # what was drawn from several rows has no one right size
    if old.type not in SIZED or len({abs(one) for one in there.values()}) != 1:
        raise QuantityFixed

    post_back(db, chain, event)
    stock.post(
        db,
        event,
        [(spot, quantity if one > 0 else -quantity) for spot, one in there.items()],
    )
