"""What an event did beyond its links, and how a correction takes it out of the record.

Edges, installs, inputs of single units and labels are never deleted: a correction names itself as
`never_event_id`, and no trace follows them any more. Stock is posted back. An event and those that
corrected it before are one chain: what the first one did is undone by whatever ends the chain.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import TypeAlias

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session, aliased

from engine.serials import stock
from engine.serials.errors import MadeSince, WentOn
from engine.serials.install import close_installs, reopen_installs
from engine.serials.models import (
    Certificate,
    Edge,
    Event,
    EventLink,
    EventNode,
    Examination,
    Install,
    Location,
    Lot,
    LotStock,
    Measurement,
    Packed,
    PurchaseOrder,
    PurchaseReceipt,
    Shipment,
    ShipmentLine,
    StockPosting,
    UnitInput,
    UnitLabel,
)
from engine.serials.projection import forget_all
from engine.serials.sets import id_set
from engine.serials.standing import standing
from engine.serials.units import units_by_id
from engine.serials.vocabulary import KINDS, Word

MAKING_UNITS = ("received", "built", "kitted")
USING_LOTS = ("reworked", "serviced")  # in each unit that they are about

Never: TypeAlias = type[Edge] | type[Install] | type[UnitInput] | type[UnitLabel]


def chain_of(db: Session, event: Event) -> list[int]:
    """Return the ids of an event and of those it corrects, the newest first."""
    ids = [event.id]
    while event.corrects_id is not None:
        event = db.get_one(Event, event.corrects_id)
        ids.append(event.id)
    return ids


def latest_of(db: Session, event_id: int) -> int:
    """Return the version of an event that nothing corrects."""
    while (later := db.scalar(select(Event.id).where(Event.corrects_id == event_id))) is not None:
        event_id = later
    return event_id


def posted(
    db: Session, chain: Collection[int], *, lots: Collection[int] | None = None
) -> dict[stock.Spot, Decimal]:
    """Return what a chain has posted in sum, spot by spot; of some lots when told."""
    sums: dict[stock.Spot, Decimal] = defaultdict(Decimal)
    for p in db.scalars(select(StockPosting).where(StockPosting.event_id.in_(id_set(db, chain)))):
        if lots is None or p.lot_id in lots:
            spot = stock.Spot(p.lot_id, p.location_id, p.custody, p.usability, p.tranche_id)
            sums[spot] += p.quantity
    return {spot: quantity for spot, quantity in sums.items() if quantity}


def post_back(
    db: Session, chain: Collection[int], event: Event, *, lots: Collection[int] | None = None
) -> None:
    """Post back what a chain has posted."""
    stock.post(
        db, event, [(spot, -quantity) for spot, quantity in posted(db, chain, lots=lots).items()]
    )


def undo(db: Session, chain: Collection[int], event: Event) -> None:
    """Say that nothing of what a chain did ever was: edges, installs, inputs, labels, packing."""
    listed = id_set(db, chain)
    strike_edges(db, Edge.event_id.in_(listed), event, but=chain)
    never(db, UnitInput, UnitInput.event_id.in_(listed), event)
    never(db, UnitLabel, UnitLabel.event_id.in_(listed), event)
    opened = list(
        db.scalars(
            select(Install.child_id).where(
                Install.from_event_id.in_(listed), Install.to_event_id.is_(None)
            )
        )
    )
    if opened:
        close_installs(db, event, opened)
    never(db, Install, Install.from_event_id.in_(listed), event)
    _unpack(db, chain, event)
    ordered = update(PurchaseOrder).where(PurchaseOrder.event_id.in_(listed))
    db.execute(ordered.values(withdrawn_at=event.recorded_at))


def refuse_used_up(db: Session, chain: Collection[int], lots: Collection[int]) -> None:
    """Raise `MadeSince` when of these lots less lies where a chain put them than it put there."""
    for spot, quantity in posted(db, chain).items():
        if quantity <= 0 or spot.lot_id not in lots:
            continue
        lying = db.scalar(select(LotStock.quantity).filter_by(**spot._asdict()).with_for_update())
        if lying is None or lying < quantity:
            raise MadeSince(what=db.get_one(Lot, spot.lot_id).lot_no)


def carry(db: Session, old: Event, event: Event, quantity: Decimal | None) -> None:
    """Let what hangs on an event hang on the one that replaces it: receipts, results, papers."""
    for table in (PurchaseReceipt, Examination, Measurement, Certificate):
        columns = [column for column in table.__table__.columns if column.name != "id"]
        rows = db.execute(select(*columns).where(table.__table__.c.event_id == old.id)).mappings()
        again = [{**row, "event_id": event.id} for row in rows]
        if table is PurchaseReceipt and quantity is not None:
            again = [{**row, "quantity": quantity} for row in again]
        if again:
            db.execute(insert(table), again)


def put_back(db: Session, chain: Iterable[int]) -> dict[int, int]:
    """Let what a chain removed be inside again; return the host of each child.

    Raises `MovedSince` when one went its own way after it.
    """
    inside: dict[int, int] = {}
    for event_id in chain:
        inside |= reopen_installs(db, event_id)
    return inside


def ship_again(db: Session, old: Event, event: Event, unit_ids: Iterable[int]) -> None:
    """Write the shipment of a correction: one whose event was corrected counts no more."""
    was = db.scalars(select(Shipment).where(Shipment.event_id == old.id)).one()
    place = db.get_one(Location, event.location_id or was.location_id)
    now = Shipment(
        consignee_id=place.party_id,
        location_id=place.id,
        shipped_at=event.event_at,
        document_no=was.document_no,
        event_id=event.id,
    )
    db.add(now)
    db.flush()
    common = {"shipment_id": now.id, "event_id": event.id}
    lots = db.scalars(
        select(ShipmentLine).where(
            ShipmentLine.shipment_id == was.id, ShipmentLine.lot_id.is_not(None)
        )
    ).all()
    db.add_all(ShipmentLine(**common, unit_id=key, tranche_id=0) for key in sorted(unit_ids))
    db.add_all(
        ShipmentLine(**common, lot_id=one.lot_id, tranche_id=one.tranche_id, quantity=one.quantity)
        for one in lots
    )
    db.flush()


def use_again(db: Session, old: Event, event: Event, unit_ids: Collection[int]) -> None:
    """Let the lots that were used go into the units that a correction is about instead.

    They are those it names, whichever units it was about before, or none: what was recorded as a
    rework of a quantity was really one of a unit. How much of them, no one said of a unit then.
    """
    if old.type not in USING_LOTS:
        return

    chain = id_set(db, chain_of(db, old))
    named = select(EventNode.node_id).where(
        EventNode.event_id == event.id, EventNode.role == "input"
    )
    said = select(UnitInput.lot_id, UnitInput.qty).where(UnitInput.event_id.in_(chain)).distinct()
    used: dict[int, list[Decimal | None]] = defaultdict(list)
    for lot_id, quantity in db.execute(said):
        used[lot_id].append(quantity)
    never(db, UnitInput, UnitInput.event_id.in_(chain), event)
    rows = [
        {"unit_id": key, "lot_id": lot_id, "qty": quantity, "event_id": event.id}
        for lot_id in sorted(db.scalars(named))
        for quantity in used.get(lot_id, [None])
        for key in sorted(unit_ids)
    ]
    if rows:
        db.execute(insert(UnitInput), rows)


def never(db: Session, table: Never, where: ColumnElement[bool], event: Event) -> None:
    """Mark rows of a table as what never was."""
    db.execute(
        update(table)
        .where(where, table.never_event_id.is_(None))
        .values(never_event_id=event.id)
        .execution_options(synchronize_session=False)
    )
    forget_all(db, table)


def strike_edges(
    db: Session, where: ColumnElement[bool], event: Event, *, but: Collection[int]
) -> None:
    """Mark edges as what never was; one that another standing event made too goes on under it."""
    rows = db.execute(
        select(Edge.inp, Edge.out, Edge.uom).where(where, Edge.never_event_id.is_(None))
    ).all()
    never(db, Edge, where, event)
    for inp, out, uom in rows:
        other = _also_made(db, inp, out, but={*but, event.id})
        if other is not None:
            row = {"inp": inp, "out": out, "uom": uom, "qty": None, "event_id": other}
            db.execute(insert(Edge), [row])


def _also_made(db: Session, inp: int, out: int, *, but: set[int]) -> int | None:
    """Return another standing event that put `inp` into `out`: a lot made in several goes."""
    into, later = aliased(EventNode), aliased(Event)
    return db.scalar(
        select(EventNode.event_id)
        .join(into, (into.event_id == EventNode.event_id) & (into.node_id == out))
        .outerjoin(later, later.corrects_id == EventNode.event_id)
        .where(
            EventNode.node_id == inp,
            EventNode.role == "input",
            into.role != "input",  # made of it, or reworked with it
            later.id.is_(None),
            EventNode.event_id.not_in(id_set(db, but)),
        )
        .order_by(EventNode.event_id)
        .limit(1)
    )


def _unpack(db: Session, chain: Collection[int], event: Event) -> None:
    rows = db.scalars(
        select(Packed).where(
            Packed.from_event_id.in_(id_set(db, chain)), Packed.to_event_id.is_(None)
        )
    ).all()
    for row in rows:
        row.to_event_id = event.id
    ended = db.scalars(select(Packed).where(Packed.to_event_id.in_(id_set(db, chain)))).all()
    for row in ended:
        row.to_event_id = None
    db.flush()


def made_units(db: Session, chain: Collection[int]) -> set[int]:
    """Return, locked, the units that a chain made or brought. Raises `WentOn` when one has."""
    made = set(
        db.scalars(
            select(EventLink.unit_id)
            .join(Event, Event.id == EventLink.event_id)
            .where(
                Event.id.in_(id_set(db, chain)),
                Event.type.in_(MAKING_UNITS),
                EventLink.role == "subject",
                EventLink.custody.is_not(None),  # told again of one that was there: not made by it
            )
        )
    )
    units = units_by_id(db, made, lock=True)  # who takes one further waits, and is told
    since = standing(db, id_set(db, made), but=chain)
    if since:
        unit_id, last = max(since.items(), key=lambda one: one[1].event_id)
        what = Word((KINDS[last.type].label,))
        raise WentOn(what=units[unit_id].serial, since=what, event=last.event_id)
    return made
