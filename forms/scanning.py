"""Scanned or pasted serials, UDI strings and lot numbers, matched with the serial store."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from forms.context import LotFound, UnitFound
from forms.decimals import decimal_of, text_of
from forms.field import Json
from forms.texts import GS, TextRefused, clean
from forms.words import N_

MAX_SCAN = 200  # characters of one scan: the longest UDI carrier holds fewer
MAX_SCANS = 10_000
_LINES = re.compile(r"[\n;\t]+")
_COUNTED = re.compile(r"(\S.*?)\s+[x×*]\s*([+-]?[0-9]{1,15}(?:\.[0-9]{1,6})?)", re.IGNORECASE)

NOT_SCANS = N_("Scan “%(label)s” or write one serial or number per line.")
TOO_MANY = N_("“%(label)s” takes at most %(max)s lines; these are %(count)s.")

Found = TypeVar("Found", bound=UnitFound | LotFound)
Find = Callable[[Sequence[str]], Mapping[str, Sequence[Found]]]


@dataclass(frozen=True)
class Scan(Generic[Found]):
    """One scanned text, everything it may be, and how many of it if a count was written."""

    text: str
    found: tuple[Found, ...] = ()
    count: Decimal | None = None


@dataclass(frozen=True)
class _Line:
    """A line as it came: text, or an answer accepted before, which names the id it meant."""

    text: str
    id: int | None = None
    part_no: str | None = None
    count: Decimal | None = None


def scans(raw: Json, find: Find[Found]) -> list[Scan[Found]]:
    """Match every line of `raw` (pasted text, a list, or an earlier answer) in one look-up.

    A line may hold several numbers between commas, a part and a number (`P-100 SN-7`, to tell
    equal serials apart), or a number and how many (`LOT-7 x 12`). Raises `TextRefused`.
    """
    lines = list(_lines(raw))
    texts = {candidate for line in lines for candidate in _candidates(line)}
    found = find(sorted(texts)) if texts else {}
    matched = [scan for line in lines for scan in _matches(line, found)]
    if len(matched) > MAX_SCANS:
        raise TextRefused(TOO_MANY, max=MAX_SCANS, count=len(matched))
    # scanned twice is meant once; counted twice may be a sum, which only its reader can tell
    once = {(s.text, s.found): s for s in reversed(matched) if s.count is None}
    return [s for s in matched if s.count is not None or once.get((s.text, s.found)) is s]


def printable(text: str) -> str:
    """Write a scan so that people can read it: the sign between UDI parts becomes a name."""
    return text.replace(GS, "<GS>")


def scan_text(raw: Json) -> str:
    """Write a raw value or an earlier answer as the lines a person can edit."""
    if isinstance(raw, str):
        return raw
    if not isinstance(raw, list):
        return ""
    return "\n".join(text for member in raw if (text := _text_of_member(member)))


def _text_of_member(member: Json) -> str:
    if isinstance(member, str):
        return member
    if not isinstance(member, dict):
        return ""
    number = str(member.get("serial") or member.get("lot_number") or "")
    count = member.get("quantity")
    text = f"{member.get('part_no') or ''} {number}".strip() if number else ""
    return f"{text} x {count}" if text and count else text


def _lines(raw: Json) -> Iterator[_Line]:
    if isinstance(raw, str):
        raw = _LINES.split(clean(raw, max_length=200_000, lines=True, allow=GS))
    if not isinstance(raw, list):
        raise TextRefused(NOT_SCANS)
    if len(raw) > MAX_SCANS:
        raise TextRefused(TOO_MANY, max=MAX_SCANS, count=len(raw))
    for member in raw:
        line = _line_of_answer(member) if isinstance(member, dict) else _Line(_scan(member))
        if line.text:
            yield line


def _scan(raw: Json) -> str:
    return clean(raw, max_length=MAX_SCAN * 20, allow=GS)


def _line_of_answer(member: dict[str, Any]) -> _Line:
    allowed = {"unit_id", "serial", "lot_id", "lot_number", "part_no", "quantity"}
    if not set(member) <= allowed:
        raise TextRefused(NOT_SCANS)
    identity = member.get("unit_id", member.get("lot_id"))
    if identity is not None and (not isinstance(identity, int) or isinstance(identity, bool)):
        raise TextRefused(NOT_SCANS)
    count, part_no = member.get("quantity"), member.get("part_no")
    if count is not None and decimal_of(count) is None:
        raise TextRefused(NOT_SCANS)
    return _Line(
        _scan(member.get("serial", member.get("lot_number"))),
        identity,
        None if part_no is None else _scan(part_no),
        None if count is None else decimal_of(count),
    )


def _candidates(line: _Line) -> Iterator[str]:
    yield line.text
    if line.id is None:
        for part in (line.text, *_parts(line.text)):
            yield from (part, _uncounted(part)[0], _named(part)[1], _named(_uncounted(part)[0])[1])


def _parts(text: str) -> list[str]:
    return [part for raw in text.split(",") if (part := raw.strip())]


def _uncounted(text: str) -> tuple[str, Decimal | None]:
    # a long run of spaces would make the pattern slow
    match = _COUNTED.fullmatch(text) if len(text) <= MAX_SCAN else None
    return (match[1], decimal_of(match[2])) if match else (text, None)


def _named(text: str) -> tuple[str, str]:
    """Take the part number and the number apart; without a part the text is the number."""
    part_no, _, number = text.rpartition(" ")
    return part_no.strip(), number


def _matches(line: _Line, found: Mapping[str, Sequence[Found]]) -> Iterator[Scan[Found]]:
    if line.id is not None or line.part_no is not None or line.count is not None:
        members = tuple(f for f in found.get(line.text, ()) if _is_meant(f, line))
        yield Scan(line.text, members, line.count)
    elif (whole := _match(line.text, found)).found:
        yield whole  # a serial may hold a comma itself
    else:
        yield from (_match(part, found) for part in _parts(line.text))


def _match(text: str, found: Mapping[str, Sequence[Found]]) -> Scan[Found]:
    uncounted, count = _uncounted(text)
    for candidate, times in ((text, None), (uncounted, count)):
        if members := tuple(found.get(candidate, ())):
            return Scan(candidate, members, times)
        part_no, number = _named(candidate)
        members = tuple(f for f in found.get(number, ()) if part_no and f.part_no == part_no)
        if members:
            return Scan(candidate, members, times)
    return Scan(text)


def _is_meant(found: UnitFound | LotFound, line: _Line) -> bool:
    is_part = line.part_no is None or found.part_no == line.part_no
    return is_part and (line.id is None or identity_of(found) == line.id)


def identity_of(found: UnitFound | LotFound) -> int:
    """Return the number the serial store knows it by."""
    return found.unit_id if isinstance(found, UnitFound) else found.lot_id


def unit_answer(unit: UnitFound) -> dict[str, Json]:
    """Write a unit as answers keep it."""
    return {"unit_id": unit.unit_id, "serial": unit.serial, "part_no": unit.part_no}


def lot_answer(lot: LotFound, count: Decimal | None = None) -> dict[str, Json]:
    """Write a lot as answers keep it; without a count the whole lot is meant."""
    quantity = None if count is None else text_of(count)
    return {
        "lot_id": lot.lot_id,
        "lot_number": lot.lot_number,
        "part_no": lot.part_no,
        "quantity": quantity,
    }
