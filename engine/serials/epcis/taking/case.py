"""One event while it is taken over: what it names, what is known of it, what came of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.serials.epcis.documents import Json
from engine.serials.epcis.names import read
from engine.serials.epcis.resolving import Resolved, place_of
from engine.serials.events import Links, record_events
from engine.serials.models import Event, Location
from engine.serials.packed import Inside, contents_of
from engine.serials.projection import project_units
from engine.serials.record import How, Mark

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
    "was_inside_another": "does_not_fit",
}
NAMED = 50  # flags of one kind on one event that name their goods

Asks = Callable[[str], None]  # raises `NotAllowed` for an action


@dataclass
class Taken:
    """What came of one event: the records made of it, the first apart, and what did not fit."""

    event: Event | None = None
    made: list[Event] = field(default_factory=list)
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
class Case:
    """One event on its way in, with what of it is known here."""

    db: Session
    body: Json
    how: How
    known: Resolved
    place: Location | None
    taken: Taken
    asks: Asks  # whether whoever tells it may do what it says

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
        """Keep an event made of this one: the first has the flags, the others go on from it."""
        self.taken.event = self.taken.event or event
        self.taken.made.append(event)
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


def brings(body: Mapping[str, Any]) -> bool:
    """Say whether goods come to be by an event: commissioned, or received by another of us."""
    is_new = body.get("action") == "ADD" or body.get("holdfast:type") == "received"
    return body["type"] == "ObjectEvent" and is_new


def went_in(case: Case) -> list[str]:
    """Return the names of what went into something, or had something put into it."""
    parents = [str(case.body["parentID"])] if case.body.get("parentID") else []
    named = {"TransformationEvent": case.uris("inputEPCList")}
    named["AssociationEvent"] = [*parents, *case.uris("childEPCs")]
    return named.get(str(case.body["type"]), [])


def payload_of(case: Case) -> Json:
    """Return what of an event goes into the record of it."""
    said = {name: case.body[name] for name in ("bizStep", "disposition") if name in case.body}
    return {"epcis": {"type": case.body["type"], **said}}


def finish(case: Case, event: Event, links: Links) -> None:
    """End what an event of its own recorded, as every command ends."""
    case.db.flush()
    project_units(case.db, links.units)
    record_events(case.db, [event], by=case.how["by"], at=case.how["at"])
    case.record(event)


def place_of_event(db: Session, body: Mapping[str, Any]) -> Location | None:
    """Return the place that an event names, when it is one of those recorded."""
    for name in ("bizLocation", "readPoint"):
        if (uri := body.get(name, {}).get("id")) and (place := place_of(db, str(uri))):
            return place
    return None


def custody_at(place: Location | None) -> str:
    """Return in whose hands something at a place is."""
    return CUSTODY.get(place.kind, "in_house") if place else "unknown"


def document_of(case: Case, kind: str) -> str | None:
    """Return the number of the first document of a kind."""
    for one in case.body.get("bizTransactionList", []):
        if one.get("type") == kind:
            return str(one["bizTransaction"])
    return None


def serial_of(uri: str) -> str:
    """Return the serial number that a name holds."""
    return read(uri).serial or ""
