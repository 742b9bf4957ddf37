"""EPCIS documents as JSON-LD: what stands around the events, held against the standard's schema.

`EPCIS-JSON-Schema.json` is GS1's own file (gs1/EPCIS, Apache-2.0), unchanged.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import jsonschema_rs

from engine.errors import Problem
from engine.serials.moments import misdated
from engine.words import N_

FILE = Path(__file__).with_name("EPCIS-JSON-Schema.json")
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
NOT_OF_SCHEMA = N_("EPCIS 2.0 does not allow this at %(place)s: %(said)s")
NO_DOCUMENT = N_("This is no EPCISDocument with an eventList")
TOLD = 20  # of the problems of one document
Json = dict[str, Any]


@cache
def _validator() -> Any:
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def problems_of(document: object) -> list[Problem]:
    """Return what the standard's schema does not allow in a document or in a single event."""
    found = []
    for error in _validator().iter_errors(document):
        for one in _causes(error):
            place = ".".join(str(step) for step in one.instance_path)
            facts = (("place", place or "the top"), ("said", one.message[:300]))
            found.append(Problem(place, NOT_OF_SCHEMA, facts))
        if len(found) >= TOLD:
            break
    return found[:TOLD]


def problems_around(document: object) -> list[Problem]:
    """Return what is wrong around the events of a document, and not in one of them."""
    body = document.get("epcisBody") if isinstance(document, dict) else None
    listed = body.get("eventList") if isinstance(body, dict) else None
    if (
        not isinstance(document, dict)
        or document.get("type") != "EPCISDocument"
        or not (isinstance(body, dict) and isinstance(listed, list))
    ):
        return [Problem("", NO_DOCUMENT)]
    return problems_of({**document, "epcisBody": {**body, "eventList": []}})


def misdated_in(body: Mapping[str, Any], *, at: datetime) -> Problem | None:
    """Return what is wrong with when an event happened, as seen at `at`; None when nothing is.

    A declaration that an event was wrong names a moment that may be just what was wrong with it.
    """
    said = str(body["eventTime"])
    try:
        happened = datetime.fromisoformat(said)
    except ValueError:  # the standard allows a leap second, which no clock of ours has
        return Problem("eventTime", NOT_OF_SCHEMA, (("place", "eventTime"), ("said", said)))
    if "errorDeclaration" in body and MINYEAR < happened.year < MAXYEAR:
        return None
    return misdated("eventTime", happened, at=at, said=said)


def _causes(error: Any) -> Iterable[Any]:
    """Return what lies beneath: "not valid under any of the given schemas" tells nobody what."""
    branches = getattr(error.kind, "context", None) or []
    beneath = [one for branch in branches for one in branch]
    return beneath[:3] or [error]


def events_of(document: Mapping[str, Any]) -> Sequence[Json]:
    """Return the events of a document."""
    body = document.get("epcisBody", {})
    if document.get("type") == "EPCISQueryDocument":
        body = body.get("queryResults", {}).get("resultsBody", {})
    found: Sequence[Json] = body.get("eventList", [])
    return found


def context_of(document: Mapping[str, Any], event: Mapping[str, Any]) -> list[Any]:
    """Return the context that an event is to be read in: its document's, then its own."""
    return [*_listed(document.get("@context", [])), *_listed(event.get("@context", []))]


def id_of(event: Mapping[str, Any]) -> str:
    """Return the id of an event; one that has none gets the same one whenever it comes."""
    if event.get("eventID"):
        return str(event["eventID"])
    said = {name: value for name, value in event.items() if name != "recordTime"}
    return f"urn:uuid:{uuid5(NAMESPACE_URL, json.dumps(said, sort_keys=True))}"


def document_of(events: Iterable[tuple[Json, Sequence[Any]]], *, site: str, at: datetime) -> Json:
    """Return an EPCISDocument; each event brings the context that its extensions need."""
    return {
        "@context": _context(site),
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": moment(at),
        "epcisBody": {"eventList": list(_in_context(events, site))},
    }


def answer_of(events: Iterable[tuple[Json, Sequence[Any]]], *, site: str, at: datetime) -> Json:
    """Return an EPCISQueryDocument with the result of a simple event query."""
    results = {
        "queryName": "SimpleEventQuery",
        "resultsBody": {"eventList": list(_in_context(events, site))},
    }
    return {
        "@context": _context(site),
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": moment(at),
        "epcisBody": {"queryResults": results},
    }


def moment(at: datetime) -> str:
    """Return a moment as EPCIS writes it, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _context(site: str) -> list[Any]:
    return [CONTEXT, {"holdfast": f"{site}/ns/epcis#"}]


def _in_context(events: Iterable[tuple[Json, Sequence[Any]]], site: str) -> Iterator[Json]:
    for body, context in events:
        more = [one for one in context if one not in _context(site)]
        yield {"@context": [*_once(more)], **body} if more else body


def _once(context: Sequence[Any]) -> Iterator[Any]:
    seen: list[Any] = []
    for one in context:
        if one not in seen:
            seen.append(one)
            yield one


def _listed(context: object) -> list[Any]:
    return list(context) if isinstance(context, list) else [context]
