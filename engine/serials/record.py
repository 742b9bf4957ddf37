"""How every command says who, when, from where, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, NotRequired, TypedDict

from engine.people.person import Person
from engine.serials.models import Event


class Mark(NamedTuple):
    """A rule that something told breaks as it comes, and what it names."""

    rule: str
    facts: Mapping[str, Any]


class How(TypedDict):
    """What every command takes by name.

    `at` is when we record it, `event_at` when it happened (the same when left out). `stream` is
    the ledger stream (`case:NC-2026-0007`); without it `data:<site>`. `documents` are numbers.
    `facts` are what the event names beside units and lots: equipment, operator, program, label, as
    `vocabulary.FACTS` lists them. `is_fact` marks what someone outside says happened: it is never
    refused. `in_import` marks the rows of a file: the one ledger entry of the batch names that file
    and stands for all of them. `marks` are flagged with the event: what whoever tells it knows
    already not to fit.
    """

    by: Person | None
    at: datetime
    event_at: NotRequired[datetime | None]
    source: NotRequired[str]
    documents: NotRequired[Sequence[str]]
    stream: NotRequired[str | None]
    reason: NotRequired[str | None]
    in_import: NotRequired[bool]
    facts: NotRequired[Mapping[str, Sequence[str]]]
    is_fact: NotRequired[bool]
    marks: NotRequired[Sequence[Mark]]


@dataclass(frozen=True)
class StockPart:
    """A quantity out of one row of a lot's stock."""

    stock_id: int
    quantity: Decimal


@dataclass(frozen=True)
class LotInput:
    """A quantity of a lot that goes into something, taken where it lies."""

    lot_id: int
    quantity: Decimal | None = None
    location_id: int | None = None
    uom: str | None = None


@dataclass(frozen=True)
class Effect:
    """What an event says of a unit's axes; None leaves one as it was."""

    custody: str | None = None
    usability: str | None = None
    location_id: int | None = None


@dataclass(frozen=True)
class Recorded:
    """What a command recorded, and what a person should know about it."""

    event: Event
    unit_ids: tuple[int, ...] = ()
    lot_id: int | None = None
    segment_id: int | None = None
    warnings: tuple[str, ...] = ()
    breach_ids: tuple[int, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
