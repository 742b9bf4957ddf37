"""Reading HIBC labels: the primary code (which device), the secondary (lot, serial, dates), both.

Unverified: the tables below are those of public pages, not the text of ANSI/HIBC 2.x, which is
to be had from HIBCC and was not compared: FDA, "UDI formats by FDA-accredited issuing agency"
(HIBCC rows), and the label pages of IDAutomation (barcode-faq/udi/hibc and hibcc-udi).
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, datetime

from engine.serials.identifiers.parsed import SECOND_CODE, WRONG_CHECK_DIGIT, Broken, Said

# mod 43: each character stands for its place in this row (the order of Code 39)
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
# +, labeler (one letter, three letters or digits), product (1-18), unit of measure (one digit)
PRIMARY = re.compile(r"\+(?P<di>[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9])")
_BEGINS = re.compile(r"\+(?:[A-Z][A-Z0-9]{3}[A-Z0-9]+|\$)")
# the date after $$ is of the form that its first digit names; 0 and 1 begin a month, MMYY
_DATES: Mapping[str, tuple[int, Callable[[str], date]]] = {
    "2": (6, lambda text: _day(text, "%m%d%y")),
    "3": (6, lambda text: _day(text, "%y%m%d")),
    "4": (8, lambda text: _day(text[:6], "%y%m%d")),  # and the hour
    "5": (5, lambda text: _day(text, "%y%j")),
    "6": (7, lambda text: _day(text[:5], "%y%j")),  # and the hour
}
_QUANTITY = re.compile(r"(?:8(?P<short>\d{2})|9(?P<long>\d{5}))")


def looks_like(text: str) -> bool:
    """Say whether this is made like a HIBC label: a plus, then a labeler or a secondary code."""
    return _BEGINS.match(text) is not None


def trimmed(text: str) -> str:
    """Return a label without what is around it, but with a check character that is a space."""
    code = text.strip()
    return code + " " if text.endswith(" ") and looks_like(code) and _lacks_space(code) else code


def _lacks_space(code: str) -> bool:
    try:
        return check_character(code) == " "
    except Broken:
        return False


def check_character(data: str) -> str:
    """Return the mod 43 character of everything before it; raises `Broken`."""
    places = [CHARACTERS.find(character) for character in data]
    if -1 in places:
        raise Broken
    return CHARACTERS[sum(places) % 43]


def read(text: str) -> Said:
    """Read one label, with or without the asterisks of Code 39; raises `Broken`."""
    code = text.strip("*")
    data, check = code[:-1], code[-1:]
    if len(data) < 2 or check_character(data) != check:
        raise Broken(WRONG_CHECK_DIGIT, di=code)

    first, _, rest = data.partition("/")
    primary = PRIMARY.fullmatch(first)
    if primary is None:
        _read_second(data[1:-1].split("/"), Said())  # the last character links it to the first code
        raise Broken(SECOND_CODE)
    said = Said(di=primary["di"], elements=(("+", primary["di"]),))
    if rest:
        _read_second(rest.split("/"), said)
    return said


def join(first: str, second: str) -> str | None:
    """Return the one code of a primary and the secondary that belongs to it, or None.

    The last character before the secondary's own check character is that of the primary.
    """
    first, second = first.strip("*"), second.strip("*")
    if not (PRIMARY.fullmatch(first[:-1]) and second.startswith("+") and len(second) > 3):
        return None
    if PRIMARY.fullmatch(second[:-1]) or "/" in first or second[-2] != first[-1]:
        return None
    if not (_is_right(first) and _is_right(second)):
        return None
    joined = f"{first[:-1]}/{second[1:-2]}"
    return joined + check_character(joined)


def _is_right(code: str) -> bool:
    try:
        return check_character(code[:-1]) == code[-1]
    except Broken:
        return False


def _read_second(parts: list[str], said: Said) -> None:
    for number, part in enumerate(parts):
        if number == 0 and (part[:1] == "$" or part[:5].isdigit()):
            _read_lot(part, said)
            mark = "$"
        else:
            mark = _read_more(part, said)
        said.elements += ((mark, part.removeprefix(mark)),)


def _read_lot(part: str, said: Said) -> None:
    if not part.startswith("$"):
        said.expires_on, said.lot_no = _day(part[:5], "%y%j"), part[5:] or None
        return

    is_serial = part.startswith(("$+", "$$+"))
    rest = part.removeprefix("$").removeprefix("$").removeprefix("+")
    if part.startswith("$$"):
        rest = _without_quantity(rest)
        said.expires_on, rest = _dated(rest)
    if is_serial:
        said.serial = rest or None
    else:
        said.lot_no = rest or None


def _read_more(part: str, said: Said) -> str:
    """Read one supplemental element; one that we do not use is kept as it stands."""
    if part.startswith(("16D", "14D")):
        day = _day(part[3:], "%Y%m%d")
        if part.startswith("16D"):
            said.made_on = day
        else:
            said.expires_on = day
        return part[:3]
    if part.startswith("S") and len(part) > 1:
        said.serial = part[1:]
        return "S"
    if not part:
        raise Broken
    return part[0]


def _without_quantity(rest: str) -> str:
    found = _QUANTITY.match(rest)
    return rest[found.end() :] if found else rest


def _dated(rest: str) -> tuple[date | None, str]:
    flag = rest[:1]
    if flag == "7":
        return None, rest[1:]
    if flag in _DATES:
        length, day = _DATES[flag]
        return day(rest[1 : 1 + length]), rest[1 + length :]
    if flag in ("0", "1"):
        first = _day(rest[:4], "%m%y")
        return first.replace(day=monthrange(first.year, first.month)[1]), rest[4:]
    if flag:
        raise Broken
    return None, rest


def _day(text: str, form: str) -> date:
    try:
        # the day of a label has no zone; two digits of a year are of the years 1969 to 2068
        found = datetime.strptime(text, form).date()  # noqa: DTZ007
    except ValueError as broken:
        raise Broken from broken
    if found.strftime(form) != text:
        raise Broken
    return found
