"""What labels say: GS1, HIBC and ICCBBA read into device identifier, lot, serial and dates."""

from engine.serials.identifiers.parsed import Parsed, standard
from engine.serials.identifiers.parsing import (
    gtin_14,
    has_wrong_check_digit,
    is_wrong_gtin,
    join,
    parse,
    parse_many,
    several,
)

__all__ = [
    "Parsed",
    "gtin_14",
    "has_wrong_check_digit",
    "is_wrong_gtin",
    "join",
    "parse",
    "parse_many",
    "several",
    "standard",
]
