"""What begins with a text, as a range that an index answers.

Never LIKE: on SQLite it ignores case, and on neither database does it use these indexes.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import InstrumentedAttribute

LAST = 0x10FFFF
SURROGATES = (0xD800, 0xE000)  # no characters between these; no database keeps one


def begins(column: InstrumentedAttribute[Any], prefix: str) -> ColumnElement[bool]:
    """Return the condition that a column, compared byte by byte, begins with `prefix`."""
    end = following(prefix)
    return column >= prefix if end is None else and_(column >= prefix, column < end)


def following(prefix: str) -> str | None:
    """Return the first text after all that begin with `prefix`; None where there is none."""
    for place in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[place]) + 1
        if code == SURROGATES[0]:
            code = SURROGATES[1]
        if code <= LAST:
            return prefix[:place] + chr(code)
    return None
