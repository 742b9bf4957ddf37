"""How far a trace reaches: every affected unit and quantity once, where it is, what has left.

This is the one meaning of "affected". The report's check page, the balance and the panels beside
a form all count what is returned here, so that they cannot come to different numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from engine.cases.balance import LEFT_CONTROL, OF_CUSTODY
from engine.serials.trace import Affected, AffectedStock, AffectedUnit

NEVER_EXISTED = "never_existed"  # recorded in error: nothing of it can be affected


@dataclass(frozen=True)
class Reached:
    """One affected unit that stands by itself, or a quantity of an affected lot in one place."""

    unit_id: int | None
    lot_id: int | None
    quantity: Decimal
    custody: str
    account: str  # where its custody puts it while nothing is decided
    party: str | None
    party_id: int | None  # the consignee that has it, once it has left our control
    by_lot: int | None  # the lot through which it came in; None for a unit named itself

    @property
    def has_left(self) -> bool:
        """Say whether it has left our control."""
        return self.account in LEFT_CONTROL


def reached(found: Affected) -> tuple[Reached, ...]:
    """Return what is affected, each piece once.

    A unit inside another goes with its host. What was built into something lies nowhere any more:
    it is counted as what it was built into.
    """
    units = (_of(one, one.unit_id, None, Decimal(1)) for one in found.roots)
    stock = (_of(one, None, one.lot_id, one.quantity) for one in found.stock if one.quantity > 0)
    return tuple(one for one in (*units, *stock) if one is not None)


def _of(
    one: AffectedUnit | AffectedStock, unit_id: int | None, lot_id: int | None, quantity: Decimal
) -> Reached | None:
    if one.custody not in OF_CUSTODY or one.custody == NEVER_EXISTED:
        return None
    first = one.path[0]
    by_lot = first.id if first.kind == "lot" else None
    account = OF_CUSTODY[one.custody]
    with_whom = one.party_id if account in LEFT_CONTROL else None
    return Reached(unit_id, lot_id, quantity, one.custody, account, one.party, with_whom, by_lot)


def amount(parts: Iterable[Reached]) -> Decimal:
    """Return how much these are in all."""
    return sum((part.quantity for part in parts), Decimal(0))
