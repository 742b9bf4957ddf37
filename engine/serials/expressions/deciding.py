"""Deciding about every stretch of a text, in order: each is handed to what knows its kind."""

from collections.abc import Callable, Sequence

from engine.serials import find
from engine.serials.expressions import (
    described,
    groups,
    labels,
    numbers,
    ranges,
    sentences as say,
)
from engine.serials.expressions.looking import Recorded
from engine.serials.expressions.saying import Said, dotted, runs_of_numbers, splits
from engine.serials.expressions.state import (
    Element,
    Mention,
    Reading,
    facts_of,
    term_of,
)
from engine.serials.expressions.understood import LEAVE, Choice
from engine.serials.identifiers import parse

LASTING = ("lot", "serial", "part", "work_order")  # also on the next line: a pasted column
ENTRY = "①②③④⑤⑥⑦⑧⑨⑩"


def decide(reading: Reading, said: Sequence[Said]) -> None:
    """Decide about every stretch; `reading` holds what came of it."""
    wanted = [one.value for one in said if one.role == "label"]
    found = dict(zip(wanted, find.resolve_many(reading.db, wanted), strict=True))
    for one in joined(reading.text, said, reading.recorded):
        if one.role == "label":
            labels.label(reading, one, found[one.value])
        else:
            _ROLES[one.role](reading, one)


def _blank(reading: Reading, said: Said) -> None:
    reading.piece(said, "blank")


def _stop(reading: Reading, said: Said) -> None:
    reading.piece(said, "blank")
    reading.elements.append(Element("stop"))


def _break(reading: Reading, said: Said) -> None:
    reading.piece(said, "blank")
    reading.elements.append(Element("break"))
    if reading.context not in LASTING:
        reading.context = ""
    if any(one.isdigit() or one in "①②③④⑤⑥⑦⑧⑨⑩" for one in said.value):  # “2)”: a new entry
        reading.context, reading.part, reading.is_beginning = "", None, False


def _word(reading: Reading, said: Said) -> None:
    meaning = said.value
    reading.piece(said, "word", say.WORDS.get(meaning, ""))
    if meaning in ("and", "or", "except"):
        reading.elements.append(Element(meaning))
        reading.context = "" if meaning == "except" else reading.context
    elif meaning == "prefix":
        reading.is_beginning = True
    elif meaning == "filler":
        if said.end - said.start == 2 and reading.text[said.start : said.end] == "开头":
            reading.is_beginning = False
        if reading.context == "part":
            reading.context = ""
    elif meaning != "expiry":
        reading.context, reading.is_beginning = meaning, False


def _heading(reading: Reading, said: Said) -> None:
    if said.more["context"]:
        reading.piece(said, "word", say.COLUMN[said.more["context"]])
    else:
        _unread(reading, said)


def _cell(reading: Reading, said: Said) -> None:
    """Take a cell as its heading says, within the part that its row names."""
    reading.context, reading.is_beginning, reading.part = said.more["context"], False, None
    if named := said.more.get("part"):
        known = reading.recorded.parts.get(named, [])
        terms = [term_of(one) for one in known]
        reading.part = Mention(terms[0] if len(terms) == 1 else None, named, is_used=True)
        if said.more["context"] == "part" and known:
            reading.piece(said, "understood", say.AS["part"], facts_of(known[0]))
            return
        if said.more["context"] == "part":
            reading.missing(said, say.NOT_RECORDED_AS["part"])
            return
    number = Said(said.start, said.end, "number", said.value)
    if parse(said.value).is_label:
        labels.label(reading, number, find.look_up(reading.db, said.value))
    else:
        numbers.number(reading, number)


def _unread(reading: Reading, said: Said) -> None:
    """Ask once about a column that nobody described."""
    column = said.more["column"]
    choices = (Choice(LEAVE, say.LEAVE_WORDS),)
    facts = (("column", column),)
    reading.asked(
        said, reading.question("column", said, say.COLUMN_UNREAD, facts, choices, text=column)
    )


def joined(text: str, said: Sequence[Said], known: Recorded) -> list[Said]:
    """Put numbers with spaces between them together where they are recorded as one."""
    listed = list(said)
    taken = len(listed)  # from here on all is put together
    for first, last in reversed(list(runs_of_numbers(listed))):
        whole = text[listed[first].start : listed[last].end].rstrip() if last < taken else ""
        if whole and (known.knows(whole) or known.called(whole)):
            end = listed[first].start + len(whole)
            after = [Said(end, listed[last].end, "blank")] if end < listed[last].end else []
            listed[first : last + 1] = [Said(listed[first].start, end, "number", whole), *after]
            taken = first
    return listed


def candidates(text: str, said: Sequence[Said]) -> set[str]:
    """Return every number that may have to be looked up."""
    listed = list(said)
    found = {one.value for one in listed if one.role in ("number", "cell", "wild")}
    found |= {sscc for one in listed if one.role == "label" if (sscc := parse(one.value).sscc)}
    found |= {one.more["part"] for one in listed if one.role == "cell" and "part" in one.more}
    for one in listed:
        if one.role == "range":
            found |= {one.more["from"], one.more["to"]}
    for token in list(found):
        found.update(end for way in splits(token) for end in way)
        found.update(one for one in token.split("/") if one)
        found.update(dotted(token) or ())
        found.update(
            end
            for first, last in splits(token)
            if (end := ranges.whole_end(first, last)) is not None
        )
    found.update(
        text[listed[first].start : listed[last].end].rstrip()
        for first, last in runs_of_numbers(listed)
    )
    return found


_ROLES: dict[str, Callable[[Reading, Said], None]] = {
    "blank": _blank,
    "stop": _stop,
    "break": _break,
    "word": _word,
    "number": numbers.number,
    "range": groups.range_said,
    "wild": groups.wild,
    "made": described.made,
    "window": described.window,
    "expiry": described.expiry,
    "heading": _heading,
    "cell": _cell,
    "unread": _unread,
}
