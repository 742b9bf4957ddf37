"""Goods that left, came back, ended or were found bad."""

from collections.abc import Mapping, Sequence

from engine.serials import ship, state
from engine.serials.epcis.resolving import place_of
from engine.serials.epcis.taking.case import BAD, LEAVING, Case, brings, document_of
from engine.serials.epcis.taking.coming import commission
from engine.serials.epcis.taking.lots import seen_stock, stock_named
from engine.serials.epcis.taking.seeing import observe
from engine.serials.models import Location


def take_object(case: Case) -> None:
    """Record what became of goods that an event names one by one."""
    step = str(case.body.get("bizStep", ""))
    if brings(case.body):
        commission(case, "epcList", "quantityList")
    elif step in LEAVING:
        leave(case)
    elif step in ("destroying", "decommissioning") or case.body.get("action") == "DELETE":
        _end(case)
    elif case.body.get("disposition") == "returned" and case.place is not None:
        _come_back(case)
    elif case.body.get("disposition") in BAD:
        _find_bad(case)
    else:
        observe(case)


def take_transaction(case: Case) -> None:
    """Record what became of the goods of an order or a despatch: they may have left under it."""
    is_leaving = str(case.body.get("bizStep", "")) in LEAVING
    (leave if is_leaving and case.body.get("action") != "DELETE" else observe)(case)


def leave(case: Case) -> None:
    """Record that goods left; what breaks a hold becomes a breach, as with any report."""
    units, parts = case.goods(), seen_stock(case)
    to = _destination(case)
    known = {**case.known.units, **case.known.containers}
    unknown = [uri for uri in case.uris(*case.seen()) if uri not in known]
    if to is None and (units or parts or case.known.parts):
        case.taken.flag("destination_unknown", said=_said_destinations(case))
    if units or parts or any(uri in case.known.parts for uri in unknown):
        case.asks("shipment.record")
        recorded = ship.report_shipment(
            case.db,
            to_location_id=to.id if to else None,
            units=units,
            stock_parts=parts,
            containers=case.containers(*case.seen()),
            unknown=unknown,
            document_no=document_of(case, "desadv"),
            **case.how,
        )
        case.record(recorded.event)
        return
    observe(case)


def _end(case: Case) -> None:
    units, parts = case.goods(), stock_named(case)
    if not units and not parts:
        observe(case)
        return
    case.asks("goods.scrap")
    recorded = state.destroy(case.db, units=units, stock_parts=parts, reported=True, **case.how)
    case.record(recorded.event)


def _come_back(case: Case) -> None:
    units, parts = case.goods(), stock_named(case)
    if not (units or parts) or case.place is None:
        observe(case)
        return
    case.asks("goods.return")
    recorded = ship.receive_return(
        case.db, location_id=case.place.id, units=units, stock_parts=parts, **case.how
    )
    case.record(recorded.event)


def _find_bad(case: Case) -> None:
    units, parts = case.goods(), stock_named(case)
    if not units and not parts:
        observe(case)
        return
    case.asks("goods.examine")
    case.record(state.mark_nonconforming(case.db, units=units, stock_parts=parts, **case.how).event)


def _destination(case: Case) -> Location | None:
    rows: Sequence[Mapping[str, str]] = case.body.get("destinationList", [])
    order = ("location", "possessing_party", "owning_party")
    ranked = sorted(
        (row for row in rows if row["type"] in order), key=lambda row: order.index(row["type"])
    )
    for row in ranked:
        if place := place_of(case.db, row["destination"]):
            return place
    return None


def _said_destinations(case: Case) -> str:
    return ", ".join(str(row["destination"]) for row in case.body.get("destinationList", []))
