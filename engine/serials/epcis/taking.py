"""Taking over what an event says: recorded as a fact here, and flagged where it does not fit.

Nothing a partner reports is refused. What is not known, or cannot be so by what is recorded, is a
flag with the event; the event itself is kept word for word.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import EngineError
from engine.people.person import Person
from engine.serials import correct, install, lots, packing, parties, ship, state, stock
from engine.serials.build import build_lot, build_units, take_inputs, use_in_units
from engine.serials.epcis.documents import Json
from engine.serials.epcis.names import read
from engine.serials.epcis.resolving import Resolved, place_of, resolve
from engine.serials.events import Links, record_events, write_event
from engine.serials.flags import raise_flag
from engine.serials.models import (
    CONTAINERS,
    Container,
    Event,
    HoldBreach,
    Install,
    Location,
    Lot,
    LotStock,
    Packed,
    Unit,
)
from engine.serials.packed import Inside, contents_of
from engine.serials.projection import project_units
from engine.serials.receive import create_units
from engine.serials.record import Effect, How, LotInput, Mark, Recorded, StockPart
from engine.serials.rules import flag_lots
from engine.serials.sets import id_set
from engine.serials.standing import standing
from engine.serials.units import contents, open_hosts, units_by_id

CUSTODY = {"consignee": "at_consignee", "third_party": "at_third_party", "transit": "in_transit"}
LEAVING = ("shipping", "departing", "consigning")
ARRIVING = ("receiving", "arriving", "accepting", "unloading", "storing", "stocking", "dispensing")
Become = Callable[..., Recorded]
BECOMES: Mapping[str, Become] = {
    "lot_split": lots.split_lot,
    "lot_merged": lots.merge_lots,
    "relabelled": lots.relabel_lot,
}
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
    "was_inside_another": "does_not_fit",
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
        return list(dict.fromkeys([*self.units(*self.seen()), *self.inside().units]))

    def seen(self) -> tuple[str, ...]:
        """Return the fields that name what an event is about: seen together, each was there."""
        is_seen = self.body.get("action") == "OBSERVE"
        return ("epcList", "parentID", "childEPCs") if is_seen else ("epcList",)

    def inside(self) -> Inside:
        """Return what lies in the cases and pallets that an event is about."""
        return contents_of(self.db, self.containers(*self.seen()))

    def containers(self, *fields: str) -> list[int]:
        """Return the cases and pallets that are named in these fields and known."""
        known = self.known.containers
        return [known[uri] for uri in self.uris(*fields) if uri in known]

    def uris(self, *fields: str) -> list[str]:
        """Return the EPCs of these fields."""
        said = [self.body.get(name, []) for name in fields]
        return [uri for one in said for uri in ([one] if isinstance(one, str) else one)]

    def record(self, event: Event) -> None:
        """Keep the first event made of this one: it has the flags, the others go on from it."""
        self.taken.event = self.taken.event or event
        self.how["marks"] = ()

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
    _forget_never_made(case)
    _flag_unknown(case)
    _record_missing(case)
    taker = TAKERS.get(str(body["type"]), _observe)
    try:
        with db.begin_nested():
            taker(case)
    except EngineError as refused:
        # what is recorded here says that it cannot be so: kept, and looked at by a person
        case.taken.event = None
        case.taken.flag("does_not_fit", said=refused)
        _observe(case)
    _flag_breaches(case)
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
    if _brings(case.body):
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


def _transact(case: _Case) -> None:
    """Record what became of the goods of an order or a despatch: they may have left under it."""
    is_leaving = str(case.body.get("bizStep", "")) in LEAVING
    (_leave if is_leaving and case.body.get("action") != "DELETE" else _observe)(case)


def _aggregate(case: _Case) -> None:
    uri = str(case.body.get("parentID", ""))
    parent = case.known.units.get(uri)
    children = case.units("childEPCs")
    if case.body.get("action") == "OBSERVE" and str(case.body.get("bizStep", "")) in LEAVING:
        _leave(case)
    elif uri and case.known.names[uri].sscc and case.body.get("action") != "OBSERVE":
        _pack(case, uri, children)
    elif parent is None or not children or case.body.get("action") == "OBSERVE":
        _observe(case)
    elif case.body.get("action") == "ADD":
        children = _taken_out(case, children, [parent]) or children
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
            _observe(case)
        else:
            case.taken.event = install.remove_units(case.db, inside, **case.how).event


def _pack(case: _Case, uri: str, units: Sequence[int]) -> None:
    """Record goods put into a case or onto a pallet, or taken out again."""
    containers = case.containers("childEPCs")
    known = case.known.containers.get(uri)
    if case.body["action"] == "ADD":
        kind = "pallet" if containers else "case"
        if case.body.get("holdfast:container") in CONTAINERS:
            kind = str(case.body["holdfast:container"])
        if known is not None:
            kind = case.db.get_one(Container, known).kind
        parts = _stock(case, "childQuantityList")
        load = packing.Load(units=units, stock_parts=parts, containers=containers)
        place_id = case.place.id if case.place else None
        sscc = case.known.names[uri].sscc or ""
        recorded = packing.pack(case.db, sscc, kind, load, location_id=place_id, **case.how)
        case.taken.event = recorded.event
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
        case.taken.event = recorded.event
    else:
        _observe(case)


def _packed_lots(case: _Case, container_id: int) -> list[int]:
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


def _transform(case: _Case) -> None:
    """Record what was made of what: nothing that went in is lost for the trace.

    Where the place is not known, it is where the inputs were. Units that were recorded before get
    their input lots; which unit each part went into is often not said: see `_fit_in_each`.
    """
    known, both = _outputs(case)
    children = [one for one in dict.fromkeys(case.units("inputEPCList")) if one not in both]
    wanted = [uri for uri in case.uris("outputEPCList") if uri in case.known.parts]
    new = [uri for uri in dict.fromkeys(wanted) if uri not in case.known.units]
    lots = [
        (uri, quantity)
        for uri, quantity in case.quantities("outputQuantityList")
        if uri in case.known.parts and read(uri).kind == "lot"
    ]
    if not lots:
        known, both = [*known, *both], []  # they took up what else went in
    place_id = _somewhere(case)
    if place_id is None or not (new or known or lots):
        _observe(case)
        return
    if children and len(new) + len(known) != 1:
        case.taken.flag("inputs_not_placed", count=len(children))
    if not (new or known or children) and _become(case, both, lots):
        return
    inputs = _inputs(case, place_id)
    children = _taken_out(case, children, known)
    hosts = list(known)
    for part_id in dict.fromkeys(case.known.parts[uri] for uri in new):
        ones = [uri for uri in new if case.known.parts[uri] == part_id]
        recorded = build_units(
            case.db,
            part_id,
            [_serial(uri) for uri in ones],
            location_id=place_id,
            inputs=inputs,
            lot_id=_lot_of(case, part_id, ones[0]),
            usability="unknown",
            reported=True,
            **case.how,
        )
        case.record(recorded.event)
        hosts += recorded.unit_ids
        inputs = _used_up(inputs)
    if known and inputs:
        _use_in(case, known, inputs, place_id)
        inputs = _used_up(inputs)
    if not hosts:
        inputs = [*inputs, *_nodes_of(case, children)]
    made = _make_lots(case, lots, inputs, place_id)
    if both and made:
        _use_in(case, both, [LotInput(one) for one in made], place_id)
    _fit_in_each(case, children, hosts)
    if case.taken.event is None:
        _observe(case)


def _outputs(case: _Case) -> tuple[list[int], list[int]]:
    """Return the known units that came out, and those that went in and came out again."""
    went_in, came_out = case.units("inputEPCList"), dict.fromkeys(case.units("outputEPCList"))
    return (
        [one for one in came_out if one not in went_in],
        [one for one in came_out if one in went_in],
    )


def _become(case: _Case, units: Sequence[int], made: Sequence[tuple[str, Decimal | None]]) -> bool:
    """Record a split, a merge or a relabelling as one, when it is no more than that."""
    said = case.quantities("inputQuantityList")
    total = sum((quantity or Decimal(0) for _, quantity in said), Decimal(0))
    parts = {case.known.parts.get(uri) for uri, _ in said}
    if len(made) != 1 or not all(uri in case.known.lots for uri, _ in said):
        return False
    [(uri, quantity)] = made
    is_new = uri not in case.known.lots and parts == {case.known.parts[uri]}
    if not is_new or total != (quantity or Decimal(0)):
        return False
    kind = case.body.get("holdfast:type") or ("lot_split" if len(said) == 1 else "lot_merged")
    try:
        with case.db.begin_nested():
            become: Become = BECOMES.get(str(kind), lots.split_lot)
            recorded = become(
                case.db,
                read(uri).lot_no or "",
                units=units,
                stock_parts=_stock(case, "inputQuantityList"),
                reported=True,
                **case.how,
            )
    except EngineError:
        return False  # a released unit keeps its lot: told as a lot made of lots
    case.record(recorded.event)
    return True


def _make_lots(
    case: _Case,
    said: Sequence[tuple[str, Decimal | None]],
    inputs: Sequence[LotInput],
    place_id: int,
) -> list[int]:
    """Record quantities of lots that were made; return the lots."""
    made = []
    for uri, quantity in said:
        lot = _lot(case, uri)
        recorded = build_lot(
            case.db,
            lot.id,
            quantity or Decimal(0),
            location_id=place_id,
            inputs=inputs,
            usability="unknown",
            reported=True,
            **case.how,
        )
        case.record(recorded.event)
        inputs = _used_up(inputs)
        made.append(lot.id)
    return made


def _use_in(case: _Case, units: Sequence[int], inputs: Sequence[LotInput], place_id: int) -> None:
    """Record lots that went into units which were recorded before."""
    links = Links().add(units_by_id(case.db, units, lock=True), Effect())
    links.about([one.lot_id for one in inputs], "input")
    event = write_event(
        case.db, "input_added", links, location_id=place_id, payload=_payload(case), **case.how
    )
    use_in_units(case.db, event, units, _used_up(inputs))
    take_inputs(case.db, event, inputs, location_id=place_id, reported=True)
    flag_lots(case.db, event, inputs)
    _finish(case, event, links)


def _used_up(inputs: Iterable[LotInput]) -> list[LotInput]:
    """Return the same lots without their quantity, which is taken from stock once."""
    return [LotInput(one.lot_id) for one in inputs]


def _taken_out(case: _Case, children: Sequence[int], hosts: Sequence[int]) -> list[int]:
    """Return the parts that are free to go in; what is in something else comes out of it first."""
    there = open_hosts(case.db, children)
    elsewhere = [one for one, host in there.items() if host not in hosts]
    if elsewhere:
        case.taken.flag("was_inside_another", count=len(elsewhere))
        case.record(install.remove_units(case.db, elsewhere, **case.how).event)
    return [one for one in children if one not in there or one in elsewhere]


def _fit_in_each(case: _Case, children: Sequence[int], hosts: Sequence[int]) -> None:
    """Put parts into what was made; where it is not said which, into each in turn.

    A part can be in one unit only. So that a trace of it finds every unit that may hold it, it is
    recorded as having been in all of them, and as being in the last: flagged as not said.
    """
    for number, host in enumerate(hosts if children else ()):
        if number:
            case.record(install.remove_units(case.db, children, **case.how).event)
        fittings = [install.Fitting(one, host) for one in children]
        case.record(install.install_units(case.db, fittings, reported=True, **case.how).event)


def _nodes_of(case: _Case, units: Sequence[int]) -> list[LotInput]:
    """Return the lots and runs of units that went into a lot, which holds no units."""
    rows = case.db.execute(
        select(Unit.lot_id, Unit.seg_id).where(Unit.id.in_(id_set(case.db, units)))
    )
    return [LotInput(one) for one in sorted({node for row in rows for node in row if node})]


def _somewhere(case: _Case) -> int | None:
    """Return where it happened: as said, else where what went in was, else any place: flagged."""
    if case.place is not None:
        return case.place.id
    case.taken.flag("place_unknown")
    units = id_set(case.db, case.units("inputEPCList", "outputEPCList"))
    stock_of = id_set(case.db, case.known.lots.values())
    asked = (
        select(Unit.location_id).where(Unit.id.in_(units), Unit.location_id.is_not(None)),
        select(LotStock.location_id).where(LotStock.lot_id.in_(stock_of)),
        select(Location.id).order_by(Location.id),
    )
    found = (case.db.scalar(one.limit(1)) for one in asked)
    return next((one for one in found if one is not None), None)


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
    known = [one for one in case.units(units) if one not in links.units]
    if known:
        case.taken.flag("commissioned_again", count=len(known))
        links.add(known, Effect())
    event = write_event(
        case.db, "received", links, location_id=effect.location_id, payload=_payload(case),
        **case.how,
    )  # fmt: skip
    stock.post(case.db, event, posted)
    _finish(case, event, links)


def _leave(case: _Case) -> None:
    """Record that goods left; what breaks a hold becomes a breach, as with any report."""
    units, parts = case.goods(), _seen_stock(case)
    to = _destination(case)
    known = {**case.known.units, **case.known.containers}
    unknown = [uri for uri in case.uris(*case.seen()) if uri not in known]
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
    taken = stock.take(case.db, _seen_stock(case), reported=True) if arrived else []
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
    "TransactionEvent": _transact,
}


# --- their parts -----------------------------------------------------------------------------


def _finish(case: _Case, event: Event, links: Links) -> None:
    case.db.flush()
    project_units(case.db, links.units)
    record_events(case.db, [event], by=case.how["by"], at=case.how["at"])
    case.record(event)


def _payload(case: _Case) -> Json:
    said = {name: case.body[name] for name in ("bizStep", "disposition") if name in case.body}
    return {"epcis": {"type": case.body["type"], **said}}


def _brings(body: Mapping[str, Any]) -> bool:
    """Say whether goods come to be by an event: commissioned, or received by another of us."""
    is_new = body.get("action") == "ADD" or body.get("holdfast:type") == "received"
    return body["type"] == "ObjectEvent" and is_new


def _forget_never_made(case: _Case) -> None:
    """Take units that never came to be for new, where an event says that they are made or went in.

    They then come to be under their own rows.
    """
    makes = ("epcList",) if _brings(case.body) else ()
    uris = [*case.uris(*makes, "outputEPCList"), *_went_in(case)]
    there = {uri: case.known.units[uri] for uri in uris if uri in case.known.units}
    stand = standing(case.db, id_set(case.db, there.values()))
    for uri, unit_id in there.items():
        if unit_id not in stand:
            del case.known.units[uri]


def _went_in(case: _Case) -> list[str]:
    """Return the names of what went into something, or had something put into it."""
    parents = [str(case.body["parentID"])] if case.body.get("parentID") else []
    named = {"TransformationEvent": case.uris("inputEPCList")}
    named["AssociationEvent"] = [*parents, *case.uris("childEPCs")]
    return named.get(str(case.body["type"]), [])


def _record_missing(case: _Case) -> None:
    """Record units of ours that went into something and were never recorded: flagged already.

    Without them the trace would not know what they went into.
    """
    uris = [
        uri
        for uri in dict.fromkeys(_went_in(case))
        if uri in case.known.parts
        and case.known.names[uri].kind == "unit"
        and uri not in case.known.units
    ]
    if not uris:
        return
    effect = Effect(_custody(case.place), "unknown", case.place.id if case.place else None)
    links = Links()
    for uri in uris:
        part_id = case.known.parts[uri]
        made = create_units(case.db, part_id, [_serial(uri)], effect=effect)
        case.known.units[uri] = made[0]
        links.add(made, effect)
    how: How = {**case.how, "marks": ()}
    event = write_event(
        case.db, "received", links, location_id=effect.location_id, payload=_payload(case), **how
    )
    case.db.flush()
    project_units(case.db, links.units)
    record_events(case.db, [event], by=case.how["by"], at=case.how["at"])


def _flag_unknown(case: _Case) -> None:
    makes = _brings(case.body)
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


def _flag_breaches(case: _Case) -> None:
    """Say beside the event that it broke a hold; quality has its task by then."""
    if case.taken.event is None:
        return
    of_event = HoldBreach.event_id == case.taken.event.id
    if count := case.db.scalar(select(func.count(HoldBreach.id)).where(of_event)):
        case.taken.flag("hold_breach", count=count)


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


def _inputs(case: _Case, place_id: int) -> list[LotInput]:
    """Return the lots that went in; one of a part of ours that nobody recorded yet is recorded."""
    return [
        LotInput(_lot(case, uri).id, quantity, place_id)
        for uri, quantity in case.quantities("inputQuantityList")
        if uri in case.known.parts and read(uri).kind == "lot"
    ]


def _seen_stock(case: _Case) -> list[StockPart]:
    """Return where the quantities are that an event is about, those seen in a parent too."""
    parts = _stock(case)
    if case.body.get("action") != "OBSERVE" or case.inside().stock:
        return parts  # what lies in the parent is known already
    return [*parts, *_stock(case, "childQuantityList")]


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
