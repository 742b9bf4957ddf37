"""The balance of a case by consignee, by country or by lot: who has how much in which account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, case as when, func, select
from sqlalchemy.orm import Session

from engine.cases.accounts import ACCOUNTS, AFFECTED, OPEN
from engine.cases.models import BalanceTotal, Case
from engine.serials.models import Lot, Part, Party
from engine.serials.sets import id_set

By: TypeAlias = Literal["consignee", "country", "lot"]
Key: TypeAlias = int | str | None
Names: TypeAlias = tuple[str | None, str | None, str | None]  # code, name, country
NAMELESS: Names = (None, None, None)
UNKNOWN = "??"  # the key of a consignee whose country nobody recorded


@dataclass(frozen=True)
class Share:
    """What one consignee, country or lot accounts for.

    The key is None for what never left us, and by lot for units that were made as none; by country
    it is `UNKNOWN` where none is recorded.
    """

    key: Key
    code: str | None
    name: str | None
    country: str | None
    sums: Mapping[str, Decimal]  # by account, in the order of `ACCOUNTS`; never what is empty

    @property
    def total(self) -> Decimal:
        """Return how much of it is affected."""
        return sum((q for name, q in self.sums.items() if name in AFFECTED), Decimal(0))

    @property
    def still_open(self) -> Decimal:
        """Return how much waits for an answer, a return or a decision."""
        return sum((q for name, q in self.sums.items() if name in OPEN), Decimal(0))


def by(
    db: Session, case: Case, of: By, *, limit: int | None = None, offset: int = 0
) -> list[Share]:
    """Return the shares of a case, those with most open first; `limit` gives a page of them."""
    kept = BalanceTotal
    key = _key(of)
    still_open = func.sum(when((kept.account.in_(OPEN), kept.quantity), else_=0))
    ranked = (
        select(key, still_open)
        .select_from(kept)
        .where(kept.case_id == case.id)
        .group_by(key)
        .order_by(still_open.desc(), func.sum(kept.quantity).desc(), key)
        .limit(limit)
        .offset(offset)
    )
    if of == "country":
        ranked = ranked.outerjoin(Party, Party.id == kept.party_id)
    keys = [row[0] for row in db.execute(ranked)]
    sums = _sums(db, case, of, keys)
    names = _names(db, of, keys)
    return [Share(one, *names.get(one, NAMELESS), sums[one]) for one in keys]


def count(db: Session, case: Case, of: By) -> int:
    """Return how many shares there are."""
    kept = BalanceTotal
    each = select(_key(of)).select_from(kept).where(kept.case_id == case.id).distinct()
    if of == "country":
        each = each.outerjoin(Party, Party.id == kept.party_id)
    return db.scalar(select(func.count()).select_from(each.subquery())) or 0


def _key(of: By) -> ColumnElement[Any]:
    if of == "country":
        at_home = when((BalanceTotal.party_id == 0, ""), else_=UNKNOWN)
        return func.nullif(func.coalesce(Party.country, at_home), "")
    return func.nullif(BalanceTotal.party_id if of == "consignee" else BalanceTotal.lot_id, 0)


def _sums(db: Session, case: Case, of: By, keys: Sequence[Key]) -> dict[Key, dict[str, Decimal]]:
    kept, key = BalanceTotal, _key(of)
    total = func.sum(kept.quantity, type_=kept.quantity.type)
    query = select(key, kept.account, total).where(kept.case_id == case.id)
    if of == "country":
        query = query.select_from(kept).outerjoin(Party, Party.id == kept.party_id)
    elif None not in keys:
        query = query.where(key.in_(id_set(db, [int(one or 0) for one in keys])))
    found: dict[Key, dict[str, Decimal]] = {one: {} for one in keys}
    for one, account, quantity in db.execute(query.group_by(key, kept.account)):
        if one in found:
            found[one][account] = quantity
    return {
        one: {name: sums[name] for name in ACCOUNTS if name in sums} for one, sums in found.items()
    }


def _names(db: Session, of: By, keys: Sequence[Key]) -> dict[Key, Names]:
    """Return code, name and country of each key that has any."""
    ids = id_set(db, [one for one in keys if isinstance(one, int)])
    if of == "consignee":
        query = select(Party.id, Party.code, Party.name, Party.country).where(Party.id.in_(ids))
        return {key: (code, name, country) for key, code, name, country in db.execute(query)}
    if of == "lot":
        lots = select(Lot.id, Lot.lot_no, Part.part_no).join(Part, Part.id == Lot.part_id)
        rows = db.execute(lots.where(Lot.id.in_(ids)))
        return {lot_id: (lot_no, part_no, None) for lot_id, lot_no, part_no in rows}
    return {one: (one, None, one) for one in keys if isinstance(one, str) and one != UNKNOWN}
