"""Lots and quantities that an event names: recorded where they are new, found where they lie."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from engine.serials import parties
from engine.serials.epcis.names import read
from engine.serials.epcis.taking.case import ARRIVING, Case
from engine.serials.models import Lot, LotStock
from engine.serials.record import LotInput, StockPart


def lot_named(case: Case, uri: str) -> Lot:
    """Return the lot of a class, recorded now when the part is known and the lot is new."""
    by, at = case.how["by"], case.how["at"]
    return parties.ensure_lot(
        case.db, case.known.parts[uri], read(uri).lot_no or "", expires_on=_expiry(case.body),
        by=by, at=at,
    )  # fmt: skip


def lot_of_unit(case: Case, part_id: int, uri: str) -> int | None:
    """Return the lot that a new unit is of: told by its name, or by the master data beside it."""
    said = case.body.get("holdfast:lotNumber") or _master(case.body, "lotNumber")
    number = read(uri).lot_no or (str(said) if said else None)
    if not number:
        return None
    by, at = case.how["by"], case.how["at"]
    lot = parties.ensure_lot(case.db, part_id, number, expires_on=_expiry(case.body), by=by, at=at)
    return lot.id


def _expiry(body: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat((_master(body, "itemExpirationDate") or "")[:10])
    except ValueError:
        return None


def _master(body: Mapping[str, Any], name: str) -> str | None:
    ilmd = body.get("ilmd") or {}
    for key in (
        f"cbvmda:{name}",
        f"https://ns.gs1.org/cbv/{name}",
        f"urn:epcglobal:cbv:mda:{name}",
    ):
        if isinstance(ilmd.get(key), str):
            return str(ilmd[key])
    return None


def inputs_named(case: Case, place_id: int) -> list[LotInput]:
    """Return the lots that went in; one of a part of ours that nobody recorded yet is recorded."""
    return [
        LotInput(lot_named(case, uri).id, quantity, place_id)
        for uri, quantity in case.quantities("inputQuantityList")
        if uri in case.known.parts and read(uri).kind == "lot"
    ]


def seen_stock(case: Case) -> list[StockPart]:
    """Return where the quantities are that an event is about, those seen in a parent too."""
    parts = stock_named(case)
    if case.body.get("action") != "OBSERVE" or case.inside().stock:
        return parts  # what lies in the parent is known already
    return [*parts, *stock_named(case, "childQuantityList")]


def stock_named(case: Case, field: str = "quantityList") -> list[StockPart]:
    """Return where quantities of lots are taken: on its way, at the place named, where most lies.

    With what lies in the cases that are named beside them.
    """
    found = []
    for uri, quantity in case.quantities(field):
        lot_id = case.known.lots.get(uri)
        if lot_id is None or not quantity:
            continue
        rows = case.db.scalars(select(LotStock).where(LotStock.lot_id == lot_id)).all()
        here = case.place.id if case.place else None
        is_coming = str(case.body.get("bizStep", "")) in ARRIVING
        best = max(
            (row for row in rows if row.custody not in ("consumed", "destroyed")),
            key=lambda row: (
                is_coming and row.custody == "in_transit", row.location_id == here, row.quantity,
            ),
            default=None,
        )  # fmt: skip
        if best is None:
            case.taken.flag("no_stock", name=uri)
        else:
            found.append(StockPart(best.id, quantity))
    inside = case.inside().stock if field == "quantityList" else ()
    return [*found, *(StockPart(row.id, row.quantity) for row in inside)]
