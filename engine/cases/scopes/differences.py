"""What another scope changes for each consignee: what is new to them, and what is cleared."""

# ruff: noqa: S608  the parts of a statement come from here, values are bound

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.orm import Session

from engine.cases.scopes.consigned import (
    Receiver,
    as_quantity,
    lots_with_parties,
    parties_of,
    units_with_parties,
)
from engine.cases.scopes.models import ScopeVersion
from engine.serials.sets import is_sqlite

NOTHING = Decimal(0)
RUNS = "w.run_id IN (:before, :after)"
_SIDES = (
    "max(CASE WHEN run_id = :before THEN 1 ELSE 0 END) AS was,"
    " max(CASE WHEN run_id = :after THEN 1 ELSE 0 END) AS comes"
)


@dataclass(frozen=True)
class ConsigneeDifference(Receiver):
    """What changes for one consignee: "4 serials added, 12 cleared for you"."""

    added_units: int = 0
    cleared_units: int = 0
    same_units: int = 0
    added_quantity: Decimal = NOTHING
    cleared_quantity: Decimal = NOTHING
    same_quantity: Decimal = NOTHING

    @property
    def is_any(self) -> bool:
        """Say whether anything changes for them."""
        return bool(
            self.added_units or self.cleared_units or self.added_quantity or self.cleared_quantity
        )

    @property
    def is_new(self) -> bool:
        """Say whether the scope before did not reach them at all."""
        return not (
            self.cleared_units or self.same_units or self.cleared_quantity or self.same_quantity
        )


def differences_by_consignee(
    db: Session, before: ScopeVersion | None, after: ScopeVersion
) -> list[ConsigneeDifference]:
    """Return what a scope changes for everybody whom it or the one before reaches, by name.

    Those for whom nothing changes are there too. `units_of(…, version=after, but=before)` names
    what is new to one of them, the other way round what is cleared.
    """
    given = {"before": before.run_id if before else 0, "after": after.run_id}
    sqlite = is_sqlite(db)
    units = {row.party_id: row for row in db.execute(_units(sqlite), given)}
    lots = {row.party_id: row for row in db.execute(_lots(sqlite), given)}
    return [
        ConsigneeDifference(
            **vars(party),
            **_sides(units.get(party.party_id), "units", int),
            **_sides(lots.get(party.party_id), "quantity", as_quantity),
        )
        for party in parties_of(db, {*units, *lots})
    ]


def _sides(row: Row[Any] | None, of: str, as_number: Any) -> dict[str, Any]:
    if row is None:
        return {}
    return {f"{side}_{of}": as_number(getattr(row, side)) for side in ("added", "cleared", "same")}


@cache
def _units(sqlite: bool) -> TextClause:  # noqa: FBT001 - one of two kinds of database
    return _compared(
        f"SELECT party_id, 1 AS much, {_SIDES} FROM ({units_with_parties(sqlite, RUNS)}) o"
        " GROUP BY party_id, unit_id"
    )


@cache
def _lots(sqlite: bool) -> TextClause:  # noqa: FBT001 - as above
    return _compared(
        f"SELECT party_id, max(quantity) AS much, {_SIDES}"
        f" FROM ({lots_with_parties(sqlite, RUNS)}) o GROUP BY party_id, lot_id"
    )


def _compared(each: str) -> TextClause:
    return text(
        "SELECT party_id,"
        " CAST(sum(CASE WHEN comes > was THEN much ELSE 0 END) AS bigint) AS added,"
        " CAST(sum(CASE WHEN comes < was THEN much ELSE 0 END) AS bigint) AS cleared,"
        " CAST(sum(CASE WHEN comes = was THEN much ELSE 0 END) AS bigint) AS same"
        f" FROM ({each}) c GROUP BY party_id"
    )
