"""Reading ICCBBA labels (ISBT 128) of devices with human tissue: data structures in a row.

Unverified: the table is that of public pages, not the text of ISBT 128 ST-001 and ST-011, which
is to be had from ICCBBA and was not compared: FDA, "UDI formats by FDA-accredited issuing agency"
(ICCBBA rows), and the label page of IDAutomation (barcode-faq/udi/iccbba-udi). The check character
of a donation number (ISO/IEC 7064, mod 37-2) is printed beside the code; where its two flag digits
carry it (60 to 96: 60 and the place of the character) it is verified.
"""

import re
from datetime import date, timedelta
from typing import NamedTuple

from engine.serials.identifiers.parsed import WRONG_CHECK_DIGIT, Broken, Said


class Structure(NamedTuple):
    """One data structure: the two characters that name it, what follows, what it is."""

    mark: str
    form: str
    name: str


STRUCTURES = (
    Structure("=/", r"[A-Z0-9]{16}", "di"),
    Structure("=,", r"[A-Z0-9]{6}", "serial"),
    Structure("=>", r"\d{6}", "expires_on"),
    Structure("=}", r"\d{6}", "made_on"),
    Structure("&,1", r"[A-Za-z0-9]{18}", "lot_no"),
    Structure("=", r"[A-NP-Z1-9][A-Z0-9]{14}", "donation"),  # its second mark is its first letter
)
# mod 37-2: each character stands for its place in this row
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
_FLAGGED = range(60, 60 + len(CHARACTERS))
_BEGINS = re.compile(r"=\+\d{5}|=/[A-Z0-9]{16}")
_COMPOUND = re.compile(r"=\+(?P<count>\d{2})\d{3}")
_CENTURIES = {"9": 1900, "0": 2000, "1": 2100}  # the first digit of a date: cYYJJJ


def looks_like(text: str) -> bool:
    """Say whether this begins as a compound message or a device identifier of ICCBBA does."""
    return _BEGINS.match(text) is not None


def read(text: str) -> Said:
    """Read one code or a compound message; raises `Broken`.

    Only a donation number may carry a check character. It stays among the elements: it names the
    gift.
    """
    compound = _COMPOUND.match(text)
    rest = text[compound.end() :] if compound else text
    said = Said()
    while rest:
        rest = rest[_take(rest, said) :]
    if said.di is None or (compound and int(compound["count"]) != len(said.elements)):
        raise Broken
    return said


def _take(rest: str, said: Said) -> int:
    for mark, form, name in STRUCTURES:
        found = re.match(re.escape(mark) + f"({form})", rest)
        if found is None:
            continue
        if any(mark == seen for seen, _ in said.elements):
            raise Broken
        said.elements += ((mark, found[1]),)
        if name == "donation":
            _verify(found[1])
        else:
            setattr(said, name, _day(found[1]) if name.endswith("_on") else found[1])
        return found.end()
    raise Broken


def check_character(donation: str) -> str:
    """Return the mod 37-2 character of the thirteen of a donation number."""
    sum_ = 0
    for character in donation:
        sum_ = (sum_ + CHARACTERS.index(character)) * 2 % 37
    return CHARACTERS[(38 - sum_) % 37]


def _verify(donation: str) -> None:
    number, flags = donation[:13], donation[13:]
    if not flags.isdecimal() or int(flags) not in _FLAGGED:
        return
    if check_character(number) != CHARACTERS[int(flags) - _FLAGGED.start]:
        raise Broken(WRONG_CHECK_DIGIT, di=number)


def _day(text: str) -> date:
    century = _CENTURIES.get(text[0])
    ordinal = int(text[3:])
    if century is None or not 1 <= ordinal <= 366:
        raise Broken
    first = date(century + int(text[1:3]), 1, 1)
    day = first + timedelta(days=ordinal - 1)
    if day.year != first.year:
        raise Broken
    return day
