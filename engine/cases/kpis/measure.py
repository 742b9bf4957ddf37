"""What a key figure is made of: a window, numbers that may be unknown, and the rows behind them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, case as when, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.bpmn.models import Instance, Task
from engine.cases.models import Case
from engine.cases.recalls.models import Succession
from engine.serials.night.figures import wilson
from engine.serials.sets import is_sqlite
from engine.words import N_

NOTHING = N_("Nothing of the kind was recorded in this time")
REAL = Case.is_drill.is_(False)  # practice is nobody's performance
# a recall that ended in another: what it was about is counted and sealed there
GOES_ON = select(Succession.case_id).where(Succession.case_id == Case.id).exists()
DAY = 86_400
Moment: TypeAlias = ColumnElement[Any] | InstrumentedAttribute[Any]  # a column of moments


@dataclass(frozen=True)
class Window:
    """The days that are looked at, both included, in UTC; `at` is now."""

    first: date
    last: date
    at: datetime

    @property
    def since(self) -> datetime:
        """Return the first moment of the window."""
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)

    @property
    def until(self) -> datetime:
        """Return the first moment after it."""
        after = self.last + timedelta(days=1)
        return datetime(after.year, after.month, after.day, tzinfo=UTC)

    def holds(self, moment: datetime | None) -> bool:
        """Say whether a moment lies in it."""
        return moment is not None and self.since <= moment < self.until

    def within(self, column: Moment) -> ColumnElement[bool]:
        """Return the condition that a column of moments lies in it."""
        return (column >= self.since) & (column < self.until)


@dataclass(frozen=True)
class Figure:
    """One number; where `value` is None, `why` says why it is not known.

    `unit`: percent, seconds, milliseconds, count, quantity, money, score, days.
    `group` is a code of `group_kind`: role, country, class, step, category, currency, month,
    control, account.
    """

    label: str
    value: Decimal | None
    unit: str
    good: Decimal | None = None  # of a share
    of: Decimal | None = None
    interval: tuple[float, float] | None = None
    currency: str = ""
    why: str = ""
    group: str = ""
    group_kind: str = ""


@dataclass(frozen=True)
class Bucket:
    """How many could not be judged, and why: never counted as good or bad."""

    label: str
    count: Decimal | int


@dataclass(frozen=True)
class Measured:
    """A key figure as it stands: the number it is known by, others beside it, and by group."""

    main: Figure
    beside: tuple[Figure, ...] = ()
    groups: tuple[Figure, ...] = ()
    unknown: tuple[Bucket, ...] = ()


@dataclass(frozen=True)
class Col:
    """One column of the rows: its name for files, its words, and what its values are.

    `kind`: text, case, night, person, role, country, step, category, class, moment, day, hours,
    percent, integer, quantity, yes_no, words (a msgid).
    """

    name: str
    label: str
    kind: str = "text"


@dataclass(frozen=True)
class Rows:
    """The rows that a number counts."""

    columns: tuple[Col, ...]
    rows: Sequence[Sequence[Any]]


# --- reckoning -------------------------------------------------------------------------------


def share(
    label: str, good: Decimal | int, of: Decimal | int, *, why: str = NOTHING, **more: Any
) -> Figure:
    """Return good ÷ all as a share with its 95 % interval; of nothing it is not known."""
    if not of:
        return Figure(label, None, "percent", why=why, **more)
    good, of = Decimal(good), Decimal(of)
    whole = good == good.to_integral_value() and of == of.to_integral_value() and good <= of
    interval = wilson(int(good), int(of)) if whole else None
    return Figure(label, good / of, "percent", good=good, of=of, interval=interval, **more)


def count(label: str, many: Decimal | int, *, unit: str = "count", **more: Any) -> Figure:
    """Return a number that is known, also where it is zero."""
    return Figure(label, Decimal(many), unit, **more)


def median(label: str, values: Iterable[Decimal | float | int], **more: Any) -> Figure:
    """Return the median of durations in seconds; of none it is not known."""
    found = sorted(Decimal(str(value)) for value in values)
    if not found:
        return Figure(label, None, "seconds", why=NOTHING, **more)
    low, high = found[(len(found) - 1) // 2], found[len(found) // 2]
    return Figure(label, (low + high) / 2, "seconds", of=Decimal(len(found)), **more)


def rank(label: str, values: Iterable[Decimal | float | int], percent: int, **more: Any) -> Figure:
    """Return the value that so many percent do not exceed (nearest rank), in seconds."""
    found = sorted(Decimal(str(value)) for value in values)
    if not found:
        return Figure(label, None, "seconds", why=NOTHING, **more)
    return Figure(label, found[-(-len(found) * percent // 100) - 1], "seconds",
                  of=Decimal(len(found)), **more)  # fmt: skip


def most(label: str, values: Iterable[Decimal | float | int], **more: Any) -> Figure:
    """Return the longest of durations in seconds."""
    return rank(label, values, 100, **more)


def seconds(first: datetime, last: datetime) -> int:
    """Return the calendar time between two moments, in seconds."""
    return round((last - first).total_seconds())


def working_seconds(first: datetime, last: datetime) -> int:
    """Return the part of it that lies on Monday to Friday in UTC; holidays are not taken off."""
    if last <= first:
        return 0
    weeks, rest = divmod(seconds(first, last), 7 * DAY)
    worked = weeks * 5 * DAY
    here = last - timedelta(seconds=rest)
    while here < last:
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        end = min(midnight, last)
        if here.weekday() < 5:
            worked += round((end - here).total_seconds())
        here = end
    return worked


def between(db: Session, first: Moment, last: Moment) -> ColumnElement[Any]:
    """Return the SQL of the seconds between two columns."""
    if is_sqlite(db):
        return func.round((func.julianday(last) - func.julianday(first)) * DAY)
    return func.round(func.extract("epoch", last) - func.extract("epoch", first))


def of_real_cases(asked: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Join tasks with their cases, also those of a case that was reopened under another tree."""
    return (
        asked.join(Instance, Instance.id == Task.root_id)
        .join(Case, Case.number == Instance.business_key)
        .where(REAL)
    )


def ranked(asked: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Return per group of (group, value): the group, how many, median, 90 % and the most.

    One statement with window functions: neither database ranks alike by itself.
    """
    rows = asked.subquery()
    group, value = rows.c[0], rows.c[1]
    numbered = select(
        group.label("of"),
        value.label("value"),
        func.row_number().over(partition_by=group, order_by=value).label("place"),
        func.count().over(partition_by=group).label("many"),
    ).subquery()
    place, many = numbered.c.place, numbered.c.many
    return (
        select(
            numbered.c.of,
            func.max(many),
            func.avg(when((place.in_(((many + 1) // 2, (many + 2) // 2)), numbered.c.value))),
            func.max(when((place == (many * 9 + 9) // 10, numbered.c.value))),
            func.max(numbered.c.value),
        )
        .group_by(numbered.c.of)
        .order_by(numbered.c.of)
    )
