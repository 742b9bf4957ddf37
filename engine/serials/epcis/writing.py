"""What was recorded here, told as EPCIS events (CBV 2.0 words), for whoever asks.

The three axes have no words in CBV: custody and usability are ours (`holdfast:`), what a recall or
a quarantine holds is `persistentDisposition` recalled, set when held and unset when released.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.dictionary.seeing import payload_shown
from engine.serials.epcis import names
from engine.serials.epcis.documents import Json, moment
from engine.serials.epcis.told import HELD, Told, read
from engine.serials.epcis.uris import (
    document_uri,
    epcs_of,
    ilmd_of,
    moved_by_lot,
    place_uri,
    quantities_of,
    quantity_of,
)
from engine.serials.models import Event
from engine.serials.sets import id_set
from engine.serials.vocabulary import KINDS

MADE = ("built", "kitted", "lot_split", "lot_merged")
# the same goods under another lot number: they go in and come out
BECOME = ("lot_split", "lot_merged", "relabelled")
# what CBV writes in place of the words of our vocabulary that are ours alone
ACTIONS = {"destroyed": "DELETE", "never_existed": "DELETE"}
SKIPPED = ("stock_split", "import_rolled_back", "ordered")


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
    told = read(db, [*events, *originals.values()])
    found: list[tuple[Event, Json]] = []
    for event in events:
        if event.corrects_id is not None and event.corrects_id in originals:
            original = originals[event.corrects_id]
            found += [(event, _declared(body, event)) for body in _bodies(told, original)]
        if event.type != "did_not_occur":
            found += [(event, body) for body in _bodies(told, event)]
    return found


def _bodies(told: Told, event: Event) -> list[Json]:
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


def _is_said_at_once(told: Told, event: Event) -> bool:
    """Say whether one unit was made, and all parts went into it."""
    return (
        event.type in MADE
        and sum(one.role == "subject" for one in told.links.get(event.id, ())) == 1
    )


def _common(told: Told, event: Event, type: str, *, part: str = "") -> Json:
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


def _object(told: Told, event: Event) -> Json:
    body = _common(told, event, "ObjectEvent")
    links = told.links.get(event.id, ())
    body["action"] = ACTIONS.get(event.type, "OBSERVE")
    units = [one.unit_id for one in links if one.role != "carried"]
    body["epcList"] = epcs_of(told, [*units, *told.covered.get(event.id, ())])
    quantities = quantities_of(told, event)
    if quantities:
        body["quantityList"] = quantities
    if event.type in HELD:
        body["persistentDisposition"] = {HELD[event.type]: ["recalled"]}
        body.pop("disposition", None)
    if event.type in ("shipped", "shipment_reported"):
        body |= _sent(told, event, body)
    if event.type == "received" and (lot := ilmd_of(told, units, ()).get("cbvmda:lotNumber")):
        body["holdfast:lotNumber"] = lot  # master data of goods stands only where they are made
    axes = {(one.custody, one.usability) for one in links if one.custody or one.usability}
    if len(axes) == 1:
        said = zip(("custody", "usability"), next(iter(axes)), strict=True)
        body |= {f"holdfast:{name}": value for name, value in said if value}
    return body


def _sent(told: Told, event: Event, body: Json) -> Json:
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


def _transformed(told: Told, event: Event) -> Json:
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
    moved = moved_by_lot(told, event)
    if not inputs and not children:
        body = _common(told, event, "ObjectEvent")
        body |= {"action": "ADD", "epcList": epcs_of(told, made)}
        if not made:
            body["quantityList"] = [quantity_of(told, lot, moved.get(lot)) for lot in outputs]
    else:
        body = _common(told, event, "TransformationEvent")
        body["inputEPCList"] = epcs_of(told, children)
        body["inputQuantityList"] = [
            quantity_of(told, lot, abs(moved[lot]) if moved.get(lot) else None) for lot in inputs
        ]
        body["outputEPCList"] = epcs_of(told, made)
        body["outputQuantityList"] = (
            []
            if made and not is_same
            else [quantity_of(told, lot, moved.get(lot)) for lot in outputs]
        )
        body = {name: value for name, value in body.items() if value != []}
        if order := _details(event).get("work_order"):
            body["bizTransactionList"] = [
                {"type": "prodorder", "bizTransaction": document_uri(told.site, order)}
            ]
    if ilmd := ilmd_of(told, made, outputs):
        body["ilmd"] = ilmd
    return body


def _associated(told: Told, event: Event) -> list[Json]:
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


def _fittings(told: Told, event: Event) -> list[Json]:
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
    told: Told, event: Event, host: int, children: Sequence[int], action: str, *, part: str
) -> Json:
    body = _common(told, event, "AssociationEvent", part=part)
    body["parentID"] = epcs_of(told, [host])[0]
    body["childEPCs"] = epcs_of(told, children)
    body["action"] = action
    return body


def _packed(told: Told, event: Event) -> Json:
    body = _common(told, event, "AggregationEvent")
    sscc = _details(event).get("sscc")
    if sscc:
        body["parentID"] = names.container_link(str(sscc))
    links = told.links.get(event.id, ())
    body["childEPCs"] = [
        *epcs_of(told, [one.unit_id for one in links if one.role != "carried"]),
        *(names.container_link(sscc) for sscc in told.inner.get(event.id, ())),
    ]
    body["childQuantityList"] = [
        quantity_of(told, lot, quantity) for lot, quantity in told.packed.get(event.id, {}).items()
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
