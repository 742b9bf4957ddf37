"""Goods put into cases and units, and taken out again."""

from collections.abc import Sequence

from sqlalchemy import func, select

from engine.serials import install, packing
from engine.serials.epcis.taking.case import LEAVING, Case
from engine.serials.epcis.taking.leaving import leave
from engine.serials.epcis.taking.lots import stock_named
from engine.serials.epcis.taking.making import taken_out
from engine.serials.epcis.taking.seeing import observe
from engine.serials.models import CONTAINERS, Container, Install, LotStock, Packed


def take_aggregation(case: Case) -> None:
    """Record goods put into a case, a pallet or another unit, or taken out again."""
    uri = str(case.body.get("parentID", ""))
    parent = case.known.units.get(uri)
    children = case.units("childEPCs")
    if case.body.get("action") == "OBSERVE" and str(case.body.get("bizStep", "")) in LEAVING:
        leave(case)
    elif uri and case.known.names[uri].sscc and case.body.get("action") != "OBSERVE":
        _pack(case, uri, children)
    elif parent is None or not children or case.body.get("action") == "OBSERVE":
        observe(case)
    elif case.body.get("action") == "ADD":
        case.asks("goods.fit")
        children = taken_out(case, children, [parent]) or children
        fittings = [install.Fitting(one, parent) for one in children]
        recorded = install.install_units(case.db, fittings, reported=True, **case.how)
        case.record(recorded.event)
    else:
        inside = set(
            case.db.scalars(
                select(Install.child_id).where(
                    Install.host_id == parent,
                    Install.child_id.in_(children),
                    Install.to_event_id.is_(None),
                )
            )
        )
        if not inside:
            case.taken.flag("was_not_inside", parent=case.body["parentID"])
            observe(case)
        else:
            case.asks("goods.fit")
            case.record(install.remove_units(case.db, inside, **case.how).event)


def _pack(case: Case, uri: str, units: Sequence[int]) -> None:
    """Record goods put into a case or onto a pallet, or taken out again."""
    case.asks("goods.pack")
    containers = case.containers("childEPCs")
    known = case.known.containers.get(uri)
    if case.body["action"] == "ADD":
        kind = "pallet" if containers else "case"
        if case.body.get("holdfast:container") in CONTAINERS:
            kind = str(case.body["holdfast:container"])
        if known is not None:
            kind = case.db.get_one(Container, known).kind
        parts = stock_named(case, "childQuantityList")
        load = packing.Load(units=units, stock_parts=parts, containers=containers)
        place_id = case.place.id if case.place else None
        sscc = case.known.names[uri].sscc or ""
        recorded = packing.pack(case.db, sscc, kind, load, location_id=place_id, **case.how)
        case.record(recorded.event)
    elif known is not None:
        # what is not named at all is all of it; what is named and not known is none
        is_all = not (case.body.get("childEPCs") or case.body.get("childQuantityList"))
        recorded = packing.unpack(
            case.db,
            known,
            units=None if is_all else units,
            tranches=None if is_all else _packed_lots(case, known),
            containers=None if is_all else containers,
            **case.how,
        )
        case.record(recorded.event)
    else:
        observe(case)


def _packed_lots(case: Case, container_id: int) -> list[int]:
    """Return which of the quantities in a case were taken out: of a lot, all that lies in it."""
    found = []
    for uri, quantity in case.quantities("childQuantityList"):
        rows = case.db.execute(
            select(Packed.tranche_id, func.sum(LotStock.quantity))
            .join(LotStock, LotStock.tranche_id == Packed.tranche_id)
            .where(
                Packed.container_id == container_id,
                Packed.to_event_id.is_(None),
                Packed.lot_id == case.known.lots.get(uri, 0),
            )
            .group_by(Packed.tranche_id)
        ).all()
        found += [tranche for tranche, _ in rows if tranche is not None]
        if quantity is not None and sum(lying for _, lying in rows) != quantity:
            case.taken.flag("not_all_of_it", name=uri)
    return found
