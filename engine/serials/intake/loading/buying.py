"""Purchase orders and what was received against them."""

from datetime import date
from decimal import Decimal

from engine.serials import purchase
from engine.serials.intake.loading.facts import groups_of, on_day
from engine.serials.intake.loading.staged import Loading
from engine.serials.standing import known_before

SIZE = 5_000  # units that one receipt names


def load_orders(loading: Loading) -> None:
    """Record orders with their lines, one event each; what is "ordered on" is the first line's."""
    for (number, supplier_id), lines in groups_of(loading, "order_no", "party_id"):
        ordered = purchase.order(
            loading.db,
            number,
            supplier_id,
            [
                purchase.OrderLine(
                    row.part_id or 0,
                    Decimal(said["quantity"]),
                    date.fromisoformat(said["due_on"]) if said.get("due_on") else None,
                    Decimal(said["unit_price"]) if said.get("unit_price") else None,
                    said.get("currency") or None,
                    int(said["line_no"]) if said.get("line_no") else None,
                )
                for row, said in lines
            ],
            **on_day(loading, lines[0][1].get("ordered_on", "")),
        )
        loading.became([(row.line, ordered.id, ordered.event_id) for row, _ in lines])


def load_receipts(loading: Loading) -> None:
    """Receive against order lines: units that came alike are one event, as is a quantity."""
    same = ("received_on", "other_id", "lot_id", "location_id", "usability", "document_no")
    for (day, line_id, lot_id, location_id, usability, number), lines in groups_of(loading, *same):
        how = on_day(loading, day)
        if number:
            how["documents"] = [number]
        where = {"location_id": location_id, "lot_id": lot_id}
        units = [(row, said["serial"]) for row, said in lines if said.get("serial")]
        for first in range(0, len(units), SIZE):
            piece = units[first : first + SIZE]
            received = purchase.receive_against(
                loading.db, line_id, serials=[serial for _, serial in piece],
                usability=usability or "unreleased", **where, **how,
            )  # fmt: skip
            event_id = received.event.id
            again = known_before(loading.db, received.unit_ids, event_id)
            lines_of: dict[bool, list[tuple[int, int, int | None]]] = {True: [], False: []}
            for (row, _), key in zip(piece, received.unit_ids, strict=True):
                lines_of[key not in again].append((row.line, key, event_id))
            for is_new, became in lines_of.items():
                loading.became(became, entity="unit", is_new=is_new)
        for row, said in lines:
            if said.get("serial"):
                continue
            event = purchase.receive_against(
                loading.db, line_id, quantity=Decimal(said["quantity"]),
                usability=usability or "unreleased", **where, **how,
            ).event  # fmt: skip
            loading.became([(row.line, event.id, event.id)])
