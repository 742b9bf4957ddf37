"""The named parameters of the standard's event query, read and held against events.

GS1 EPCIS 2.0, section 8.2.7.1. A parameter that is not among them is refused, never overlooked:
an answer with too many events would pass for the right one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.errors import Invalid, Problem
from engine.serials.epcis.fields import COMPARE, Extension, extension_of, has
from engine.serials.epcis.names import canonical, read
from engine.words import N_

NOT_A_PARAMETER = N_("EPCIS 2.0 has no parameter %(name)s here. Leave it out")
NOT_SERVED = N_("Holdfast does not look at %(name)s. Leave it out, and look through the answer")
NOT_A_VALUE = N_("%(value)s is no value of %(name)s")
TYPES = (
    "ObjectEvent",
    "AggregationEvent",
    "TransactionEvent",
    "TransformationEvent",
    "AssociationEvent",
)
TIMES = ("eventTime", "recordTime")
MOST_PAGE = 1_000
PAGE = 30
# which fields of an event a MATCH looks at
MATCHES: Mapping[str, tuple[str, ...]] = {
    "MATCH_epc": ("epcList", "childEPCs"),
    "MATCH_parentID": ("parentID",),
    "MATCH_parentEPC": ("parentID",),
    "MATCH_inputEPC": ("inputEPCList",),
    "MATCH_outputEPC": ("outputEPCList",),
    "MATCH_anyEPC": ("epcList", "childEPCs", "parentID", "inputEPCList", "outputEPCList"),
    "MATCH_epcClass": ("quantityList", "childQuantityList"),
    "MATCH_inputEPCClass": ("inputQuantityList",),
    "MATCH_outputEPCClass": ("outputQuantityList",),
    "MATCH_anyEPCClass": (
        "quantityList",
        "childQuantityList",
        "inputQuantityList",
        "outputQuantityList",
    ),
}
_EQUALS = {
    "EQ_action": "action",
    "EQ_bizStep": "bizStep",
    "EQ_disposition": "disposition",
    "EQ_readPoint": "readPoint",
    "EQ_bizLocation": "bizLocation",
    "EQ_transformationID": "transformationID",
    "EQ_eventID": "eventID",
    "EQ_persistentDisposition_set": "set",
    "EQ_persistentDisposition_unset": "unset",
    "EQ_errorReason": "reason",
    "EQ_correctiveEventID": "correctiveEventIDs",
}
# places, and everything within them
WITHIN = {"WD_readPoint": "readPoint", "WD_bizLocation": "bizLocation"}
_QUANTITY = re.compile(r"(EQ|GT|GE|LT|LE)_quantity")
QUANTITIES = MATCHES["MATCH_anyEPCClass"]
# parameters of the standard that ask for master data or sensors, which are kept and not looked at
_UNSERVED = re.compile(
    r"(?:HASATTR|EQATTR)_.+"
    r"|(?:EQ|GT|GE|LT|LE|EXISTS)_(?:INNER_)?SENSOR(?:ELEMENT|METADATA|REPORT)_.+"
    r"|EQ_(?:type|deviceID|dataProcessingMethod|microorganism|chemicalSubstance|bizRules"
    r"|stringValue|booleanValue|hexBinaryValue|uriValue|deviceMetadata|rawData)"
    r"|(?:EQ|GT|GE|LT|LE)_(?:value|minValue|maxValue|meanValue|sDev|percRank|percValue)(?:_.+)?"
    r"|(?:GE|LT)_(?:startTime|endTime|SENSORMETADATA_time|SENSORREPORT_time)"
)
_LISTED = re.compile(r"EQ_(bizTransaction|source|destination)_(.+)")
_MOMENT = re.compile(r"(GE|LT)_(eventTime|recordTime|errorDeclarationTime)")
_WORD = re.compile(r"(?:https?://ns\.gs1\.org/cbv/[A-Za-z]+-|urn:epcglobal:cbv:[a-z]+:)(.+)")


@dataclass(frozen=True)
class Asked:
    """One query: every condition must hold, in a condition any of its values."""

    types: frozenset[str] = frozenset()
    equal: Mapping[str, frozenset[str]] = field(default_factory=dict)
    matches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # canonical names
    times: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    within: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # canonical names
    quantities: Mapping[str, Decimal] = field(default_factory=dict)
    extensions: tuple[Extension, ...] = ()
    declared: bool | None = None
    order_by: str = "eventTime"
    is_descending: bool = True
    per_page: int = PAGE
    limit: int | None = None
    most: int | None = None
    token: str | None = None


def asked_of(arguments: Iterable[tuple[str, str]]) -> Asked:
    """Read a query's parameters; raises `Invalid` with every one that is wrong."""
    found: dict[str, Any] = {"equal": {}, "matches": {}, "times": {}, "within": {}}
    found |= {"quantities": {}, "extensions": ()}
    problems: list[Problem] = []
    for name, value in arguments:
        try:
            _take(found, name, value)
        except KeyError:
            sentence = NOT_SERVED if _UNSERVED.fullmatch(name) else NOT_A_PARAMETER
            problems.append(Problem(f"?{name}", sentence, (("name", name),)))
        except ValueError:
            facts = (("value", value[:100]), ("name", name))
            problems.append(Problem(f"?{name}", NOT_A_VALUE, facts))
    if found.get("limit") and found.get("most"):
        facts = (("value", str(found["most"])), ("name", "maxEventCount"))
        problems.append(Problem("?maxEventCount", NOT_A_VALUE, facts))  # one or the other: 8.2.7.1
    if problems:
        raise Invalid(problems)
    return Asked(**found)


def fits(body: Mapping[str, Any], asked: Asked, context: Sequence[Any] = ()) -> bool:
    """Say whether an event meets every condition of a query.

    `context` is what its extensions are named by; the places `within` are those asked for with
    all that lie in them.
    """
    return (
        _is_of_kind(body, asked)
        and all(wanted & set(_said(body, name)) for name, wanted in asked.equal.items())
        and all(_matches(body, name, wanted) for name, wanted in asked.matches.items())
        and all(_lies_in(body, WITHIN[name], places) for name, places in asked.within.items())
        and all(_counts(body, how, number) for how, number in asked.quantities.items())
        and all(has(body, context, one) for one in asked.extensions)
        and all(_is_in_time(body, *key, moment) for key, moment in asked.times.items())
    )


def _is_of_kind(body: Mapping[str, Any], asked: Asked) -> bool:
    is_declared = "errorDeclaration" in body
    return (not asked.types or body["type"] in asked.types) and (
        asked.declared is None or is_declared == asked.declared
    )


def _matches(body: Mapping[str, Any], name: str, patterns: Sequence[str]) -> bool:
    named = {canonical(uri) for role in MATCHES[name] for uri in _named(body, role)}
    return any(_is_like(pattern, one) for pattern in patterns for one in named)


def _take(found: dict[str, Any], name: str, value: str) -> None:
    """Read one parameter; raises `KeyError` for one that is none, `ValueError` for its value."""
    if extension := extension_of(name, value):
        found["extensions"] += (extension,)
        return
    values = [one for one in value.split("|") if one]
    if not values:
        raise ValueError(name)
    if name in MATCHES:
        found["matches"][name] = tuple(canonical(one) for one in values)
    elif name in _EQUALS or _LISTED.fullmatch(name):
        found["equal"][name] = frozenset(_plain(name, one) for one in values)
    elif name in WITHIN:
        found["within"][name] = tuple(canonical(one) for one in values)
    elif quantity := _QUANTITY.fullmatch(name):
        found["quantities"][quantity[1]] = _number(value)
    elif moment := _MOMENT.fullmatch(name):
        found["times"][moment[1], moment[2]] = _zoned(value)
    else:
        key, reader = _SINGLE[name]
        found[key] = reader(value)


def _number(value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(value) from None
    if not number.is_finite():
        raise ValueError(value)
    return number


def _zoned(value: str) -> datetime:
    at = datetime.fromisoformat(value.replace(" ", "+"))  # what a plus becomes in an address
    if at.tzinfo is None:
        raise ValueError(value)
    return at


def _types(value: str) -> frozenset[str]:
    found = frozenset(value.split("|"))
    if found - set(TYPES):
        raise ValueError(value)
    return found


def _word_of(words: Mapping[str, Any]) -> Callable[[str], Any]:
    def read_word(value: str) -> Any:
        if value not in words:
            raise ValueError(value)
        return words[value]

    return read_word


def _positive(value: str) -> int:
    number = int(value)
    if not 0 < number <= 10**9:
        raise ValueError(value)
    return number


_SINGLE: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "eventType": ("types", _types),
    "EXISTS_errorDeclaration": ("declared", _word_of({"true": True, "false": False})),
    "orderBy": ("order_by", _word_of({one: one for one in TIMES})),
    "orderDirection": ("is_descending", _word_of({"DESC": True, "ASC": False})),
    "perPage": ("per_page", lambda value: min(_positive(value), MOST_PAGE)),
    "nextPageToken": ("token", str),
    "eventCountLimit": ("limit", _positive),
    "maxEventCount": ("most", _positive),
}


def _plain(name: str, value: str) -> str:
    """Return a value as events write it: a bare word of CBV, one name of a thing."""
    if match := _WORD.fullmatch(value):
        return match[1]
    return value if name == "EQ_eventID" else canonical(value)


def _said(body: Mapping[str, Any], name: str) -> Iterator[str]:
    if match := _LISTED.fullmatch(name):
        kind, wanted = match[1], match[2]
        for one in body.get(f"{kind}List", []):
            if _plain(name, str(one.get("type", ""))) == _plain(name, wanted):
                yield canonical(one[kind])
        return
    key = _EQUALS[name]
    if key in ("set", "unset"):
        yield from (_plain(name, one) for one in body.get("persistentDisposition", {}).get(key, []))
    elif key in ("reason", "correctiveEventIDs"):
        said = body.get("errorDeclaration", {}).get(key, [])
        yield from ([_plain(name, said)] if isinstance(said, str) else said)
    elif key in ("readPoint", "bizLocation"):
        if key in body:
            yield canonical(body[key]["id"])
    elif key in body:
        yield _plain(name, str(body[key]))


def _named(body: Mapping[str, Any], role: str) -> Iterator[str]:
    said = body.get(role, [])
    for one in [said] if isinstance(said, str) else said:
        yield one["epcClass"] if isinstance(one, dict) else one


def _is_like(pattern: str, name: str) -> bool:
    """Say whether a name is the one asked for, or of the part that is asked for."""
    return name == pattern or (read(pattern).kind == "part" and name.startswith(f"{pattern}/"))


def _lies_in(body: Mapping[str, Any], role: str, places: Sequence[str]) -> bool:
    """Say whether a place is one of these, or a part of one: its GLN with an extension."""
    name = canonical(str(body.get(role, {}).get("id", "")))
    return any(name == place or name.startswith(f"{place}/254/") for place in places)


def _counts(body: Mapping[str, Any], how: str, wanted: Decimal) -> bool:
    said = [one["quantity"] for r in QUANTITIES for one in body.get(r, []) if "quantity" in one]
    return any(COMPARE[how](Decimal(str(number)), wanted) for number in said)


def _is_in_time(body: Mapping[str, Any], how: str, name: str, at: datetime) -> bool:
    said = (
        body.get("errorDeclaration", {}).get("declarationTime")
        if "error" in name
        else body.get(name)
    )
    if not said:
        return False
    moment = datetime.fromisoformat(str(said))
    return moment >= at if how == "GE" else moment < at
