"""Reading what was scanned, typed or pasted: GS1 element strings, Digital Links, plain numbers.

Serials and lots are trimmed and otherwise never changed: their case and their zeros mean something.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date

from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementString
from biip.gs1_messages import GS1Message
from biip.gtin import Gtin

from engine.errors import Problem
from engine.words import N_

SEPARATORS = ("\x1d", "<GS>", "{GS}", "␝", "^")  # how scanners and label text write FNC1
SYMBOLOGIES = ("]d2", "]C1", "]Q3", "]e0", "]J1")
_BRACKETED_AI = re.compile(r"\((\d{2,4})\)")
_PLAIN_UDI = re.compile(r"01\d{14}")
_LABEL_START = re.compile(r"\(01\)\d{14}|\](?:d2|C1|Q3|e0|J1)|https?://")
_HIBC = re.compile(r"\+(?:[A-Z][A-Z0-9]{3}[A-Z0-9]+|\$)")

WRONG_CHECK_DIGIT = N_(
    "The check digit of %(di)s is wrong. Scan the label again, or type the number as printed"
)
UNREADABLE = N_(
    "“%(text)s” is not a complete device label. Scan it again, or type the serial number"
)
WRITTEN_TWICE = N_("“%(text)s” can be read in two ways. Scan the label instead of typing it")


@dataclass(frozen=True)
class Parsed:
    """What one text says: a label's parts, or a plain number that may be a serial or a lot."""

    text: str
    di: str | None = None
    lot_no: str | None = None
    serial: str | None = None
    made_on: date | None = None
    expires_on: date | None = None
    problem: Problem | None = None
    line: int = 1

    @property
    def is_label(self) -> bool:
        """Say whether this was a device label (UDI) and not a plain number."""
        return self.di is not None


def standard(text: str) -> str:
    """Return a number as we keep it: NFC, trimmed, nothing else."""
    return unicodedata.normalize("NFC", text).strip()


def parse(text: str) -> Parsed:
    """Read one text; never raises: what is wrong is in `problem`."""
    said = standard(text)
    try:
        elements = _elements(said)
    except ParseError:
        return Parsed(said, problem=Problem("", UNREADABLE, (("text", said),)))
    if elements is None:
        return _plain(said)

    return _label(said, elements)


def parse_many(text: str) -> list[Parsed]:
    """Read a pasted column: one number or label per line, empty lines left out, all problems."""
    lines = enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1)
    return [
        replace(parse(cell), line=number)
        for number, line in lines
        for cell in line.split("\t")
        if cell.strip()
    ]


def several(text: str) -> list[str]:
    """Return the scans in one text: lines and tabs apart, and labels that were run together.

    A text that is one scan comes back alone; words with spaces between stay as they are.
    """
    cells = [standard(cell) for line in text.splitlines() for cell in line.split("\t")]
    return [piece for cell in cells if cell for piece in _labels_apart(cell)]


def _labels_apart(cell: str) -> list[str]:
    starts = [found.start() for found in _LABEL_START.finditer(cell)]
    if len(starts) < 2 or starts[0] != 0:
        return [cell]

    ends = [*starts[1:], len(cell)]
    return [standard(cell[start:end]) for start, end in zip(starts, ends, strict=True)]


def looks_like_hibc(text: str) -> bool:
    """Say whether this is a HIBC label, of which we keep only the numbers printed beside it."""
    return bool(_HIBC.match(text))


def is_wrong_gtin(text: str) -> bool:
    """Say whether digits alone, as long as a GTIN, have a check digit that does not fit."""
    return text.isascii() and text.isdigit() and len(text) in (12, 13, 14) and not gtin_14(text)


def has_wrong_check_digit(text: str) -> bool:
    """Say whether this is a device label whose check digit does not fit its number."""
    problem = parse(text).problem
    return problem is not None and problem.sentence == WRONG_CHECK_DIGIT


def _elements(said: str) -> list[GS1ElementString] | None:
    if said.startswith(("http://", "https://")):
        return list(GS1DigitalLinkURI.parse(said).element_strings)
    if said.startswith("("):
        return _bracketed(said)

    symbology = said.startswith(SYMBOLOGIES)
    message = said[3:] if symbology else said
    for separator in SEPARATORS[1:]:
        message = message.replace(separator, SEPARATORS[0])
    message = message.lstrip(SEPARATORS[0])
    if not symbology and message == said and not _PLAIN_UDI.match(said):
        return None
    return list(GS1Message.parse(message).element_strings)


def _bracketed(said: str) -> list[GS1ElementString] | None:
    # the library's own reader cuts a serial at a bracket inside it: "a(b)c" became "a"
    marks = [mark for mark in _BRACKETED_AI.finditer(said) if _is_ai(mark.group(1))]
    if not marks or marks[0].start() != 0:
        return None

    ends = [*(mark.start() for mark in marks[1:]), len(said)]
    elements = []
    for mark, end in zip(marks, ends, strict=True):
        written = mark.group(1) + said[mark.end() : end].strip()
        element = GS1ElementString.extract(written)
        if len(element) != len(written):
            raise ParseError(said)
        elements.append(element)
    return elements


def _is_ai(digits: str) -> bool:
    return digits in (
        "00",
        "01",
        "02",
        "10",
        "11",
        "17",
        "20",
        "21",
        "22",
        "240",
        "241",
        "37",
        "7003",
        "8012",
    )


def _label(said: str, elements: list[GS1ElementString]) -> Parsed:
    codes = [element.ai.ai for element in elements]
    if len(codes) != len(set(codes)):
        return Parsed(said, problem=Problem("", WRITTEN_TWICE, (("text", said),)))

    by_ai = {element.ai.ai: element for element in elements}
    if "01" not in by_ai:
        return Parsed(said, problem=Problem("", UNREADABLE, (("text", said),)))

    di = by_ai["01"]
    wrong = di.gtin is None
    made, expires = by_ai.get("11"), by_ai.get("17")
    return Parsed(
        said,
        di=di.value,
        lot_no=by_ai["10"].value if "10" in by_ai else None,
        serial=by_ai["21"].value if "21" in by_ai else None,
        made_on=made.date if made else None,
        expires_on=expires.date if expires else None,
        problem=Problem("", WRONG_CHECK_DIGIT, (("di", di.value),)) if wrong else None,
    )


def _plain(said: str) -> Parsed:
    return Parsed(said, serial=said, lot_no=said)


def gtin_14(digits: str) -> str | None:
    """Return a GTIN as 14 digits, or None when its check digit or length is wrong."""
    try:
        return Gtin.parse(digits).as_gtin_14()
    except ParseError:
        return None
