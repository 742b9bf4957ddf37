"""What the value of one GS1 element may be: its characters, its lengths, its check digits."""

import re
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from datetime import date

from biip.checksums import gs1_standard_check_digit

from engine.serials.identifiers.dictionary import Component, Identifier
from engine.serials.identifiers.parsed import WRONG_CHECK_DIGIT, Broken

# GS1 General Specifications, figures 7.11-1 (CSET 82) and 7.11-2 (CSET 39); RFC 4648 section 5
CHARACTERS = {
    "N": re.compile(r"[0-9]+"),
    "X": re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+"),
    "Y": re.compile(r"[#\-/0-9A-Z]+"),
    "Z": re.compile(r"[\-0-9A-Z_a-z]+={0,2}"),
}
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# the pair of check characters of a GMN: General Specifications, section 7.9.5
_GMN_VALUES = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_GMN_PAIR = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)


def check(identifier: Identifier, value: str) -> None:
    """Raise `Broken` when a value is not one of this application identifier."""
    rest = value
    for component in identifier.components:
        if component.is_optional and not rest:
            return
        part, rest = rest[: component.most], rest[component.most :]
        _check_part(component, part, value)
    if rest:
        raise Broken


def _check_part(component: Component, part: str, value: str) -> None:
    if len(part) < component.least or not CHARACTERS[component.kind].fullmatch(part):
        raise Broken
    for test in component.tests:
        if test == "csum" and not _has_check_digit(part):
            raise Broken(WRONG_CHECK_DIGIT, di=part)
        if test == "csumalpha" and not _has_check_pair(part):
            raise Broken(WRONG_CHECK_DIGIT, di=part)
        if not TESTS.get(test, _any)(part):
            raise Broken
    if component.kind == "Z":
        try:
            urlsafe_b64decode(part + "=" * (-len(part) % 4))
        except NotBase64 as broken:
            raise Broken from broken


def _any(part: str) -> bool:
    return True


def _has_check_digit(digits: str) -> bool:
    return int(digits[-1]) == gs1_standard_check_digit(digits[:-1])


def _has_check_pair(model: str) -> bool:
    return len(model) > 2 and model[-2:] == check_pair(model[:-2])


def check_pair(model: str) -> str:
    """Return the two check characters of a model number (GMN, Basic UDI-DI)."""
    weighed = zip(reversed(model), _PRIMES, strict=False)
    total = sum(_GMN_VALUES.index(character) * weight for character, weight in weighed) % 1021
    return _GMN_PAIR[total // 32] + _GMN_PAIR[total % 32]


def _is_day(digits: str, *, may_be_month: bool = False) -> bool:
    """Say whether YYMMDD or YYYYMMDD is a day; the year of two digits is of this century here."""
    year, month, day = int(digits[:-4]), int(digits[-4:-2]), int(digits[-2:])
    try:
        date(year if year > 99 else 2000 + year, month, 1 if may_be_month and not day else day)
    except ValueError:
        return False
    return True


def _is_time(digits: str) -> bool:
    return int(digits[:2]) < 24 and int(digits[2:]) < 60


TESTS: Mapping[str, Callable[[str], bool]] = {
    "yymmdd": _is_day,
    "yyyymmdd": _is_day,
    "yymmd0": lambda part: _is_day(part, may_be_month=True),
    "hhmi": _is_time,
    "hh": lambda part: int(part) < 24,
    "mi": lambda part: int(part) < 60,
    "ss": lambda part: int(part) < 60,
    "zero": lambda part: not int(part),
    "nonzero": lambda part: int(part) > 0,
    "nozeroprefix": lambda part: part == "0" or not part.startswith("0"),
    "winding": lambda part: part in ("0", "1", "9"),
    "yesno": lambda part: part in ("0", "1"),
    "hyphen": lambda part: part == "-",
    "iso5218": lambda part: part in ("0", "1", "2", "9"),
    "hasnondigit": lambda part: not part.isdigit(),
    "importeridx": lambda part: part not in "!\"%&'()*+,./:;<=>?",
    "pieceoftotal": lambda part: 0 < int(part[:2]) <= int(part[2:]),
    "posinseqslash": lambda part: part[0].isdigit() and part[1] == "/" and part[2].isdigit(),
    "pcenc": lambda part: not _PERCENT.search(part),
    "gcppos1": lambda part: part[:4].isdigit(),
    "gcppos2": lambda part: part[1:5].isdigit(),
}
