"""Ranges and beginnings of numbers as conditions that an index answers.

A range is plain when both ends share what stands before their last figures and have as many
figures: then what lies between is the same to a person and to a byte.
"""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.orm import InstrumentedAttribute

_LAST_FIGURES = re.compile(r"(.*?)(\d+)", re.DOTALL)
FIGURES = "0123456789"


@dataclass(frozen=True)
class Range:
    """A plain range: `AP0447` to `AP0463`."""

    first: str
    last: str
    before: str
    width: int

    @property
    def count(self) -> int:
        """Return how many numbers there are in it."""
        return int(self.last[len(self.before) :]) - int(self.first[len(self.before) :]) + 1


def plain_range(first: str, last: str) -> Range | None:
    """Return the range; None where it is not plain: another beginning or width, or reversed."""
    one, other = _LAST_FIGURES.fullmatch(first), _LAST_FIGURES.fullmatch(last)
    if one is None or other is None or not (one[2] + other[2]).isascii():
        return None
    if one[1] != other[1] or len(one[2]) != len(other[2]):
        return None
    if int(one[2]) > int(other[2]):
        return None
    return Range(first, last, one[1], len(one[2]))


def begin_alike(first: str, last: str) -> bool:
    """Say whether two numbers share what stands before their last figures: `V260100-V2601010`."""
    one, other = _LAST_FIGURES.fullmatch(first), _LAST_FIGURES.fullmatch(last)
    return one is not None and other is not None and one[1] == other[1]


def whole_end(first: str, last: str) -> str | None:
    """Return the end that an abbreviation may mean: `AP0447-63` may end at `AP0463`."""
    one = _LAST_FIGURES.fullmatch(first)
    if one is None or not last.isdecimal() or len(last) >= len(one[2]):
        return None
    end = one[1] + one[2][: len(one[2]) - len(last)] + last
    return end if plain_range(first, end) else None


def within(column: InstrumentedAttribute[Any], range: Range) -> ColumnElement[bool]:
    """Return the condition that a column, compared byte by byte, lies in a plain range."""
    return and_(
        column >= range.first,
        column <= range.last,
        func.length(column) == len(range.first),
        # A1X0 lies between A100 and A200 byte by byte, and is none of them
        func.ltrim(func.substr(column, len(range.before) + 1), FIGURES) == "",
    )
