"""What a hold, or a question at the gate, is about: unit, lot, run, part of a stock, set."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class HoldTarget:
    """One target; make it with `unit`, `lot`, `segment`, `stock` or `scope`.

    A lot or a segment is a predicate: it also covers what arrives later. A stock target is a
    quantity of one `lot_stock` row (all of it when `quantity` is None) and is told apart from
    the rest when the hold is placed. A scope is a set of the others, placed and shown as one.
    """

    kind: str
    id: int = 0
    quantity: Decimal | None = None
    parts: tuple["HoldTarget", ...] = ()

    @classmethod
    def unit(cls, unit_id: int) -> "HoldTarget":
        """Return one unit, with everything installed in it."""
        return cls("unit", unit_id)

    @classmethod
    def lot(cls, lot_id: int) -> "HoldTarget":
        """Return a whole lot: its units and its stock, now and later."""
        return cls("lot", lot_id)

    @classmethod
    def segment(cls, segment_id: int) -> "HoldTarget":
        """Return everything made in one run."""
        return cls("segment", segment_id)

    @classmethod
    def stock(cls, stock_id: int, quantity: Decimal | None = None) -> "HoldTarget":
        """Return a quantity out of one stock row."""
        return cls("stock", stock_id, quantity)

    @classmethod
    def scope(cls, parts: Iterable["HoldTarget"]) -> "HoldTarget":
        """Return a set of targets placed as one hold."""
        return cls("scope", parts=tuple(parts))

    def flat(self) -> tuple["HoldTarget", ...]:
        """Return the single targets in it."""
        if self.kind != "scope":
            return (self,)
        return tuple(one for part in self.parts for one in part.flat())
