"""Taking over what an event says: recorded as a fact here, and flagged where it does not fit.

Nothing a partner reports is refused. What is not known, or cannot be so by what is recorded, is a
flag with the event; the event itself is kept word for word.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import EngineError
from engine.people.person import Person
from engine.serials import correct, install, packing, parties, ship, state, stock
from engine.serials.build import ToBuild, build_lot, build_units
from engine.serials.epcis.documents import Json
from engine.serials.epcis.names import read
from engine.serials.epcis.resolving import Resolved, place_of, resolve
from engine.serials.events import Links, record_events, write_event
from engine.serials.flags import raise_flag
from engine.serials.models import Container, Event, Install, Location, Lot, LotStock
from engine.serials.packed import Inside, contents_of
from engine.serials.projection import project_units
from engine.serials.receive import create_units
from engine.serials.record import Effect, How, LotInput, Mark, StockPart
from engine.serials.units import contents, units_by_id

CUSTODY = {"consignee": "at_consignee", "third_party": "at_third_party", "transit": "in_transit"}
LEAVING = ("shipping", "departing", "consigning")
ARRIVING = ("receiving", "arriving", "accepting", "unloading", "storing", "stocking", "dispensing")
BAD = ("non_conformant", "damaged", "expired", "needs_replacement")
GOODS = (
    "epcList",
    "childEPCs",
    "inputEPCList",
    "outputEPCList",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputQuantityList",
)


# which rule of ours each of these breaks; the event is flagged to quality with it
RULE_OF = {
    "not_ours": "unknown_goods",
    "not_recorded": "unknown_goods",
    "destination_unknown": "unknown_place",
    "place_unknown": "unknown_place",
    "does_not_fit": "does_not_fit",
    "was_not_inside": "does_not_fit",
    "commissioned_again": "does_not_fit",
    "no_stock": "does_not_fit",
    "not_all_of_it": "does_not_fit",
    "inputs_not_placed": "inputs_not_placed",
}
NAMED = 50  # flags of one kind on one event that name their goods


@dataclass
class Taken:
    """What came of one event: the record made of it, and what did not fit."""

    event: Event | None = None
    flags: list[Json] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def flag(self, code: str, **facts: object) -> None:
        """Keep that something of the event could not be taken over, and flag it to quality."""
        said = {name: str(fact) for name, fact in facts.items()}
        self.flags.append({"code": code, **said})
        rule = RULE_OF.get(code)
        if rule is not None and sum(mark.rule == rule for mark in self.marks) < NAMED:
            self.marks.append(Mark(rule, said))


@dataclass
class _Case:
    db: Session
    body: Json
    how: How
    known: Resolved
    place: Location | None
    taken: Taken

    def units(self, *fields: str) -> list[int]:
        """Return the units that are named in these fields and known; the others are flagged."""
        return [self.known.units[u] for u in self.uris(*fields) if u in self.known.units]

    def goods(self) -> list[int]:
        """Return the units that an event is about, with what lies in the cases it names."""
        return list(dict.fromkeys([*self.units("epcList"), *self.inside().units]))

    def inside(self) -> Inside:
        """Return what lies in the cases and pallets that an event is about."""
        return contents_of(self.db, self.containers("epcList"))

    def containers(self, field: str) -> list[int]:
        """Return the cases and pallets that are named in this field and known."""
        known = self.known.containers
        return [known[uri] for uri in self.uris(field) if uri in known]

    def uris(self, *fields: str) -> list[str]:
        """Return the EPCs of these fields."""
        return [uri for name in fields for uri in self.body.get(name, [])]

    def quantities(self, field: str) -> list[tuple[str, Decimal | None]]:
        """Return EPC classes with their quantities."""
        return [
            (one["epcClass"], Decimal(str(one["quantity"])) if "quantity" in one else None)
            for one in self.body.get(field, [])
        ]


def names_in(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return every EPC and EPC class that an event names, with the field it stands in."""
    found = [("parentID", body["parentID"])] if body.get("parentID") else []
    found += [
        (name, one["epcClass"] if isinstance(one, dict) else one)
        for name in GOODS
        for one in body.get(name, [])
    ]
    return found


def take_over(
    db: Session, body: Json, *, event_at: datetime, by: Person | None, at: datetime, source: str
) -> Taken:
    """Record what an event says happened; never refused. Flushes."""
    how: How = {"by": by, "at": at, "event_at": event_at, "source": source}
    if documents := [one["bizTransaction"] for one in body.get("bizTransactionList", [])]:
        how["documents"] = documents
    known = resolve(db, [uri for _, uri in names_in(body)])
    taken = Taken()
    how["marks"] = taken.marks
    case = _Case(db, body, how, known, _place(db, body), taken)
    _flag_unknown(case)
    taker = TAKERS.get(str(body["type"]), _observe)
    try:
        with db.begin_nested():
            taker(case)
    except EngineError as refused:
        # what is recorded here says that it cannot be so: kept, and looked at by a person
        case.taken.event = None
        case.taken.flag("does_not_fit", said=refused)
        _observe(case)
    return case.taken


def declare_error(
    db: Session, event_id: int | None, body: Json, *, by: Person | None, at: datetime, source: str
) -> Taken:
    """Withdraw what was recorded of an event that its sender declares wrong."""
    taken = Taken()
    if event_id is None:
        taken.flag("declared_event_unknown", event=body.get("eventID", ""))
        return taken
    reason = str(body["errorDeclaration"].get("reason", "incorrect_data"))
    try:
        with db.begin_nested():
            recorded = correct.withdraw(
                db, event_id, reason=f"EPCIS: {reason}", by=by, at=at, source=source
            )
            taken.event = recorded.event
    except EngineError as refused:
        taken.flag("not_withdrawn", said=refused)
        raise_flag(
            db, db.get_one(Event, event_id), "not_withdrawn", facts={"said": str(refused)}, at=at
        )
    return taken


# --- by type ---------------------------------------------------------------------------------


def _object(case: _Case) -> None:
    step = str(case.body.get("bizStep", ""))
    if case.body.get("action") == "ADD":
        _commission(case, "epcList", "quantityList")
    elif step in LEAVING:
        _leave(case)
    elif step in ("destroying", "decommissioning") or case.body.get("action") == "DELETE":
        _end(case)
    elif case.body.get("disposition") == "returned" and case.place is not None:
        _come_back(case)
    elif case.body.get("disposition") in BAD:
        _find_bad(case)
    else:
        _observe(case)


def _aggregate(case: _Case) -> None:
    uri = str(case.body.get("parentID", ""))
    parent = case.known.units.get(uri)
    children = case.units("childEPCs")
    if uri and case.known.names[uri].sscc and case.body.get("action") != "OBSERVE":
        _pack(case, uri, children)
    elif parent is None or not children or case.body.get("action") == "OBSERVE":
        _observe(case)
    elif case.body.get("action") == "ADD":
        fittings = [install.Fitting(one, parent) for one in children]
        recorded = install.install_units(case.db, fittings, reported=True, **case.how)
        case.taken.event = recorded.event
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
            _observe(case)
        else:
            case.taken.event = install.remove_units(case.db, inside, **case.how).event


def _pack(case: _Case, uri: str, units: Sequence[int]) -> None:
    """Record goods put into a case or onto a pallet, or taken out again."""
    containers = [
        case.known.containers[one] for one in case.uris("childEPCs") if one in case.known.containers
    ]
    known = case.known.containers.get(uri)
    if case.body["action"] == "ADD":
        kind = "pallet" if containers else "case"
        if known is not None:
            kind = case.db.get_one(Container, known).kind
        load = packing.Load(units=units, containers=containers)
        place_id = case.place.id if case.place else None
        sscc = case.known.names[uri].sscc or ""
        recorded = packing.pack(case.db, sscc, kind, load, location_id=place_id, **case.how)
        case.taken.event = recorded.event
    elif known is not None:
        recorded = packing.unpack(
            case.db,
            known,
            units=units or None,
            containers=containers or None,
            **case.how,
        )
        case.taken.event = recorded.event
    else:
        _observe(case)


def _transform(case: _Case) -> None:
    """Record a run: its input lots, its units or the lot it made; needs where it was made."""
    if case.place is None:
        case.taken.flag("place_unknown")
        _observe(case)
        return
    inputs = _inputs(case)
    children = case.units("inputEPCList")
    new = [u for u in case.uris("outputEPCList") if u in case.known.parts]
    made = [u for u in new if u not in case.known.units]
    lots = [
        (uri, quantity)
        for uri, quantity in case.quantities("outputQuantityList")
        if uri in case.known.parts
    ]
    if len(made) != 1 and children:
        case.taken.flag("inputs_not_placed", count=len(children))
        children = []
    for part_id in dict.fromkeys(case.known.parts[uri] for uri in made):
        ones = [uri for uri in made if case.known.parts[uri] == part_id]
        recorded = build_units(
            case.db,
            part_id,
            [ToBuild(_serial(uri), tuple((one, None) for one in children)) for uri in ones],
            location_id=case.place.id,
            inputs=inputs,
            lot_id=_lot_of(case, part_id, ones[0]),
            usability="unknown",
            reported=True,
            **case.how,
        )
        case.taken.event = case.taken.event or recorded.event
    for uri, quantity in lots:
        lot = _lot(case, uri)
        recorded = build_lot(
            case.db,
            lot.id,
            quantity or Decimal(0),
            location_id=case.place.id,
            inputs=inputs,
            usability="unknown",
            reported=True,
            **case.how,
        )
        case.taken.event = case.taken.event or recorded.event
    if case.taken.event is None:
        _observe(case)


def _commission(case: _Case, units: str, lots: str) -> None:
    """Record units and lots that a document says came to be."""
    effect = Effect(_custody(case.place), "unknown", case.place.id if case.place else None)
    new = [u for u in case.uris(units) if u in case.known.parts and u not in case.known.units]
    links = Links()
    for uri in new:
        part_id = case.known.parts[uri]
        lot_id = _lot_of(case, part_id, uri)
        made = create_units(case.db, part_id, [_serial(uri)], effect=effect, lot_id=lot_id)
        links.add(made, effect).about([lot_id] if lot_id else [])
    posted = []
    for uri, quantity in case.quantities(lots):
        if uri in case.known.parts and read(uri).kind == "lot":
            lot = _lot(case, uri)
            links.about([lot.id])
            if quantity and case.place:
                spot = stock.Spot(lot.id, case.place.id, _custody(case.place), "unknown")
                posted.append((spot, quantity))
    again = [one for one in case.units(units) if one not in links.units]
    if again:
        case.taken.flag("commissioned_again", count=len(again))
        links.add(again, Effect())
    event = write_event(
        case.db, "received", links, location_id=effect.location_id, payload=_payload(case),
        **case.how,
    )  # fmt: skip
    stock.post(case.db, event, posted)
    _finish(case, event, links)


def _leave(case: _Case) -> None:
    """Record that goods left; what breaks a hold becomes a breach, as with any report."""
    units, parts = case.goods(), _stock(case)
    to = _destination(case)
    known = {**case.known.units, **case.known.containers}
    unknown = [uri for uri in case.uris("epcList") if uri not in known]
    if to is None and (units or parts or case.known.parts):
        case.taken.flag("destination_unknown", said=_said_destinations(case))
    if units or parts or any(uri in case.known.parts for uri in unknown):
        recorded = ship.report_shipment(
            case.db,
            to_location_id=to.id if to else None,
            units=units,
            stock_parts=parts,
            unknown=unknown,
            document_no=_document(case, "desadv"),
            **case.how,
        )
        case.taken.event = recorded.event
        if recorded.breach_ids:
            case.taken.flag("hold_breach", count=len(recorded.breach_ids))
        return
    _observe(case)


def _end(case: _Case) -> None:
    units, parts = case.goods(), _stock(case)
    if not units and not parts:
        _observe(case)
        return
    recorded = state.destroy(case.db, units=units, stock_parts=parts, reported=True, **case.how)
    case.taken.event = recorded.event


def _come_back(case: _Case) -> None:
    units, parts = case.goods(), _stock(case)
    if not (units or parts) or case.place is None:
        _observe(case)
        return
    recorded = ship.receive_return(
        case.db, location_id=case.place.id, units=units, stock_parts=parts, **case.how
    )
    case.taken.event = recorded.event


def _find_bad(case: _Case) -> None:
    units, parts = case.goods(), _stock(case)
    if not units and not parts:
        _observe(case)
        return
    case.taken.event = state.mark_nonconforming(
        case.db, units=units, stock_parts=parts, **case.how
    ).event


def _observe(case: _Case) -> None:
    """Record that goods were seen, and where, when the place is one of ours to know."""
    units = [*case.goods(), *case.units("childEPCs", "inputEPCList", "outputEPCList")]
    if parent := case.known.units.get(str(case.body.get("parentID", ""))):
        units.append(parent)
    if not (units or case.known.lots or (case.known.parts and case.taken.marks)):
        return  # nothing here is about anything of ours: kept word for word only
    arrived = str(case.body.get("bizStep", "")) in ARRIVING and case.place is not None
    place_id = case.place.id if case.place else None
    effect = Effect(_custody(case.place), None, place_id) if arrived else Effect()
    taken = stock.take(case.db, _stock(case), reported=True) if arrived else []
    links = Links().add(units_by_id(case.db, units, lock=True), effect)
    links.add(contents(case.db, units), Effect(effect.custody, None, effect.location_id), "carried")
    links.about({*case.known.lots.values(), *(part.spot.lot_id for part in taken)})
    event = write_event(
        case.db, "observed", links, location_id=place_id, payload=_payload(case), **case.how
    )
    stock.move(case.db, event, taken, custody=effect.custody, location_id=place_id)
    _finish(case, event, links)


TAKERS: Mapping[str, Callable[[_Case], None]] = {
    "ObjectEvent": _object,
    "AggregationEvent": _aggregate,
    "AssociationEvent": _aggregate,
    "TransformationEvent": _transform,
    "TransactionEvent": _observe,
}


# --- their parts -----------------------------------------------------------------------------


def _finish(case: _Case, event: Event, links: Links) -> None:
    case.db.flush()
    project_units(case.db, links.units)
    record_events(case.db, [event], by=case.how["by"], at=case.how["at"])
    case.taken.event = event


def _payload(case: _Case) -> Json:
    said = {name: case.body[name] for name in ("bizStep", "disposition") if name in case.body}
    return {"epcis": {"type": case.body["type"], **said}}


def _flag_unknown(case: _Case) -> None:
    makes = case.body.get("action") == "ADD" and case.body["type"] == "ObjectEvent"
    made = ("outputEPCList", "outputQuantityList", *(("epcList", "quantityList") if makes else ()))
    for role, uri in names_in(case.body):
        name = case.known.names[uri]
        is_here = uri in case.known.units or uri in case.known.lots or uri in case.known.containers
        if is_here or (role in made and uri in case.known.parts):
            continue
        if uri not in case.known.parts:
            case.taken.flag("not_ours", name=uri)
        elif name.kind != "part":
            case.taken.flag("not_recorded", name=uri)


def _place(db: Session, body: Mapping[str, Any]) -> Location | None:
    for name in ("bizLocation", "readPoint"):
        if (uri := body.get(name, {}).get("id")) and (place := place_of(db, str(uri))):
            return place
    return None


def _destination(case: _Case) -> Location | None:
    rows: Sequence[Mapping[str, str]] = case.body.get("destinationList", [])
    order = ("location", "possessing_party", "owning_party")
    ranked = sorted(
        (row for row in rows if row["type"] in order), key=lambda row: order.index(row["type"])
    )
    for row in ranked:
        if place := place_of(case.db, row["destination"]):
            return place
    return None


def _said_destinations(case: _Case) -> str:
    return ", ".join(str(row["destination"]) for row in case.body.get("destinationList", []))


def _custody(place: Location | None) -> str:
    return CUSTODY.get(place.kind, "in_house") if place else "unknown"


def _document(case: _Case, kind: str) -> str | None:
    for one in case.body.get("bizTransactionList", []):
        if one.get("type") == kind:
            return str(one["bizTransaction"])
    return None


def _serial(uri: str) -> str:
    return read(uri).serial or ""


def _lot(case: _Case, uri: str) -> Lot:
    """Return the lot of a class, recorded now when the part is known and the lot is new."""
    by, at = case.how["by"], case.how["at"]
    return parties.ensure_lot(
        case.db, case.known.parts[uri], read(uri).lot_no or "", expires_on=_expiry(case.body),
        by=by, at=at,
    )  # fmt: skip


def _lot_of(case: _Case, part_id: int, uri: str) -> int | None:
    """Return the lot that a new unit is of: told by its name, or by the master data beside it."""
    number = read(uri).lot_no or _master(case.body, "lotNumber")
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


def _inputs(case: _Case) -> list[LotInput]:
    """Return the lots that went in; one of a part of ours that nobody recorded yet is recorded."""
    place = case.place.id if case.place else None
    return [
        LotInput(_lot(case, uri).id, quantity, place)
        for uri, quantity in case.quantities("inputQuantityList")
        if uri in case.known.parts and read(uri).kind == "lot"
    ]


def _stock(case: _Case, field: str = "quantityList") -> list[StockPart]:
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
