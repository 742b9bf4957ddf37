"""What was recorded here, told as EPCIS events (CBV 2.0 words), for whoever asks.

The three axes have no words in CBV: custody and usability are ours (`holdfast:`), what a recall or
a quarantine holds is `persistentDisposition` recalled, set when held and unset when released.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.serials.dictionary.seeing import payload_shown
from engine.serials.epcis import names
from engine.serials.epcis.documents import Json, moment
from engine.serials.identifiers import gs1, own
from engine.serials.models import (
    Container,
    Event,
    EventLink,
    EventNode,
    Install,
    Location,
    Lot,
    Packed,
    Part,
    Party,
    Shipment,
    StockPosting,
    Unit,
)
from engine.serials.sets import id_set
from engine.serials.vocabulary import KINDS

# UN/ECE recommendation 20, which EPCIS writes units of measure in; pieces go without one
UOM = {"kg": "KGM", "g": "GRM", "l": "LTR", "ml": "MLT", "m": "MTR", "cm": "CMT", "mm": "MMT"}
MADE = ("built", "kitted", "lot_split", "lot_merged")
# the same goods under another lot number: they go in and come out
BECOME = ("lot_split", "lot_merged", "relabelled")
HELD = {"hold_placed": "set", "hold_released": "unset"}
# what CBV writes in place of the words of our vocabulary that are ours alone
ACTIONS = {"destroyed": "DELETE", "never_existed": "DELETE"}
SKIPPED = ("stock_split", "import_rolled_back", "ordered")


@dataclass
class _Told:
    """Everything that the events to be told name, read in one go."""

    site: str
    units: Mapping[int, tuple[Unit, Part, str]] = field(default_factory=dict)
    lots: Mapping[int, tuple[Lot, Part, str]] = field(default_factory=dict)
    places: Mapping[int, tuple[Location, Party]] = field(default_factory=dict)
    links: Mapping[int, Sequence[EventLink]] = field(default_factory=dict)
    nodes: Mapping[int, Sequence[EventNode]] = field(default_factory=dict)
    postings: Mapping[int, Sequence[StockPosting]] = field(default_factory=dict)
    inner: Mapping[int, Sequence[str]] = field(default_factory=dict)  # SSCCs by event
    packed: Mapping[int, Mapping[int, Any]] = field(default_factory=dict)  # of lots, by event
    fitted: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)  # host, child
    taken_out: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)
    covered: Mapping[int, Sequence[int]] = field(default_factory=dict)  # units of held lots, runs
    shipments: Mapping[int, Shipment] = field(default_factory=dict)


def bodies_of(db: Session, events: Sequence[Event]) -> list[tuple[Event, Json]]:
    """Return the EPCIS events that tell of these, in order; one may need several, or none."""
    originals = {
        one.id: one
        for one in db.scalars(
            select(Event).where(
                Event.id.in_(id_set(db, [e.corrects_id for e in events if e.corrects_id]))
            )
        )
    }
    told = _read(db, [*events, *originals.values()])
    found: list[tuple[Event, Json]] = []
    for event in events:
        if event.corrects_id is not None and event.corrects_id in originals:
            original = originals[event.corrects_id]
            found += [(event, _declared(body, event)) for body in _bodies(told, original)]
        if event.type != "did_not_occur":
            found += [(event, body) for body in _bodies(told, event)]
    return found


def unit_uri(site: str, unit: Unit, part: Part, maker: str) -> str:
    """Return the EPC of a unit."""
    if part.issuer == "gs1" and part.di and gs1.is_allowed("21", unit.serial):
        return names.link_of(part.di, serial=unit.serial)
    return own.link(own.Own(site, maker, part.part_no, None, unit.serial))


def lot_uri(site: str, lot: Lot, part: Part, maker: str) -> str:
    """Return the EPC class of a lot."""
    if part.issuer == "gs1" and part.di and gs1.is_allowed("10", lot.lot_no):
        return names.link_of(part.di, lot_no=lot.lot_no)
    return own.link(own.Own(site, maker, part.part_no, lot.lot_no))


def place_uri(site: str, location: Location) -> str:
    """Return the id of a place: ours, for a party has one GLN and many places."""
    return own.link(own.Own(site, location=location.code))


def document_uri(site: str, number: str) -> str:
    """Return the id of a document by its number."""
    return f"{site}/document/{quote(number, safe='')}"


# --- one event -------------------------------------------------------------------------------


def _bodies(told: _Told, event: Event) -> list[Json]:
    if event.type in SKIPPED:
        return []
    if event.type in ("installed", "removed"):
        return _associated(told, event)
    if event.type in ("packed", "unpacked"):
        return [_packed(told, event)]
    if event.type in MADE or any(one.role == "input" for one in told.nodes.get(event.id, ())):
        bodies = [_transformed(told, event)]
    else:
        bodies = [_object(told, event)]
    # which part is in which of several, or what was exchanged at a service: told one by one
    return [*bodies, *([] if _is_said_at_once(told, event) else _fittings(told, event))]


def _is_said_at_once(told: _Told, event: Event) -> bool:
    """Say whether one unit was made, and all parts went into it."""
    return (
        event.type in MADE
        and sum(one.role == "subject" for one in told.links.get(event.id, ())) == 1
    )


def _common(told: _Told, event: Event, type: str, *, part: str = "") -> Json:
    kind = KINDS[event.type]
    uuid: UUID = uuid5(event.uuid, part) if part else event.uuid
    offset = "+00:00"
    body: Json = {
        "type": type,
        "eventID": f"urn:uuid:{uuid}",
        "eventTime": moment(event.event_at),
        "eventTimeZoneOffset": offset,
        "recordTime": moment(event.recorded_at),
    }
    body["bizStep"] = event.biz_step or kind.biz_step or "other"
    if event.disposition or kind.disposition:
        body["disposition"] = event.disposition or kind.disposition
    if event.location_id is not None and event.location_id in told.places:
        place = {"id": place_uri(told.site, told.places[event.location_id][0])}
        body["readPoint"] = place
        if event.type not in ("shipped", "shipment_reported", "sent_out"):
            body["bizLocation"] = place
    if documents := _details(event).get("documents"):
        body["bizTransactionList"] = [
            {"bizTransaction": document_uri(told.site, str(one))} for one in documents
        ]
    body["holdfast:type"] = event.type
    return body


def _details(event: Event) -> Json:
    """Return what an event says in detail; what is hidden from any role here never leaves."""
    return payload_shown(event.payload, None)


def _object(told: _Told, event: Event) -> Json:
    body = _common(told, event, "ObjectEvent")
    links = told.links.get(event.id, ())
    body["action"] = ACTIONS.get(event.type, "OBSERVE")
    units = [one.unit_id for one in links if one.role != "carried"]
    body["epcList"] = _epcs(told, [*units, *told.covered.get(event.id, ())])
    quantities = _quantities(told, event)
    if quantities:
        body["quantityList"] = quantities
    if event.type in HELD:
        body["persistentDisposition"] = {HELD[event.type]: ["recalled"]}
        body.pop("disposition", None)
    if event.type in ("shipped", "shipment_reported"):
        body |= _sent(told, event, body)
    if event.type == "received" and (lot := _ilmd(told, units, ()).get("cbvmda:lotNumber")):
        body["holdfast:lotNumber"] = lot  # master data of goods stands only where they are made
    axes = {(one.custody, one.usability) for one in links if one.custody or one.usability}
    if len(axes) == 1:
        said = zip(("custody", "usability"), next(iter(axes)), strict=True)
        body |= {f"holdfast:{name}": value for name, value in said if value}
    return body


def _sent(told: _Told, event: Event, body: Json) -> Json:
    found: Json = {}
    shipment = told.shipments.get(event.id)
    if event.location_id is not None and event.location_id in told.places:
        location, party = told.places[event.location_id]
        goes = [{"type": "location", "destination": place_uri(told.site, location)}]
        if party.gln:
            goes.append({"type": "owning_party", "destination": names.party_link(party.gln)})
        found["destinationList"] = goes
        body.pop("readPoint", None)
    if shipment is not None and shipment.document_no:
        note = document_uri(told.site, shipment.document_no)
        found["bizTransactionList"] = [
            *body.get("bizTransactionList", []),
            {"type": "desadv", "bizTransaction": note},
        ]
    return found


def _transformed(told: _Told, event: Event) -> Json:
    nodes = told.nodes.get(event.id, ())
    inputs = [one.node_id for one in nodes if one.role == "input" and one.node_id in told.lots]
    outputs = [one.node_id for one in nodes if one.role != "input" and one.node_id in told.lots]
    made = [one.unit_id for one in told.links.get(event.id, ()) if one.role == "subject"]
    made += told.covered.get(event.id, ())
    children = [one.unit_id for one in told.links.get(event.id, ()) if one.role == "child"]
    is_same = event.type in BECOME
    if is_same:
        children = made
    elif not _is_said_at_once(told, event):
        children = []
    moved = _by_lot(told, event)
    if not inputs and not children:
        body = _common(told, event, "ObjectEvent")
        body |= {"action": "ADD", "epcList": _epcs(told, made)}
        if not made:
            body["quantityList"] = [_quantity(told, lot, moved.get(lot)) for lot in outputs]
    else:
        body = _common(told, event, "TransformationEvent")
        body["inputEPCList"] = _epcs(told, children)
        body["inputQuantityList"] = [
            _quantity(told, lot, abs(moved[lot]) if moved.get(lot) else None) for lot in inputs
        ]
        body["outputEPCList"] = _epcs(told, made)
        body["outputQuantityList"] = (
            []
            if made and not is_same
            else [_quantity(told, lot, moved.get(lot)) for lot in outputs]
        )
        body = {name: value for name, value in body.items() if value != []}
        if order := _details(event).get("work_order"):
            body["bizTransactionList"] = [
                {"type": "prodorder", "bizTransaction": document_uri(told.site, order)}
            ]
    if ilmd := _ilmd(told, made, outputs):
        body["ilmd"] = ilmd
    return body


def _associated(told: _Told, event: Event) -> list[Json]:
    """Return one event per host: an association has one parent."""
    if found := _fittings(told, event):
        return found
    # a removal that was withdrawn: nothing is outside by it any more, it is told all the same
    links = told.links.get(event.id, ())
    fittings = _details(event).get("fittings") or [
        [child.unit_id, host.unit_id, None]
        for host in [one for one in links if one.role == "host"][:1]
        for child in links
        if child.role == "child"
    ]
    by_host: dict[int, list[int]] = defaultdict(list)
    for child, host, _ in fittings:
        if host in told.units and child in told.units:
            by_host[host].append(child)
    is_one = len(by_host) == 1
    action = "ADD" if event.type == "installed" else "DELETE"
    return [
        _association(told, event, host, children, action, part="" if is_one else str(host))
        for host, children in sorted(by_host.items())
    ]


def _fittings(told: _Told, event: Event) -> list[Json]:
    """Return what an event took out and put in, one event per host."""
    found = []
    for action, pairs in (("DELETE", told.taken_out), ("ADD", told.fitted)):
        by_host: dict[int, list[int]] = defaultdict(list)
        for host, child in pairs.get(event.id, ()):
            by_host[host].append(child)
        is_all = event.type in ("installed", "removed") and len(by_host) == 1
        for host, children in sorted(by_host.items()):
            part = "" if is_all else f"{action} {host}"
            found.append(_association(told, event, host, children, action, part=part))
    return found


def _association(
    told: _Told, event: Event, host: int, children: Sequence[int], action: str, *, part: str
) -> Json:
    body = _common(told, event, "AssociationEvent", part=part)
    body["parentID"] = _epcs(told, [host])[0]
    body["childEPCs"] = _epcs(told, children)
    body["action"] = action
    return body


def _packed(told: _Told, event: Event) -> Json:
    body = _common(told, event, "AggregationEvent")
    sscc = _details(event).get("sscc")
    if sscc:
        body["parentID"] = names.container_link(str(sscc))
    links = told.links.get(event.id, ())
    body["childEPCs"] = [
        *_epcs(told, [one.unit_id for one in links if one.role != "carried"]),
        *(names.container_link(sscc) for sscc in told.inner.get(event.id, ())),
    ]
    body["childQuantityList"] = [
        _quantity(told, lot, quantity) for lot, quantity in told.packed.get(event.id, {}).items()
    ]
    if kind := event.payload.get("kind"):
        body["holdfast:container"] = kind
    body["action"] = "ADD" if event.type == "packed" else "DELETE"
    return {name: value for name, value in body.items() if value != []}


def _declared(body: Json, correction: Event) -> Json:
    """Return the error declaration of an event: itself once more, under its own id."""
    declared: Json = {"declarationTime": moment(correction.recorded_at)}
    if correction.type == "did_not_occur":
        declared["reason"] = "did_not_occur"
    else:
        declared |= {
            "reason": "incorrect_data",
            "correctiveEventIDs": [f"urn:uuid:{correction.uuid}"],
        }
    if correction.reason:
        declared["holdfast:reason"] = correction.reason
    return {**body, "recordTime": moment(correction.recorded_at), "errorDeclaration": declared}


# --- their parts -----------------------------------------------------------------------------


def _epcs(told: _Told, unit_ids: Iterable[int]) -> list[str]:
    return [unit_uri(told.site, *told.units[one]) for one in unit_ids if one in told.units]


def _by_lot(told: _Told, event: Event) -> dict[int, Any]:
    """Return how much of each lot came to lie somewhere (or, with nothing gained, left)."""
    gained: dict[int, Any] = {}
    for row in told.postings.get(event.id, ()):
        if row.quantity > 0:
            gained[row.lot_id] = gained.get(row.lot_id, 0) + row.quantity
    for row in told.postings.get(event.id, ()):
        if row.lot_id not in gained:
            gained[row.lot_id] = row.quantity
    return gained


def _quantities(told: _Told, event: Event) -> list[Json]:
    moved = _by_lot(told, event)
    lots = [one.node_id for one in told.nodes.get(event.id, ()) if one.node_id in told.lots]
    named = [one for one in lots if one in moved or not told.links.get(event.id)]
    return [_quantity(told, lot, moved.get(lot)) for lot in dict.fromkeys([*named, *moved])]


def _quantity(told: _Told, lot_id: int, quantity: Any) -> Json:
    lot, part, maker = told.lots[lot_id]
    found: Json = {"epcClass": lot_uri(told.site, lot, part, maker)}
    if quantity is not None:
        number = abs(quantity)
        found["quantity"] = int(number) if number == int(number) else float(number)
        if part.uom in UOM:
            found["uom"] = UOM[part.uom]
    return found


def _ilmd(told: _Told, unit_ids: Sequence[int], lot_ids: Sequence[int]) -> Json:
    lots = {told.units[one][0].lot_id for one in unit_ids if one in told.units} | set(lot_ids)
    known = [told.lots[one][0] for one in lots if one is not None and one in told.lots]
    if len(known) != 1 or known[0].is_unknown:
        return {}
    [lot] = known
    found: Json = {"cbvmda:lotNumber": lot.lot_no}
    if lot.expires_on:
        found["cbvmda:itemExpirationDate"] = lot.expires_on.isoformat()
    return found


# --- reading ---------------------------------------------------------------------------------


def _read(db: Session, events: Sequence[Event]) -> _Told:
    ids = [one.id for one in events]
    chosen = id_set(db, ids)
    links = _grouped(db.scalars(select(EventLink).where(EventLink.event_id.in_(chosen))))
    nodes = _grouped(db.scalars(select(EventNode).where(EventNode.event_id.in_(chosen))))
    postings = _grouped(
        db.scalars(
            select(StockPosting).where(StockPosting.event_id.in_(chosen)).order_by(StockPosting.id)
        )
    )
    covered = _covered(db, events, nodes)
    unit_ids = {one.unit_id for rows in links.values() for one in rows}
    unit_ids |= {one for ids in covered.values() for one in ids}
    installs = db.scalars(
        select(Install)
        .where(Install.from_event_id.in_(chosen) | Install.to_event_id.in_(chosen))
        .order_by(Install.id)
    ).all()
    unit_ids |= {one for row in installs for one in (row.host_id, row.child_id)}
    units = {
        row[0].id: (row[0], row[1], row[2])
        for row in db.execute(
            select(Unit, Part, Party.code)
            .join(Part, Part.id == Unit.part_id)
            .join(Party, Party.id == Part.manufacturer_id)
            .where(Unit.id.in_(id_set(db, unit_ids)))
        )
    }
    node_ids = {one.node_id for rows in nodes.values() for one in rows}
    packed = _packed_lots(db, ids)
    node_ids |= {lot for quantities in packed.values() for lot in quantities}
    node_ids |= {one.lot_id for rows in postings.values() for one in rows}
    node_ids |= {unit.lot_id for unit, _, _ in units.values() if unit.lot_id}
    lots = {
        row[0].id: (row[0], row[1], row[2])
        for row in db.execute(
            select(Lot, Part, Party.code)
            .join(Part, Part.id == Lot.part_id)
            .join(Party, Party.id == Part.manufacturer_id)
            .where(Lot.id.in_(id_set(db, node_ids)))
        )
    }
    place_ids = {one.location_id for one in events if one.location_id}
    places = {
        row[0].id: (row[0], row[1])
        for row in db.execute(
            select(Location, Party)
            .join(Party, Party.id == Location.party_id)
            .where(Location.id.in_(id_set(db, place_ids)))
        )
    }
    shipments = {
        one.event_id: one
        for one in db.scalars(select(Shipment).where(Shipment.event_id.in_(chosen)))
    }
    return _Told(
        site=str(db.info["site_url"]),
        units=units,
        lots=lots,
        places=places,
        links=links,
        nodes=nodes,
        postings=postings,
        inner=_inner(db, ids),
        packed=packed,
        fitted=_pairs((row.from_event_id, row) for row in installs),
        taken_out=_pairs((row.to_event_id, row) for row in installs),
        covered=covered,
        shipments=shipments,
    )


def _covered(
    db: Session, events: Sequence[Event], nodes: Mapping[int, Sequence[EventNode]]
) -> dict[int, list[int]]:
    """Return the units of the lots and runs that a hold or a later input names: all are told."""
    held = {
        one.id: [row.node_id for row in nodes.get(one.id, ()) if row.role != "input"]
        for one in events
        if one.type in HELD or one.type == "input_added"
    }
    wanted = id_set(db, [node for ids in held.values() for node in ids])
    units = db.execute(
        select(Unit.id, Unit.lot_id, Unit.seg_id)
        .where(Unit.lot_id.in_(wanted) | Unit.seg_id.in_(wanted))
        .order_by(Unit.id)
    ).all()
    return {
        event_id: [row[0] for row in units if row[1] in ids or row[2] in ids]
        for event_id, ids in held.items()
    }


def _inner(db: Session, event_ids: Sequence[int]) -> dict[int, list[str]]:
    chosen = id_set(db, event_ids)
    rows = db.execute(
        select(Packed.from_event_id, Packed.to_event_id, Container.sscc)
        .join(Container, Container.id == Packed.inner_id)
        .where(Packed.from_event_id.in_(chosen) | Packed.to_event_id.in_(chosen))
    )
    found: dict[int, list[str]] = defaultdict(list)
    for packed, unpacked, sscc in rows:
        for event_id in event_ids:
            if event_id in (packed, unpacked):
                found[event_id].append(sscc)
    return found


def _packed_lots(db: Session, event_ids: Sequence[int]) -> dict[int, dict[int, Any]]:
    """Return how much of each lot an event packed or took out: what the tranche was by then."""
    found: dict[int, dict[int, Any]] = defaultdict(dict)
    for moment_of in (Packed.from_event_id, Packed.to_event_id):
        rows = db.execute(
            select(moment_of, Packed.lot_id, func.sum(StockPosting.quantity))
            .join(
                StockPosting,
                (StockPosting.lot_id == Packed.lot_id)
                & (StockPosting.tranche_id == Packed.tranche_id)
                & (StockPosting.event_id <= moment_of),
            )
            .where(moment_of.in_(id_set(db, event_ids)))
            .group_by(moment_of, Packed.lot_id)
        )
        for event_id, lot_id, quantity in rows:
            if event_id is not None and lot_id is not None:
                found[event_id][lot_id] = quantity
    return found


def _pairs(rows: Iterable[tuple[int | None, Install]]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for event_id, row in rows:
        if event_id is not None:
            found[event_id].append((row.host_id, row.child_id))
    return found


def _grouped(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.event_id].append(row)
    return found
