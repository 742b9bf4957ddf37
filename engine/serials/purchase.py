"""Buying: an order to a supplier, and what is received against it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Unpack

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session, aliased

from engine.serials import receive
from engine.serials.errors import OrderLineUnknown, OrderTaken, OrderWithdrawn, PartsDiffer
from engine.serials.events import Links, record_events, write_event
from engine.serials.flags import raise_flag
from engine.serials.identifiers import standard
from engine.serials.models import (
    Event,
    Lot,
    Part,
    PurchaseLine,
    PurchaseOrder,
    PurchaseReceipt,
)
from engine.serials.record import How, Recorded
from engine.serials.sets import id_set
from engine.words import N_

OVER_RECEIVED = N_("%(over)s more than ordered were received on line %(line)s of %(order)s")


@dataclass(frozen=True)
class OrderLine:
    """What is ordered of one part."""

    part_id: int
    quantity: Decimal
    due_on: date | None = None
    unit_price: Decimal | None = None
    currency: str | None = None
    line_no: int | None = None  # as its system counts; counted here where none says it


def order(
    db: Session, number: str, supplier_id: int, lines: Sequence[OrderLine], **how: Unpack[How]
) -> PurchaseOrder:
    """Record an order to a supplier; raises `OrderTaken`. Withdrawn by `correct.withdraw`."""
    name = standard(number)
    if db.scalar(_standing(name)) is not None:
        raise OrderTaken(order=name)

    said = _of_order(name, how)
    event = write_event(db, "ordered", Links(), payload={"supplier": supplier_id}, **said)
    made = PurchaseOrder(
        number=name, supplier_id=supplier_id, ordered_at=event.event_at, event_id=event.id
    )
    db.add(made)
    db.flush()
    db.execute(
        insert(PurchaseLine),
        [
            {**vars(line), "order_id": made.id, "line_no": line.line_no or number}
            for number, line in enumerate(lines, start=1)
        ],
    )
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return made


def receive_against(
    db: Session,
    line_id: int,
    *,
    location_id: int,
    lot_id: int | None = None,
    quantity: Decimal | None = None,
    serials: Sequence[str] = (),
    usability: str = "unreleased",
    **how: Unpack[How],
) -> Recorded:
    """Receive against a line of an order: serials, or a quantity of a lot.

    More than was ordered is received, warned of and flagged: it lies there. Raises
    `OrderLineUnknown`, `OrderWithdrawn`, `PartsDiffer`, `SerialTaken`.
    """
    line, ordered = _standing_line(db, line_id)
    if lot_id is not None and (of_part := db.get_one(Lot, lot_id).part_id) != line.part_id:
        raise PartsDiffer(said=_part_no(db, of_part), part=_part_no(db, line.part_id))
    said = _of_order(ordered.number, how)
    size = Decimal(len(serials)) if serials or lot_id is None else quantity or Decimal(0)
    over = received_of(db, [line.id])[line.id] + size - line.quantity

    def also(event: Event) -> None:
        db.add(PurchaseReceipt(event_id=event.id, line_id=line.id, quantity=size))
        if over > 0:
            facts = {"order": ordered.number, "line": line.line_no, "over": f"{over:f}"}
            raise_flag(db, event, "over_received", lot_id=lot_id, at=how["at"], facts=facts)

    if serials or lot_id is None:
        received = receive.receive_units(
            db, line.part_id, serials, location_id=location_id, lot_id=lot_id,
            usability=usability, supplier_id=ordered.supplier_id, also=also, **said,
        )  # fmt: skip
    else:
        received = receive.receive_lot(
            db, lot_id, size, location_id=location_id,
            usability=usability, supplier_id=ordered.supplier_id, also=also, **said,
        )  # fmt: skip
    if over <= 0:
        return received

    warning = OVER_RECEIVED % {"over": f"{over:f}", "line": line.line_no, "order": ordered.number}
    return Recorded(received.event, received.unit_ids, lot_id, warnings=(warning,))


def received_of(db: Session, line_ids: Iterable[int]) -> Mapping[int, Decimal]:
    """Return how much was received against lines; a corrected receipt counts as corrected."""
    later = aliased(Event)
    rows = db.execute(
        select(
            PurchaseReceipt.line_id,
            func.sum(PurchaseReceipt.quantity, type_=PurchaseReceipt.quantity.type),
        )
        .outerjoin(later, later.corrects_id == PurchaseReceipt.event_id)
        .where(PurchaseReceipt.line_id.in_(id_set(db, line_ids)), later.id.is_(None))
        .group_by(PurchaseReceipt.line_id)
    )
    return defaultdict(Decimal, {row[0]: row[1] for row in rows})


def _standing_line(db: Session, line_id: int) -> tuple[PurchaseLine, PurchaseOrder]:
    line = db.get(PurchaseLine, line_id, with_for_update=True)
    if line is None:
        raise OrderLineUnknown
    ordered = db.get_one(PurchaseOrder, line.order_id, populate_existing=True)
    if ordered.withdrawn_at is not None:
        raise OrderWithdrawn(order=ordered.number)
    return line, ordered


def _standing(number: str) -> Select[int]:
    return select(PurchaseOrder.id).where(
        PurchaseOrder.number == number, PurchaseOrder.withdrawn_at.is_(None)
    )


def _of_order(number: str, how: How) -> How:
    return {**how, "facts": {**how.get("facts", {}), "purchase_order": [number]}}


def _part_no(db: Session, part_id: int) -> str:
    return db.get_one(Part, part_id).part_no
