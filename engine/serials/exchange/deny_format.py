"""What a line of the deny list says, the same for who writes it and who checks it."""

from typing import NamedTuple

FORMAT = "holdfast-deny-list/1"


class LetOut(NamedTuple):
    """A unit that may pass though its whole lot is on the list."""

    part_no: str
    di: str
    serial: str


class Entry(NamedTuple):
    """One thing that must not pass: a unit, a whole lot, or a part of one that lies somewhere."""

    kind: str  # unit, lot, stock
    part_no: str
    di: str
    number: str  # the serial, or the lot number
    location: str
    quantity: str
    cases: str
    reasons: str
    also: str  # what other systems call it, one name on a line


COLUMNS = list(Entry._fields)
