"""Stock: quantities of lots received, some thousand events at once."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from engine.serials import stock
from engine.serials.intake import bulk
from engine.serials.intake.loading.staged import SIZE, Loading, Row
from engine.serials.models import EventNode, StockPosting
from engine.serials.parties import lock_key_fields
from engine.serials.stock import Spot


def load_stock(loading: Loading) -> None:
    """Receive quantities of lots, one event each."""
    for piece in bulk.in_parts(loading.rows(), SIZE):
        _receive(loading, piece)


def _receive(loading: Loading, rows: Sequence[Row]) -> None:
    db = loading.db
    ids = loading.write_events(
        "received", [(said.get("received_on", ""), row.location_id, {}) for row, said in rows]
    )
    sums: dict[Spot, Decimal] = defaultdict(Decimal)
    nodes, postings = [], []
    for (row, said), event_id in zip(rows, ids, strict=True):
        usability = said.get("usability") or "unreleased"
        spot = Spot(row.lot_id, row.location_id, "in_house", usability)
        quantity = Decimal(said["quantity"])
        sums[spot] += quantity
        nodes.append({"node_id": row.lot_id, "event_id": event_id, "role": "subject"})
        postings.append({**spot._asdict(), "event_id": event_id, "quantity": quantity})
    bulk.add(db, EventNode, nodes)
    bulk.add(db, StockPosting, postings)
    stock.add_up(db, sums)
    lock_key_fields(db, lots={one.lot_id for one in sums if one.usability == "conforming"})
    loading.became([(row.line, key, key) for (row, _), key in zip(rows, ids, strict=True)])
