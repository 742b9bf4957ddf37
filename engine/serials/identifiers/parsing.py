"""Reading what was scanned, typed or pasted, whatever kind of label it is, or none at all.

Serials and lots are trimmed and otherwise never changed: their case and their zeros mean something.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from biip import ParseError
from biip.gs1_element_strings import GS1ElementString
from biip.gtin import Gtin

from engine.errors import Problem
from engine.serials.identifiers import gs1, hibc, iccbba, own
from engine.serials.identifiers.parsed import (
    UNREADABLE,
    WRONG_CHECK_DIGIT,
    Broken,
    Elements,
    Parsed,
    Said,
    standard,
)

_PLAIN_UDI = re.compile(r"01\d{14}")
_SEPARATED = re.compile("|".join(map(re.escape, (gs1.FNC1, *gs1.SEPARATORS))))
_LABEL_START = re.compile(r"\(01\)\d{14}|\](?:d[12]|C1|Q[13]|e0|J1)|https?://")
_CARRIER = re.compile(r"\][A-Za-z][0-9]")


def parse(text: str) -> Parsed:
    """Read one text; never raises: what is wrong is in `problem`."""
    said = standard(text)
    if (codes := said.split()) and len(codes) == 2 and (whole := join(*codes)) is not None:
        said = text = whole
    if text.lstrip(" \t\r\n").startswith(gs1.FNC1):
        said = gs1.FNC1 + said  # a space to Python, to a reader the mark of element strings
    try:
        return _read(said, hibc.trimmed(text))
    except Broken as broken:
        facts = {"text": shown(said), **broken.facts}
        wrong = Problem("", broken.sentence, tuple(facts.items()))
        return Parsed(said, problem=wrong)


def parse_many(text: str) -> list[Parsed]:
    """Read a pasted column: one number or label per line, empty lines left out, all problems."""
    lines = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)
    return [
        replace(parse(cell), line=number)
        for number, line in lines
        for cell in line.split("\t")
        if cell.strip()
    ]


def join(first: str, second: str) -> str | None:
    """Return two codes of one label as one, or None when they are not: HIBC's, or GS1's in two.

    The first says which device it is and nothing else, the second only what the first does not.
    """
    if hibc.looks_like(first.strip("*")):
        return hibc.join(first, second)
    try:
        begins, goes_on = _elements(first), _elements(second)
    except Broken:
        return None
    if begins is None or goes_on is None or [ai for ai, _ in begins] != ["01"]:
        return None
    if {ai for ai, _ in goes_on} & {"00", "01", "414"}:
        return None
    whole = [*begins, *goes_on]
    return gs1.message(whole) if any("(" in value for _, value in whole) else gs1.brackets(whole)


def joined(pieces: Sequence[str]) -> list[str]:
    """Return scans with the two codes of one label as one, where they come one after the other."""
    found: list[str] = []
    for piece in pieces:
        whole = join(found[-1], piece) if found else None
        if whole is None:
            found.append(piece)
        else:
            found[-1] = whole
    return found


def several(text: str) -> list[str]:
    """Return the scans in one text: lines and tabs apart, and labels that were run together.

    A text that is one scan comes back alone; words with spaces between stay as they are.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cells = [cell for line in lines for cell in line.split("\t") if cell.strip()]
    return joined([piece for cell in cells for piece in _labels_apart(_trimmed(cell))])


def _trimmed(cell: str) -> str:
    if cell.startswith(gs1.FNC1):
        return gs1.FNC1 + standard(cell)
    return hibc.trimmed(cell) if hibc.looks_like(cell.strip()) else standard(cell)


def _labels_apart(cell: str) -> list[str]:
    starts = [found.start() for found in _LABEL_START.finditer(cell)]
    if len(starts) < 2 or starts[0] != 0 or _is_carried_link(cell, starts):
        return [cell]

    ends = [*starts[1:], len(cell)]
    return [standard(cell[start:end]) for start, end in zip(starts, ends, strict=True)]


def _is_carried_link(cell: str, starts: list[int]) -> bool:
    return len(starts) == 2 and starts[1] == 3 and bool(_CARRIER.match(cell))


def shown(text: str) -> str:
    """Return a text with its separators made visible."""
    return text.replace(gs1.FNC1, "␝")


def is_wrong_gtin(text: str) -> bool:
    """Say whether digits alone, as long as a GTIN, have a check digit that does not fit."""
    return text.isascii() and text.isdigit() and len(text) in (12, 13, 14) and not gtin_14(text)


def has_wrong_check_digit(text: str) -> bool:
    """Say whether this is a device label whose check digit does not fit its number."""
    problem = parse(text).problem
    return problem is not None and problem.sentence == WRONG_CHECK_DIGIT


def gtin_14(digits: str) -> str | None:
    """Return a GTIN as 14 digits, or None when its check digit or length is wrong."""
    try:
        return Gtin.parse(digits).as_gtin_14()
    except ParseError:
        return None


def _read(said: str, typed: str) -> Parsed:
    if own.looks_like(said):
        return _own(said)
    code = said[3:] if _CARRIER.match(said) else said
    if hibc.looks_like(code.strip("*")):
        return _of_agency(said, "hibc", "hibcc", hibc.read(typed[len(said) - len(code) :]))
    if iccbba.looks_like(code):
        return _of_agency(said, "iccbba", "iccbba", iccbba.read(code))
    elements = _elements(said)
    if elements is None:
        return Parsed(said, serial=code, lot_no=code)
    return _label(said, elements)


def _elements(said: str) -> Elements | None:
    """Return the elements of a GS1 label in whatever form, or None when this is none."""
    if _CARRIER.match(said):
        return gs1.of_scan(said) or None
    if said.startswith(("http://", "https://", "HTTP://", "HTTPS://")):
        return gs1.of_link(said)
    if said.startswith("("):
        return gs1.of_brackets(said) if gs1.begins_with_mark(said) else None
    if _PLAIN_UDI.match(said) or _SEPARATED.search(said):
        return gs1.of_message(said)
    return None


def _label(said: str, elements: Elements) -> Parsed:
    gs1.check_together(elements, is_whole=False)
    values = dict(elements)
    if not values.keys() & {"01", "00", "414"}:
        raise Broken(UNREADABLE)

    return Parsed(
        said,
        di=values.get("01"),
        issuer="gs1" if "01" in values else None,
        lot_no=values.get("10"),
        serial=values.get("21"),
        made_on=_day(values, "11"),
        expires_on=_day(values, "17") or _day(values, "7003"),
        sscc=values.get("00"),
        gln=values.get("414"),
        scheme="gs1",
        elements=elements,
    )


def _day(values: dict[str, str], ai: str) -> date | None:
    if ai not in values:
        return None
    return GS1ElementString.extract(ai + values[ai]).date


def _of_agency(said: str, scheme: str, issuer: str, found: Said) -> Parsed:
    return Parsed(
        said,
        di=found.di,
        issuer=issuer,
        lot_no=found.lot_no,
        serial=found.serial,
        made_on=found.made_on,
        expires_on=found.expires_on,
        scheme=scheme,
        elements=found.elements,
    )


def _own(said: str) -> Parsed:
    found = own.read(said)
    return Parsed(
        said,
        lot_no=found.lot_no,
        serial=found.serial,
        site=found.site,
        maker=found.maker,
        part_no=found.part_no,
        location=found.location,
        scheme="own",
    )
