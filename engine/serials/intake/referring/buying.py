"""Rows of purchase orders, and of what was received against them."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select

from engine.serials.intake.chunk import Chunk
from engine.serials.intake.references import Known, PartFound
from engine.serials.intake.referring.naming import (
    JOIN,
    Groups,
    keep_parts,
    location_of,
    lots_of,
    parts_of,
    party_of,
    refuse_future,
    refuse_unprintable,
)
from engine.serials.models import PurchaseLine, PurchaseOrder
from engine.serials.sets import text_set

Lines = dict[str, list[tuple[PurchaseOrder, PurchaseLine]]]


def of_orders(c: Chunk, known: Known, groups: Groups) -> None:
    """Hold order lines against the standing order of their number; an order is one group."""
    party_of(c, known, "supplier")
    suppliers = c.refers["party_id"]
    c.refers["party_id"] = [None] * len(c)  # who delivers a part need not be who makes it
    parts = parts_of(c, known)
    keep_parts(c, parts)
    c.refers["party_id"] = suppliers
    refuse_future(c, known, "ordered_on")
    orders, numbers = c.column("order_no"), c.column("line_no")
    there = _lines(known, orders)
    for place, order in enumerate(orders):
        _refuse_price(c, place)
        part = parts[place]
        cells = JOIN.join(c.cells[name][place] for name in c.names)
        c.keys[place] = f"{order}{JOIN}{numbers[place] or cells}"
        c.groups[place] = groups.number((order,))
        if part is not None and place not in c.bad and order in there:
            _compare(c, place, part, there[order])


def _refuse_price(c: Chunk, place: int) -> None:
    price, currency = c.column("unit_price")[place], c.column("currency")[place]
    is_code = len(currency) == 3 and currency.isascii() and currency.isalpha()
    if bool(price) != bool(currency) or (currency and not is_code):
        c.wrong(place, "currency", "price_and_currency")
    elif currency:
        c.cells["currency"][place] = currency.upper()


def _compare(
    c: Chunk, place: int, part: PartFound, lines: Sequence[tuple[PurchaseOrder, PurchaseLine]]
) -> None:
    order = lines[0][0]
    number, quantity = c.column("line_no")[place], Decimal(c.column("quantity")[place])
    same = [
        line
        for _, line in lines
        if line.part_id == part.id and line.quantity == quantity
        and number in ("", str(line.line_no))
    ]  # fmt: skip
    if order.supplier_id == c.refers["party_id"][place] and same:
        c.refers["other_id"][place] = order.id
        c.states[place] = "same"
    else:
        fields = "line_no" if order.supplier_id == c.refers["party_id"][place] else "supplier"
        c.wrong(place, fields, "differs", value=order.number, fields=fields)


def of_receipts(c: Chunk, known: Known, groups: Groups) -> None:
    """Refer receipts to the line of the order that they count against, and to lot and place."""
    parts = parts_of(c, known)
    keep_parts(c, parts)
    lots_of(c, known, parts)
    location_of(c, known, "location")
    refuse_future(c, known, "received_on")
    serials, lots, amounts = c.column("serial"), c.column("lot_no"), c.column("quantity")
    c.keys = [serial or None for serial in serials]
    there = known.units(serials)
    never_came = known.never_came(there.values())
    lines = _lines(known, c.column("order_no"))
    for place, part in enumerate(parts):
        if part is None:
            continue
        if part.control == "serial" and not serials[place]:
            c.wrong(place, "serial", "serial_or_lot")
        elif part.control != "serial" and (serials[place] or not (lots[place] and amounts[place])):
            c.wrong(place, "lot_no", "serial_or_lot")
        elif (one := there.get((part.id, serials[place]))) and one.id not in never_came:
            c.wrong(place, "serial", "serial_here", value=serials[place])
        else:
            refuse_unprintable(c, place, part)
        _refer_line(c, place, part, lines)


def _refer_line(c: Chunk, place: int, part: PartFound, lines: Lines) -> None:
    order, number = c.column("order_no")[place], c.column("line_no")[place]
    found = [
        line
        for _, line in lines.get(order, ())
        if line.part_id == part.id and number in ("", str(line.line_no))
    ]
    if len(found) == 1:
        c.refers["other_id"][place] = found[0].id
    elif order:
        c.wrong(place, "order_no", "several_lines" if found else "no_such_line", value=order)


def _lines(known: Known, numbers: Sequence[str]) -> Lines:
    """Return the lines of standing orders by number."""
    found: Lines = defaultdict(list)
    rows = (
        select(PurchaseOrder, PurchaseLine)
        .join(PurchaseLine, PurchaseLine.order_id == PurchaseOrder.id)
        .where(
            PurchaseOrder.number.in_(text_set(known.db, filter(None, numbers))),
            PurchaseOrder.withdrawn_at.is_(None),
        )
    )
    for order, line in known.db.execute(rows):
        found[order.number].append((order, line))
    return found
