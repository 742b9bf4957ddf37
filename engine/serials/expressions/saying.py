"""A text taken apart, every character of it: words, numbers, ranges, labels, dates and the rest.

Nothing here looks into the database: what a number is, is decided where it is known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from engine.serials.expressions import keywords

GAP = " \t\xa0\u3000"
STOPS = ",;，；、。\r\n"  # between two numbers
BRACKETS = "()[]{}<>（）【】《》“”\"'‘’「」:：#*•·|!?！？"
_LABEL = re.compile(
    r"""(?:\(01\)[ ]?\d{14}|\(00\)[ ]?\d{18})(?:[ ]?\(\d{2,4}\)[ ]?[^\s,;，；、。(]+)* |
        \](?:d2|C1|Q3|e0|J1)[^ \t\r\n,;，；、]+ |
        https?://[^\s,;，；、。]+ |
        \+[A-Z][A-Z0-9]{3}[^ \t\r\n,;，；、]+ |
        (?<![A-Za-z0-9])(?:\x1d|\^)?01\d{14}(?=[0-9\x1d^])[^ \t\r\n,;，；、]+""",
    re.VERBOSE,
)
_WILD = re.compile(r"[*?＊？]+")
_ENUMERATED = re.compile(r"(?:\(?\d{1,2}\)|\d{1,2}\.(?=\s)|[①-⑳])\s*")
_BETWEEN = re.compile(
    rf"""[{GAP}]*(?:～|至|到)[{GAP}]* | [{GAP}]+(?:to|thru|through|[-–—~])[{GAP}]+ |
         [{GAP}]*[-–—~][{GAP}]+ | [{GAP}]+[-–—~][{GAP}]*""",
    re.VERBOSE | re.IGNORECASE,
)
MOST_JOINED = 4
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Said:
    """One stretch of the text. `role` is `blank`, `stop`, `break`, `word`, `number`, `range`,
    `wild`, `label`, `made`, `window` or `expiry`; `value` is a word's meaning or the number.
    """  # noqa: D205  the list is the sentence

    start: int
    end: int
    role: str
    value: str = ""
    more: dict[str, str] = field(default_factory=dict, compare=False)


def taken_apart(text: str, start: int = 0, end: int | None = None) -> list[Said]:
    """Return the stretches of a text in order, without a gap and without an overlap."""
    place, end, found = start, len(text) if end is None else end, []
    while place < end:
        said = _next(text, place, end)
        found.append(said)
        place = said.end
    return found


def runs_of_numbers(said: list[Said]) -> Iterator[tuple[int, int]]:
    """Yield what stands side by side with spaces only: together it may be one number, `LOT 7 B`.

    Longer runs come before the shorter ones within them, reading from the end.
    """
    for first, one in enumerate(said):
        if not _joins(one):
            continue
        count, last = 1, first
        for place in range(first + 1, min(len(said), first + 2 * MOST_JOINED)):
            if _joins(said[place]):
                last, count = place, count + 1
                yield first, last
            elif said[place].role != "blank" or said[place].value.strip(GAP):
                break


def _joins(one: Said) -> bool:
    return one.role == "number" or (one.role == "word" and one.more.get("colon") is None)


def splits(token: str) -> list[tuple[str, str]]:
    """Return the ways to read a token as two numbers with a dash between them."""
    dashes = [place for place, one in enumerate(token) if one in "-–—~"]
    return [(token[:place], token[place + 1 :]) for place in dashes if 0 < place < len(token) - 1]


def dotted(token: str) -> tuple[str, str] | None:
    """Return the two numbers of a token that dots stand between: `V2601001..V2601010`."""
    found = re.fullmatch(r"(.+?)(?:\.{2,3}|…)(.+)", token)
    return (found[1], found[2]) if found else None


def _next(text: str, place: int, end: int) -> Said:
    one = text[place]
    if one in GAP or one in BRACKETS:
        if label := _LABEL.match(text, place, end):
            return Said(place, label.end(), "label", label.group())
        if one in "(（" and (numbered := _enumerated(text, place, end)):
            return numbered
        return _blank(text, place, end)
    if one in STOPS:
        return _stop(text, place, end)
    return (
        _lone_mark(text, place, end)
        or _enumerated(text, place, end)
        or _spoken(text, place, end)
        or _range(text, place, end)
        or _wild(text, place, end)
        or Said(place, _number_end(text, place, end), "number", _number(text, place, end))
    )


def _lone_mark(text: str, place: int, end: int) -> Said | None:
    """Take a dash or full stop that belongs to no number, and a slash before a word."""
    is_last = place + 1 == end or text[place + 1] in GAP + STOPS + BRACKETS
    parts = text[place] == "/" and keywords.keyword().match(text, place + 1, end)
    if (text[place] in "./-–—" and is_last) or parts:
        return Said(place, place + 1, "blank", text[place])
    return None


def _enumerated(text: str, place: int, end: int) -> Said | None:
    before = text[max(0, place - 20) : place].rstrip(GAP)[-1:]
    # "2) UDI-DI" after a closing bracket begins a new entry too
    if before not in {"", *"\n\r;；)）。.,"}:
        return None
    found = _ENUMERATED.match(text, place, end)
    return Said(place, found.end(), "break", found.group()) if found else None


def _spoken(text: str, place: int, end: int) -> Said | None:
    """Read what words say: a label, when it was made, dates, expiry, a word before numbers."""
    if label := _LABEL.match(text, place, end):
        return Said(place, label.end(), "label", label.group())
    for role, pattern in (
        ("made", keywords.made_phrase()),
        ("window", keywords.bare_window()),
    ):
        if found := pattern.match(text, place, end):
            more = {key: value for key, value in found.groupdict().items() if value}
            said = "made" if "made" in more else role
            return Said(place, found.end(), said, found.group(), more)
    if found := keywords.keyword().match(text, place, end):
        meaning = keywords.said_by(found)
        if meaning == "expiry" and (day := keywords.expiry_date().match(text, found.end(), end)):
            return Said(place, day.end(), "expiry", text[place : day.end()], day.groupdict())
        more = {"colon": "yes"} if found.group()[-1] in ":：" else {}
        return Said(place, found.end(), "word", meaning, more)
    return None


def _range(text: str, place: int, end: int) -> Said | None:
    """Read two numbers with a word or a dash with spaces between them."""
    first_end = _number_end(text, place, end)
    between = _BETWEEN.match(text, first_end, end)
    first = text[place:first_end]
    if between is None or not _has_digit(first) or between.end() >= end:
        return None
    if text[between.end()] in STOPS + BRACKETS:
        return None
    if keywords.keyword().match(text, between.end(), end):
        return None
    last_end = _number_end(text, between.end(), end)
    last = _number(text, between.end(), end)
    if not _has_digit(last):
        return None
    stop = between.end() + len(last)
    return Said(place, min(stop, last_end), "range", text[place:stop], {"from": first, "to": last})


def _wild(text: str, place: int, end: int) -> Said | None:
    """Read the beginning of numbers with a sign for whatever follows: `V2601*`, `V26010??`."""
    beginning = _number(text, place, end)
    at = place + len(beginning)
    signs = _WILD.match(text, at, end)
    if signs is None or not _has_digit(beginning):
        return None
    rest = place + len(beginning)
    while found := _WILD.match(text, rest, end):
        rest = found.end()
        if rest < end and text[rest] not in GAP + STOPS + BRACKETS:
            rest = _number_end(text, rest, end)
    return Said(place, rest, "wild", beginning)


def _number(text: str, place: int, end: int) -> str:
    return text[place : _number_end(text, place, end)]


def _number_end(text: str, place: int, end: int) -> int:
    """Return where a number ends: before a space, a stop, a bracket or a word that says something.

    A full stop or a slash inside belongs to it, one at the end of the sentence does not.
    """
    is_han = bool(_HAN.match(text[place]))
    at = place + 1
    while at < end:
        one = text[at]
        if one in GAP or one in STOPS or one in BRACKETS or one == "～":
            break
        if one == "&" and (at + 1 == end or text[at + 1] in GAP):
            break
        if one == "/" and keywords.keyword().match(text, at + 1, end):
            break
        if not is_han and _HAN.match(one) and (one in "至到" or keywords.keyword().match(text, at)):
            break
        at += 1
    while at > place + 1 and text[at - 1] in "./":
        at -= 1
    return at


def _stop(text: str, place: int, end: int) -> Said:
    at = place
    while at < end and text[at] in STOPS + GAP:
        at += 1
    is_break = any(one in ";；。\r\n" for one in text[place:at])
    return Said(place, at, "break" if is_break else "stop", text[place:at])


def _blank(text: str, place: int, end: int) -> Said:
    at = place + 1
    while at < end and text[at] in GAP + BRACKETS and not _begins_something(text, at, end):
        at += 1
    return Said(place, at, "blank", text[place:at])


def _begins_something(text: str, place: int, end: int) -> bool:
    return bool(_LABEL.match(text, place, end) or _ENUMERATED.match(text, place, end))


def _has_digit(text: str) -> bool:
    return any(one.isdigit() for one in text)


def is_whole(text: str, said: list[Said]) -> bool:
    """Say whether the stretches cover a text, each character once."""
    ends = [0, *(one.end for one in said)]
    starts = [*(one.start for one in said), len(text)]
    return ends == starts and all(a <= b for a, b in pairwise(ends))
