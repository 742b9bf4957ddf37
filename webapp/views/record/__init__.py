"""Recording what happens to goods, from the order to the return: one form for each."""

from webapp.views.record import (
    certificates,
    fitting,
    goods,
    index,
    lots,
    making,
    naming,
    orders,
    use,
)
from webapp.views.record.shared import bp

PAGES = (
    certificates,
    fitting,
    goods,
    index,
    lots,
    making,
    naming,
    orders,
    use,
)  # each adds its routes

__all__ = ["PAGES", "bp"]
