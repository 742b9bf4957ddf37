"""One cell at a time: from what a file says to standardised text, or to what is wrong with it.

Serial and lot numbers are trimmed and otherwise never changed: their case and their zeros mean
something.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from biip import ParseError
from biip.gln import Gln

from engine.clock import FIRST_YEAR
from engine.serials.identifiers import gtin_14, standard
from engine.serials.intake.layouts import Column
from forms.kinds.country import countries

MOST_OF_A_NUMBER = 100  # characters: GS1 allows 20, HIBC 18; a legacy system joins several
MOST_OF_A_TEXT = 4_000
ORDERS = ("dmy", "mdy")  # what 03/04/2026 may mean

Facts = dict[str, object]


class Cell(NamedTuple):
    """A cell as we keep it, and the code of what is wrong with it, if anything."""

    text: str
    code: str = ""
    facts: Facts = {}  # noqa: RUF012  nobody changes it


Reader = Callable[[str], Cell]
ROUNDED = "\x1e"  # before a number that a workbook itself no longer holds in full
REMEMBERED = 50_000


class Cells(dict[str, Cell]):
    """The cells of one column as we keep them, by what the file says: each is read once."""

    def __init__(self, read: Reader, aliases: Mapping[str, str], *, plain: int = 0) -> None:
        super().__init__()
        self.read, self.aliases = read, aliases
        self.plain = 0 if aliases else plain  # printable ASCII up to this length is as it should be

    def of(self, column: list[str]) -> tuple[list[str], dict[int, Cell]]:
        """Return a column as we keep it, and the cells that something is wrong with by place."""
        if not self.plain:
            said = list(map(self.__getitem__, column))
            wrong = {place: cell for place, cell in enumerate(said) if cell[1]}
            return [cell[0] for cell in said], wrong

        texts = [
            text.strip()
            if text.isascii() and text.isprintable() and len(text) <= self.plain
            else ODD
            for text in column
        ]
        odd = {place: self[column[place]] for place, text in enumerate(texts) if text is ODD}
        for place, cell in odd.items():
            texts[place] = cell.text
        return texts, {place: cell for place, cell in odd.items() if cell.code}

    def __missing__(self, raw: str) -> Cell:
        if len(self) > REMEMBERED:
            self.clear()
        cell = self[raw] = self._read(raw)
        return cell

    def _read(self, raw: str) -> Cell:
        if raw.startswith(ROUNDED):
            return Cell(raw[1:], "number_rounded", {"value": raw[1:]})
        text = raw.strip() if raw.isascii() else standard(raw)
        return self.read(self.aliases.get(text, text)) if text else EMPTY


EMPTY = Cell("")
ODD = "\x00odd"  # known by being this very text: what needs a closer look


def reader(column: Column, *, dates: str = "", aliases: Mapping[str, str] | None = None) -> Cells:
    """Return what reads the cells of a column; `dates` is the order where it is not plain.

    `aliases` say what a source's words mean here (“ACME GmbH” is PARTY-12).
    """
    plain = MOST_OF_A_NUMBER if column.type == "exact" else 0
    return Cells(_reader(column, dates), aliases or {}, plain=plain)


def _reader(column: Column, dates: str) -> Reader:  # noqa: PLR0911  one line per type
    match column.type:
        case "date":
            return lambda text: _date(text, dates)
        case "quantity":
            return _quantity
        case "integer":
            return _whole
        case "json":
            return Cell  # a document's event: what is wrong with it, the standard's schema says
        case "choice":
            return lambda text: _choice(text, column.words or {})
        case "country":
            return _country
        case "gtin":
            return _gtin
        case "gln":
            return _gln
        case "exact" | "ref":
            return lambda text: _clean(text, MOST_OF_A_NUMBER)
        case _:
            return lambda text: _clean(text, MOST_OF_A_TEXT)


def _clean(text: str, most: int) -> Cell:
    if len(text) > most:
        return Cell(text[:most], "too_long", {"length": len(text), "most": most})
    if text.isascii() and text.isprintable():
        return Cell(text)
    for letter in text:
        # controls, formats (zero width), surrogates, private use, and what a wrong encoding leaves
        if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") or letter == "�":
            shown = "".join(one if one.isprintable() else "�" for one in text)
            return Cell(
                shown, "odd_character", {"value": shown, "character": f"U+{ord(letter):04X}"}
            )
    return Cell(text)


# --- dates -----------------------------------------------------------------------------------

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar",
            "feb february februar",
            "mar march mär märz mrz",
            "apr april",
            "may mai",
            "jun june juni",
            "jul july juli",
            "aug august",
            "sep sept september",
            "oct october okt oktober",
            "nov november",
            "dec december dez dezember",
        ),
        start=1,
    )
    for name in names.split()
}
_YEAR_FIRST = re.compile(
    r"(\d{4})(?:[-/.]|年)(\d{1,2})(?:[-/.]|月)(\d{1,2})日?"
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?: \d{1,2}:\d{2}(?::\d{2})?)?")
_NAMED = re.compile(r"(\d{1,2})[-. ]+([A-Za-zä]+)[-. ,]+(\d{4})")


def _date(text: str, order: str) -> Cell:
    for form in (_YEAR_FIRST, _COMPACT):
        if found := form.fullmatch(text):
            return _day(text, *map(int, found.groups()))
    if found := _NAMED.fullmatch(text):
        month = _MONTHS.get(found[2].casefold(), 0)
        return _day(text, int(found[3]), month, int(found[1]))
    if found := _YEAR_LAST.fullmatch(text):
        return _year_last(text, int(found[1]), found[2], int(found[3]), int(found[4]), order)
    return Cell(text, "not_a_date", {"value": text})


def _year_last(text: str, first: int, mark: str, second: int, year: int, order: str) -> Cell:
    if mark == "." and order != "mdy":
        order = "dmy"  # nobody writes the month first with full stops
    if not order:
        if first > 12:
            order = "dmy"
        elif second > 12:
            order = "mdy"
        elif first != second:
            return Cell(text, "ambiguous_date", {"value": text})
    day, month = (second, first) if order == "mdy" else (first, second)
    return _day(text, year, month, day)


def _day(text: str, year: int, month: int, day: int) -> Cell:
    try:
        on = date(year, month, day)
    except ValueError:
        return Cell(text, "not_a_date", {"value": text})
    if on.year < FIRST_YEAR:
        return Cell(text, "long_ago", {"value": text})
    return Cell(on.isoformat())


def order_shown(texts: list[str]) -> str:
    """Return which order the dates of a column show, `?` where they leave it open, "" if plain."""
    open_ = False
    for text in texts:
        found = _YEAR_LAST.fullmatch(standard(text))
        if found is None or found[2] == ".":
            continue
        first, second = int(found[1]), int(found[3])
        if first > 12 >= second:
            return "dmy"
        if second > 12 >= first:
            return "mdy"
        open_ = open_ or first != second
    return "?" if open_ else ""


# --- numbers and codes -----------------------------------------------------------------------


# digits alone: a sheet turns a number or a serial into 1e9, and nobody sees what it was
_NUMBER = re.compile(r"\d{1,12}(?:\.\d{0,6}0*)?|\.\d{1,6}0*", re.ASCII)


def _quantity(text: str) -> Cell:
    if not _NUMBER.fullmatch(text) or (quantity := Decimal(text)) <= 0:
        return Cell(text, "not_a_quantity", {"value": text})
    return Cell(f"{quantity:f}")


def _whole(text: str) -> Cell:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        return Cell(text, "not_a_count", {"value": text})
    return Cell(str(int(text)))


def _choice(text: str, words: Mapping[str, str]) -> Cell:
    for code, label in words.items():
        if text.casefold() in (code, label.casefold()):
            return Cell(code)
    return Cell(text, "not_a_choice", {"value": text, "choices": ", ".join(words)})


def _country(text: str) -> Cell:
    code = text.upper()
    if code not in countries("en"):
        return Cell(text, "not_a_country", {"value": text})
    return Cell(code)


def _gtin(text: str) -> Cell:
    gtin = gtin_14(text)
    return Cell(text, "wrong_check_digit", {"value": text}) if gtin is None else Cell(gtin)


def _gln(text: str) -> Cell:
    try:
        Gln.parse(text)
    except ParseError:
        return Cell(text, "wrong_check_digit", {"value": text})
    return Cell(text)
