"""What the look-up pages show: one unit, one lot; each a fixed number of queries."""

from engine.serials.queries.history import SHOWN
from engine.serials.queries.lot import lot_page, stock_of_lot
from engine.serials.queries.shown import Host, LotPage, Moment, Pages, Sent, StockRow, UnitPage
from engine.serials.queries.unit import unit_page

__all__ = [
    "SHOWN",
    "Host",
    "LotPage",
    "Moment",
    "Pages",
    "Sent",
    "StockRow",
    "UnitPage",
    "lot_page",
    "stock_of_lot",
    "unit_page",
]
