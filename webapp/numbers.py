"""Whole numbers as addresses and forms carry them: one that can be used, or none."""

from webapp.config import LARGEST_ID


def whole(text: str | None, *, most: int = LARGEST_ID) -> int | None:
    """Return the whole number from 0 to `most` that a text is, None where it is none.

    However long the text is: Python reads no more than 4,300 digits, and a database fewer.
    """
    said = text or ""
    if not (said.isascii() and said.isdecimal()):
        return None
    digits = said.lstrip("0") or "0"
    number = int(digits) if len(digits) <= len(str(most)) else most + 1
    return number if number <= most else None
