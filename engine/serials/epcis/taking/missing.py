"""What an event names and nobody recorded: flagged, or recorded so that no trace misses it."""

from engine.serials.epcis.taking.case import (
    Case,
    brings,
    custody_at,
    names_in,
    payload_of,
    serial_of,
    went_in,
)
from engine.serials.events import Links, record_events, write_event
from engine.serials.projection import project_units
from engine.serials.receive import create_units
from engine.serials.record import Effect, How
from engine.serials.sets import id_set
from engine.serials.standing import standing


def forget_never_made(case: Case) -> None:
    """Take units that never came to be for new, where an event says that they are made or went in.

    They then come to be under their own rows.
    """
    makes = ("epcList",) if brings(case.body) else ()
    uris = [*case.uris(*makes, "outputEPCList"), *went_in(case)]
    there = {uri: case.known.units[uri] for uri in uris if uri in case.known.units}
    stand = standing(case.db, id_set(case.db, there.values()))
    for uri, unit_id in there.items():
        if unit_id not in stand:
            del case.known.units[uri]


def record_missing(case: Case) -> None:
    """Record units of ours that went into something and were never recorded: flagged already.

    Without them the trace would not know what they went into.
    """
    uris = [
        uri
        for uri in dict.fromkeys(went_in(case))
        if uri in case.known.parts
        and case.known.names[uri].kind == "unit"
        and uri not in case.known.units
    ]
    if not uris:
        return
    effect = Effect(custody_at(case.place), "unknown", case.place.id if case.place else None)
    links = Links()
    for uri in uris:
        part_id = case.known.parts[uri]
        made = create_units(case.db, part_id, [serial_of(uri)], effect=effect)
        case.known.units[uri] = made[0]
        links.add(made, effect)
    how: How = {**case.how, "marks": ()}
    event = write_event(
        case.db, "received", links, location_id=effect.location_id, payload=payload_of(case), **how
    )
    case.db.flush()
    project_units(case.db, links.units)
    record_events(case.db, [event], by=case.how["by"], at=case.how["at"])
    case.taken.made.append(event)


def flag_unknown(case: Case) -> None:
    """Flag names that are not ours, and those of ours that nobody recorded."""
    makes = brings(case.body)
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
