"""The words of the axes: custody and usability; the third axis, holds, is a set of rows."""

from typing import Annotated

from sqlalchemy import CheckConstraint, ForeignKey, Table, Text
from sqlalchemy.orm import mapped_column

from engine.db import KeyType, only_grows

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


def one_of(column: str, words: dict[str, str]) -> CheckConstraint:
    """Return the rule that a column holds one of the words, or nothing where it may be empty."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")


def freeze(table: object, *, but: tuple[str, ...] = ()) -> None:
    """Let a table only grow (`only_grows`, whose argument SQLAlchemy types as a FromClause)."""
    if not isinstance(table, Table):
        raise TypeError(table)
    only_grows(table, but=but)


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
