"""The words of the axes, custody and usability, and their numbers; holds are a set of rows."""

from collections.abc import Mapping
from typing import Annotated

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator

from engine.db import KeyType

CUSTODIES = {
    "in_house": "In house",
    "in_transit": "In transit",
    "at_third_party": "At a third party",
    "at_consignee": "At a consignee",
    "returned": "Returned, not yet checked",
    "consumed": "Consumed in production",
    "destroyed": "Destroyed",
    "never_existed": "Never existed, recorded in error",
    "unknown": "Not known",
}
USABILITIES = {
    "unreleased": "Not released",
    "conforming": "Conforming",
    "nonconforming": "Nonconforming",
    "scrapped": "Scrapped",
    "unknown": "Not known",
}
IN_OUR_HANDS = ("in_house", "returned")  # what a person here can touch, hold and count
GONE = ("consumed", "destroyed", "never_existed")  # nothing of it lies anywhere any more
OUT_OF_CONTROL = ("in_transit", "at_consignee", "unknown")


class Coded(TypeDecorator[str]):
    """A word kept as a small number: eight rows of a device say three words each.

    A word that there is not is kept as 0: no row has it, and the rule of the column refuses it.
    """

    impl = SmallInteger
    cache_ok = True

    def __init__(self, codes: Mapping[str, int]) -> None:
        """Keep the words; a number is never given another word, for stored rows bear it."""
        super().__init__()
        self.codes = tuple(codes.items())
        self._code = dict(codes)
        self._word = {number: word for word, number in codes.items()}

    def process_bind_param(self, value: str | None, dialect: Dialect) -> int | None:
        return None if value is None else self.code(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> str | None:
        return None if value is None else self._word[value]

    def code(self, word: str) -> int:
        """Return the number of a word, for SQL that is written as text."""
        return self._code.get(word, 0)

    def rule(self, column: str) -> CheckConstraint:
        """Return the rule that a column holds one of the numbers."""
        listed = ", ".join(str(number) for _, number in self.codes)
        return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")


CUSTODY = Coded(
    {
        "in_house": 1,
        "in_transit": 2,
        "at_third_party": 3,
        "at_consignee": 4,
        "returned": 5,
        "consumed": 6,
        "destroyed": 7,
        "never_existed": 8,
        "unknown": 9,
    }
)
USABILITY = Coded(
    {"unreleased": 1, "conforming": 2, "nonconforming": 3, "scrapped": 4, "unknown": 5}
)
# what a unit is to an event: it is about it, about what it is inside, or moves one in or out
LINK_ROLE = Coded({"subject": 1, "removed": 2, "host": 3, "child": 4, "carried": 5})
Custody = Annotated[str, mapped_column(CUSTODY)]
Usability = Annotated[str, mapped_column(USABILITY)]


def one_of(column: str, words: Mapping[str, object]) -> CheckConstraint:
    """Return the rule that a column holds one of the words, or nothing where it may be empty."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")


PartyRef = Annotated[int, mapped_column(KeyType, ForeignKey("party.id"))]
LocationRef = Annotated[int, mapped_column(KeyType, ForeignKey("location.id"))]
PartRef = Annotated[int, mapped_column(KeyType, ForeignKey("part.id"))]
LotRef = Annotated[int, mapped_column(KeyType, ForeignKey("lot.id"))]
SegmentRef = Annotated[int, mapped_column(KeyType, ForeignKey("segment.id"))]
NodeRef = Annotated[int, mapped_column(KeyType, ForeignKey("trace_node.id"))]
UnitRef = Annotated[int, mapped_column(KeyType, ForeignKey("unit.id"))]
EventRef = Annotated[int, mapped_column(KeyType, ForeignKey("event.id"))]
HoldRef = Annotated[int, mapped_column(KeyType, ForeignKey("hold.id"))]

# serials and lot numbers compare byte by byte: their case and their zeros mean something
Exact = Annotated[str, mapped_column(Text().with_variant(Text(collation="C"), "postgresql"))]
