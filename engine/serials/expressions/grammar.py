"""Which JSON is an expression: what another system may send instead of a text."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import jsonschema_rs
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Invalid, Problem
from engine.serials.expressions.ranges import plain_range
from engine.serials.models import Container, Location, Lot, Part, Segment, Unit
from engine.serials.sets import id_set
from engine.serials.vocabulary import FACTS
from engine.words import N_

NOT_AN_EXPRESSION = N_("This is no part of an expression. Look at the description of traces.")
NOT_A_RANGE = N_("From %(first)s to %(last)s is no plain range. Name the numbers one by one.")
NOT_THERE = N_("There is no %(kind)s with the id %(id)s.")
NO_TIME = N_("“%(text)s” is no time with its zone, as 2026-03-02T08:00:00+00:00.")
WHOLE = ("any", "except")
MOST_TERMS = 10_000
MOST_IDS = 50_000
DEEP = 2  # terms within terms
_ID = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
_IDS = {"type": "array", "items": _ID, "minItems": 1, "maxItems": MOST_IDS}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\u0000]*$"}
_WORD = {"type": "string", "maxLength": 500, "pattern": r"^[^\u0000]*$"}
_TIME = {"type": ["string", "null"], "maxLength": 40}
_PART = {"type": "object", "required": ["id"], "properties": {"id": _ID}}


def _told(required: list[str], **properties: Any) -> dict[str, Any]:
    # words beside the ids are those a person reads: numbers, names, days
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": {"anyOf": [_WORD, _ID]},
    }


_BEGINS = _told(["begins"], begins=_TEXT, part=_PART)
_RANGE = _told(["from", "to"], **{"from": _TEXT, "to": _TEXT, "part": _PART})
_WINDOW = {"from": _TIME, "to": _TIME}
_TERMS: Mapping[str, Any] = {
    "lot": _told(["id"], id=_ID),
    "unit": _told(["id"], id=_ID),
    "segment": _told(["id"], id=_ID),
    "part": _told(["id"], id=_ID),
    "lot_prefix": _BEGINS,
    "lot_range": _RANGE,
    "serial_prefix": _BEGINS,
    "serial_range": _RANGE,
    "work_order": _told(["number"], number=_TEXT),
    "fact": {
        "anyOf": [
            _told(["name", key], name={"enum": list(FACTS)}, **{key: _TEXT}, **_WINDOW)
            for key in ("value", "begins")
        ]
    },
    "made": _told([], **_WINDOW),
    "site": _told(["ids"], ids=_IDS),
    "location": _told(["ids"], ids=_IDS),
    "was_at": _told(["ids"], ids=_IDS),
    "shipped": _told(["ids"], ids=_IDS),
    "container": _told(["id"], id=_ID),
}


def checked(db: Session, expression: Mapping[str, Any], *, at: str) -> dict[str, Any]:
    """Return an expression as a run keeps it: with the words that people read beside the ids.

    Raises `Invalid` with every problem at its place below `at`. One query for each kind.
    """
    if found := _problems(expression):
        raise Invalid([_below(at, one) for one in found])
    names = _Names(db, expression)
    kept = {
        **expression,
        **{
            kind: [names.of(term, f"{kind}.{place}") for place, term in enumerate(terms)]
            for kind in WHOLE
            if (terms := expression.get(kind))
        },
    }
    if names.problems:
        raise Invalid([_below(at, one) for one in names.problems])
    return kept


def _below(at: str, wrong: Problem) -> Problem:
    return replace(wrong, at=f"{at}.{wrong.at}".rstrip("."))


def _problems(expression: Mapping[str, Any]) -> list[Problem]:
    found = [
        Problem(".".join(map(str, one.instance_path)), NOT_AN_EXPRESSION)
        for one in _grammar().iter_errors(expression)
    ]
    if found:
        return found
    return [
        wrong
        for kind in WHOLE
        for place, term in enumerate(expression.get(kind, ()))
        for wrong in _wrong(term, f"{kind}.{place}")
    ]


@cache
def _grammar() -> Any:
    term = _term(DEEP)
    terms = {"type": "array", "items": term, "maxItems": MOST_TERMS}
    words = {"type": "array", "items": _WORD, "maxItems": MOST_IDS}
    schema = {
        "type": "object",
        "required": ["any"],
        "properties": {
            "any": {**terms, "minItems": 1},
            "except": terms,
            "left_out": words,
            "not_recorded": words,
            "text": {"type": "string", "maxLength": 20_000, "pattern": r"^[^\u0000]*$"},
        },
        "additionalProperties": False,
    }
    return jsonschema_rs.validator_for(schema)


def _term(deep: int) -> dict[str, Any]:
    terms = dict(_TERMS)
    if deep:
        some = {"type": "array", "items": _term(deep - 1), "minItems": 1, "maxItems": 1_000}
        terms |= {"any": some, "all": some}
    return {
        "type": "object",
        "properties": terms,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _wrong(term: Mapping[str, Any], at: str) -> Iterator[Problem]:
    """Yield what a schema cannot say: ranges that are not plain, times that are none."""
    kind, told = next(iter(term.items()))
    if kind in ("any", "all"):
        for place, one in enumerate(told):
            yield from _wrong(one, f"{at}.{kind}.{place}")
    elif kind in ("lot_range", "serial_range"):
        if plain_range(told["from"], told["to"]) is None:
            facts = (("first", told["from"]), ("last", told["to"]))
            yield Problem(f"{at}.{kind}", NOT_A_RANGE, facts)
    elif kind in ("made", "fact"):
        for name in ("from", "to"):
            if told.get(name) is not None and not _is_time(told[name]):
                yield Problem(f"{at}.{kind}.{name}", NO_TIME, (("text", told[name]),))


def _is_time(text: str) -> bool:
    with suppress(ValueError):
        moment = datetime.fromisoformat(text)
        return moment.tzinfo is not None and 1900 <= moment.year < 2200
    return False


# --- the words beside the ids ------------------------------------------------------------------

_MODELS: Mapping[str, tuple[Any, Any, str]] = {
    "lot": (Lot, Lot.lot_no, "number"),
    "unit": (Unit, Unit.serial, "serial"),
    "segment": (Segment, Segment.work_order, "number"),
    "part": (Part, Part.part_no, "number"),
    "site": (Location, Location.name, "name"),
    "location": (Location, Location.name, "name"),
    "was_at": (Location, Location.name, "name"),
    "shipped": (Location, Location.name, "name"),
    "container": (Container, Container.sscc, "number"),
}


class _Names:
    """What the things are called that an expression names by id, and those that are not there."""

    def __init__(self, db: Session, expression: Mapping[str, Any]) -> None:
        self.problems: list[Problem] = []
        ids: dict[str, set[int]] = defaultdict(set)
        for kind in WHOLE:
            for term in expression.get(kind, ()):
                for what, id_ in _ids(term):
                    ids[what].add(id_)
        self.known = {what: _called(db, what, some) for what, some in ids.items()}

    def of(self, term: Mapping[str, Any], at: str) -> dict[str, Any]:
        """Return a term with the words that are on record, whatever was sent beside its ids."""
        kind, told = next(iter(term.items()))
        at = f"{at}.{kind}"
        if kind in ("any", "all"):
            return {kind: [self.of(one, f"{at}.{place}") for place, one in enumerate(told)]}
        words: dict[str, Any] = {}
        if kind in _MODELS:
            names = [self._name(kind, id_, at) for id_ in _ids_of(told)]
            words = {_MODELS[kind][2]: ", ".join(dict.fromkeys(names))[:500]}
        elif "part" in told:
            part = told["part"]["id"]
            words = {"part": {"id": part, "number": self._name("part", part, f"{at}.part")}}
        elif kind == "made":
            words = {"days": f"{told.get('from') or '…'} – {told.get('to') or '…'}"}
        return {kind: {**told, **words}}

    def _name(self, kind: str, id_: int, at: str) -> str:
        if id_ not in self.known.get(kind, {}):
            self.problems.append(Problem(at, NOT_THERE, (("kind", kind), ("id", id_))))
        return self.known.get(kind, {}).get(id_) or str(id_)


def _ids(term: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    kind, told = next(iter(term.items()))
    if kind in ("any", "all"):
        for one in told:
            yield from _ids(one)
    elif kind in _MODELS:
        for id_ in _ids_of(told):
            yield kind, id_
    elif "part" in told:
        yield "part", told["part"]["id"]


def _ids_of(told: Mapping[str, Any]) -> list[int]:
    return list(told["ids"]) if "ids" in told else [told["id"]]


def _called(db: Session, kind: str, ids: set[int]) -> dict[int, str | None]:
    model, name, _ = _MODELS[kind]
    rows = db.execute(select(model.id, name).where(model.id.in_(id_set(db, ids))))
    return {row[0]: row[1] for row in rows}
