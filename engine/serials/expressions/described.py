"""What describes instead of naming: when and where it was made, by whom, with what; expiry."""

from collections.abc import Sequence
from datetime import date
from typing import TypeAlias

from engine.serials.expressions import dates, sentences as say
from engine.serials.expressions.looking import Place
from engine.serials.expressions.saying import Said
from engine.serials.expressions.state import Element, Reading
from engine.serials.expressions.understood import LEAVE, Choice, Facts, Term
from engine.serials.named import Match
from engine.serials.vocabulary import FACTS as NAMES, Word

Window: TypeAlias = tuple[date | None, date | None]


def expiry(reading: Reading, said: Said) -> None:
    """Hold an expiry date against the lot before it; ask where they differ."""
    day = said.more["day"]
    known = {one.expires_on for one in reading.last_lots if one.expires_on}
    if not known or any(dates.may_be(one, day) for one in known):
        reading.piece(said, "remark", say.EXPIRY if known else say.EXPIRY_UNKNOWN)
        return
    lot = reading.last_lots[0]
    facts: Facts = (
        ("lot", lot.lot_no),
        ("recorded", lot.expires_on),
        ("said", said.more["day"]),
    )
    choices = (
        Choice("same", say.SAME_LOT),
        Choice(LEAVE, say.LEAVE_LOT),
    )
    question = reading.question("expiry", said, say.EXPIRES_OTHERWISE, facts, choices)
    reading.asked(said, question, is_kept=False)
    if question.answer == LEAVE:
        _take_back(reading, lot)


def _take_back(reading: Reading, lot: Match) -> None:
    for element in reversed(reading.elements):
        if element.kind == "named" and any(
            term.get("lot", {}).get("id") == lot.id for term in element.terms
        ):
            reading.elements.remove(element)
            return


def fact(reading: Reading, said: Said) -> None:
    """Take what events name: equipment, an operator, a program or label version."""
    name, value = reading.context, said.value
    if reading.is_beginning or reading.recorded.fact(name, value):
        key = "begins" if reading.is_beginning else "value"
        term: Term = {"fact": {"name": name, key: value}}
        reading.piece(said, "understood", say.FACT, _fact_facts(name, value), terms=(term,))
        reading.elements.append(Element("described", (term,), name))
        return
    if not lone(reading, said):
        reading.missing(said, say.FACT_UNKNOWN)


def place(reading: Reading, said: Said) -> None:
    """Take a place by its code or its name, its own or that of whose it is."""
    found = reading.recorded.places.get(said.value, [])
    kind = reading.context
    if not found:
        reading.missing(said, say.PLACE_UNKNOWN)
    elif kind == "site" and not _ids(found) & reading.recorded.made_at:
        choices = (
            *_ways_of_place(reading, said.value, found),
            Choice(LEAVE, say.LEAVE_OUT),
        )
        question = reading.question("place", said, say.NOTHING_MADE, (), choices)
        reading.asked(said, question, is_kept=False)
        if (chosen := question.chosen) and chosen.terms:
            reading.elements.append(Element("described", chosen.terms, chosen.value))
    else:
        one = _of_place(kind, said.value, found)
        reading.piece(said, "understood", one.sentence, one.facts, terms=one.terms)
        reading.elements.append(Element("described", one.terms, kind))


def lone(reading: Reading, said: Said) -> bool:
    """Ask about what no word told of, where it is a place, or what events name."""
    value = said.value
    choices = [
        Choice(f"fact:{name}", say.FACT, _fact_facts(name, value), (_fact_term(name, value),))
        for name in reading.recorded.called(value)
    ]
    if reading.context == "" and (found := reading.recorded.places.get(value)):
        choices += _ways_of_place(reading, value, found)
    if not choices:
        return False
    part = reading.part
    is_used = part is not None and part.is_used
    choices.append(Choice(LEAVE, say.LEAVE_OUT))
    reading.asked(said, reading.question("lone", said, say.NAMED_ELSEWHERE, (), tuple(choices)))
    if part is not None and not is_used:  # it tells nothing apart here, so it is not dropped
        part.is_used, part.stands_alone = False, True
    return True


def _ways_of_place(reading: Reading, name: str, found: Sequence[Place]) -> list[Choice]:
    kinds = ["was_at"]
    if _ids(found) & reading.recorded.made_at:
        kinds.insert(0, "site")
    if _ids(found) & reading.recorded.shipped_to:
        kinds.append("shipped")
    return [_of_place(kind, name, found) for kind in kinds]


def _of_place(kind: str, name: str, found: Sequence[Place]) -> Choice:
    term: Term = {kind: {"ids": [one.id for one in found], "name": name}}
    return Choice(kind, say.PLACES[kind], (("name", name), ("places", _names(found))), (term,))


def _ids(found: Sequence[Place]) -> set[int]:
    return {one.id for one in found}


def _fact_term(name: str, value: str) -> Term:
    return {"fact": {"name": name, "value": value}}


def _fact_facts(name: str, value: str) -> Facts:
    return (("name", Word((NAMES[name],))), ("value", value))


def made(reading: Reading, said: Said) -> None:
    """Take when something was made."""
    window(reading, said, is_made=True)


def window(reading: Reading, said: Said, *, is_made: bool = False) -> None:
    """Take dates: they narrow the fact before them, or say when it was made if that is meant."""
    more = said.more
    first = more.get("first") or more.get("since") or more.get("day")
    last = more.get("last") or more.get("until") or more.get("day")
    ways = _ways(first, last)
    if not ways:
        reading.missing(said, say.DATE_UNKNOWN)
        return
    fact = _fact_before(reading)
    choices = []
    for start, end in ways:
        from_at, to_at = dates.window(start, end, zone=reading.zone)
        when = {
            "from": from_at.isoformat() if from_at else None,
            "to": to_at.isoformat() if to_at else None,
            "days": f"{start or '…'} – {end or '…'}",  # as the reader's zone has them
        }
        facts: Facts = (("first", start or "…"), ("last", end or "…"))
        value = f"{start}/{end}"
        choices.append(Choice(value, say.MADE, facts, ({"made": when},)))
    if not is_made and fact is not None and len(choices) == 1:
        fact.terms[0]["fact"] |= choices[0].terms[0]["made"]
        reading.piece(said, "understood", say.IN_THAT_TIME, choices[0].facts)
        return
    if is_made and len(choices) == 1:
        only = choices[0]
        reading.piece(said, "understood", only.sentence, only.facts, terms=only.terms)
        reading.elements.append(Element("described", only.terms, "made"))
        return
    sentence = say.WHICH_DAY if len(ways) > 1 else say.WHEN_MADE
    asked = (*choices, Choice(LEAVE, say.LEAVE_OUT))
    question = reading.question("made", said, sentence, (), asked)
    reading.asked(said, question, is_kept=False)
    if question.chosen and question.chosen.terms:
        reading.elements.append(Element("described", question.chosen.terms, "made"))


def _fact_before(reading: Reading) -> Element | None:
    last = next((e for e in reversed(reading.elements) if e.kind != "stop"), None)
    is_fact = last is not None and bool(last.terms) and "fact" in last.terms[0]
    return last if is_fact else None


def _names(found: Sequence[Place]) -> str:
    return ", ".join(dict.fromkeys(one.name for one in found))


def _ways(first: str | None, last: str | None) -> list[Window]:
    """Return the windows that two dates may mean: month and day are read alike in both."""
    starts: list[date | None] = [*dates.readings(first)] if first else [None]
    ends: list[date | None] = [*dates.readings(last)] if last else [None]
    if not starts or not ends:
        return []
    if first == last:
        return [(one, one) for one in starts]
    if len(starts) == len(ends):
        pairs = list(zip(starts, ends, strict=True))
    else:
        pairs = [(start, end) for start in starts for end in ends]
    return [(s, e) for s, e in pairs if s is None or e is None or s <= e]
