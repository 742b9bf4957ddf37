"""What a receipt broke is flagged before whoever listens to events is told of them."""

from decimal import Decimal

from sqlalchemy import select

from engine.serials import purchase
from engine.serials.models import Flag, PurchaseLine
from engine.serials.purchase import OrderLine


def test_more_than_was_ordered_is_flagged_before_the_receipt_is_told(shop):
    lines = [OrderLine(shop.resin.id, Decimal(10))]
    purchase.order(shop.db, "PO-1", shop.supplier.id, lines, **shop.how)
    line = shop.db.scalars(select(PurchaseLine)).one()
    lot = shop.lot(shop.resin, "R-1")
    heard = []
    shop.db.info["event_sinks"] = (lambda db, events: heard.extend(db.scalars(select(Flag.rule))),)
    purchase.receive_against(
        shop.db, line.id, location_id=shop.store.id, lot_id=lot.id, quantity=Decimal(12), **shop.how
    )
    assert heard == ["over_received"]
