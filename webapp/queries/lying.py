"""Where each piece of a balance lies: by its account, and by the stock rows that make it up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.balance import IN_HOUSE, LEFT_CONTROL, NOT_HELD, OF_CUSTODY, Holding
from engine.cases.models import Case
from engine.serials.active import holdings_of_stock
from engine.serials.models import Location, LotStock
from engine.serials.models.axes import GONE, IN_OUR_HANDS, OUT_OF_CONTROL
from engine.serials.sets import id_set

IN_HAND = (*IN_OUR_HANDS, "at_third_party")
# in which custody the pieces of an account are; what was let go may be anywhere since
CUSTODY: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((*IN_HOUSE, *NOT_HELD, "kept_as_sample"), IN_HAND),
    "in_house": IN_OUR_HANDS,
    "held": IN_OUR_HANDS,
    "at_third_party": ("at_third_party",),
    "held_elsewhere": ("at_third_party",),
    **{account: (custody,) for custody, account in OF_CUSTODY.items() if account in LEFT_CONTROL},
    "left_without_field_action": OUT_OF_CONTROL,
    "unresolved": OUT_OF_CONTROL,
    "destroyed": ("destroyed",),
    "recorded_in_error": ("never_existed",),
}
ANYWHERE = ("in_house", "returned", "at_third_party", "in_transit", "at_consignee")


@dataclass(frozen=True)
class Lying:
    """A quantity of a lot in one place and state, and the cases whose holds bear on it."""

    quantity: Decimal
    place: str
    custody: str
    usability: str
    holds: tuple[str, ...]


def lying(db: Session, case: Case, parts: Sequence[Holding]) -> dict[tuple[str, int], list[Lying]]:
    """Return what each (account, lot) of a balance is made of; its sum is what lies in the account.

    Where the stock rows of an account do not make up its quantity, as when another case took some
    of them, one line says of the whole what they agree on.
    """
    of_lots = [part for part in parts if part.lot_id is not None]
    rows = _rows(db, {part.lot_id for part in of_lots if part.lot_id is not None})
    found = {}
    for part in sorted(of_lots, key=lambda part: part.account not in CUSTODY):
        there = rows.get(part.lot_id or 0, [])
        own = [row for row in there if _is_of(row, part.account, case.number)]
        if sum(row.quantity for row in own) == part.quantity:
            rows[part.lot_id or 0] = [row for row in there if row not in own]
        else:
            own = [_agreed(own, part.quantity)]
        found[part.account, part.lot_id or 0] = own
    return found


def _is_of(row: Lying, account: str, case_number: str) -> bool:
    is_held = case_number in row.holds
    if row.custody not in CUSTODY.get(account, ANYWHERE):
        return False
    return is_held if account in IN_HOUSE else account in CUSTODY or not is_held


def _rows(db: Session, lot_ids: Iterable[int]) -> dict[int, list[Lying]]:
    rows = db.execute(
        select(LotStock, Location.name)
        .join(Location, Location.id == LotStock.location_id)
        .where(
            LotStock.lot_id.in_(id_set(db, lot_ids)),
            LotStock.quantity != 0,
            LotStock.custody.in_(OF_CUSTODY),  # not what was built into something
        )
        .order_by(Location.name, LotStock.id)
    ).all()
    holding = holdings_of_stock(db, [row[0] for row in rows if row[0].custody not in GONE])
    found: dict[int, list[Lying]] = {}
    for stock, place in rows:
        holds = tuple(sorted({one.case_number for one in holding.get(stock.id, ())}))
        found.setdefault(stock.lot_id, []).append(
            Lying(stock.quantity, place, stock.custody, stock.usability, holds)
        )
    return found


def _agreed(rows: Sequence[Lying], quantity: Decimal) -> Lying:
    def one(values: Iterable[str], otherwise: str) -> str:
        among = set(values)
        return among.pop() if len(among) == 1 else otherwise if among else "unknown"

    return Lying(
        quantity=quantity,
        place=one((row.place for row in rows), "") if rows else "",
        custody=one((row.custody for row in rows), "several"),
        usability=one((row.usability for row in rows), "several"),
        holds=tuple(sorted({number for row in rows for number in row.holds})),
    )
