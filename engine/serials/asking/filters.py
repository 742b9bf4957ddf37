"""What rows are narrowed to: is, begins with, between, one of, is empty; each by its type."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_

from engine.db import SCALE
from engine.errors import Invalid, Problem
from engine.people.person import Person
from engine.serials.asking.columns import Chosen, chosen
from engine.serials.begins import following
from engine.words import N_

OPERATORS: Mapping[str, str] = {
    "is": N_("is"),
    "begins": N_("begins with"),
    "between": N_("between"),
    "one_of": N_("one of"),
    "empty": N_("is empty"),
    "not_empty": N_("is not empty"),
}
MOST = 1_000  # values of one "one of"
LARGEST = 2**63 - 1
_ORDERED = ("date", "datetime", "quantity", "integer")
_TEXTS = ("text", "exact", "gtin", "gln", "country", "ref", "person")


@dataclass(frozen=True)
class Filter:
    """One condition on a column; `values` are texts as they were typed."""

    path: str
    operator: str
    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Filter":
        """Return the filter that a saved report keeps."""
        return cls(said["path"], said["operator"], tuple(said["values"]))

    def kept(self) -> dict[str, Any]:
        """Return it as a saved report keeps it."""
        return {"path": self.path, "operator": self.operator, "values": list(self.values)}


def operators_of(column: Chosen) -> tuple[str, ...]:
    """Return what can be asked of a column."""
    kind = column.field.type
    if column.key or kind == "json":
        return () if column.key else ("empty", "not_empty")
    if kind in _ORDERED:
        return ("is", "between", "one_of", "empty", "not_empty")
    if kind in _TEXTS:
        return ("is", "begins", "one_of", "empty", "not_empty")
    return ("is", "one_of", "empty", "not_empty")


def read_filter(
    name: str, path: str, operator: str, text: str, *, person: Person | None, at: str
) -> Filter:
    """Return a filter as a form says it; raises `Invalid` with the problem at the field `at`.

    Values of "one of" stand on lines or between commas, both ends of "between" likewise.
    """
    column = chosen(name, path, person)
    if operator not in operators_of(column):
        raise Invalid([Problem(at, N_("This column cannot be asked like that. Choose another."))])
    if operator in ("empty", "not_empty"):
        return Filter(path, operator)
    if operator in ("is", "begins"):
        values = [text.strip()]
    else:
        values = [one.strip() for one in text.replace("\n", ",").split(",") if one.strip()]
    found = Filter(path, operator, tuple(values))
    _check(column, found, at)
    return found


def _check(column: Chosen, found: Filter, at: str) -> None:
    if not found.values or found.values == ("",):
        raise Invalid([Problem(at, N_("Enter what it is compared with."))])
    if found.operator == "between" and len(found.values) != 2:
        raise Invalid([Problem(at, N_("Enter the first and the last, with a comma between."))])
    if len(found.values) > MOST:
        wrong = N_("These are more than %(most)s values. Ask for a range.")
        raise Invalid([Problem(at, wrong, (("most", MOST),))])
    for value in found.values:
        try:
            span(column, value, ZoneInfo("UTC"))
        except (ValueError, InvalidOperation, OverflowError):
            wrong = N_("“%(value)s” does not fit this column.")
            raise Invalid([Problem(at, wrong, (("value", value),))]) from None


def condition(
    column: Chosen, expression: Any, found: Filter, *, zone: ZoneInfo, dialect: str
) -> ColumnElement[bool]:
    """Return the condition in SQL; a beginning is a range, never LIKE, and a day is the zone's."""
    if found.operator == "empty":
        return expression.is_(None)  # type: ignore[no-any-return]  # an expression of any column
    if found.operator == "not_empty":
        return expression.is_not(None)  # type: ignore[no-any-return]  # an expression of any column
    if found.operator == "begins":
        return begins_with(expression, found.values[0], dialect)
    spans = [span(column, value, zone) for value in found.values]
    if found.operator == "between":
        return and_(expression >= spans[0].first, _until(expression, spans[1]))
    if all(one.before is None for one in spans):
        return expression.in_([one.first for one in spans])  # type: ignore[no-any-return]  # an expression of any column
    return or_(*(and_(expression >= one.first, _until(expression, one)) for one in spans))


@dataclass(frozen=True)
class Span:
    """What one typed value stands for: itself, or a whole day of moments up to `before`."""

    first: Any
    before: Any = None


def span(column: Chosen, text: str, zone: ZoneInfo) -> Span:
    """Return what a typed text means in a column; raises `ValueError` or `InvalidOperation`."""
    kind = column.field.type
    if kind == "datetime" or (kind == "date" and column.column.endswith("_at")):
        return _moments(text, zone)
    if kind == "date":
        return Span(date.fromisoformat(text))
    if kind == "quantity":
        return Span(_quantity(text))
    if kind == "integer":
        return Span(_whole(text))
    if kind == "yes_no":
        return Span(_yes_or_no(text))
    if kind == "choice" and text not in column.field.words:
        raise ValueError(text)
    return Span(text)


def _moments(text: str, zone: ZoneInfo) -> Span:
    if len(text) == len("2026-01-31"):
        day = datetime.combine(date.fromisoformat(text), time(), zone)
        return Span(day, datetime.combine(day.date() + timedelta(days=1), time(), zone))
    moment = datetime.fromisoformat(text)
    return Span(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _quantity(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or abs(number) * SCALE > LARGEST:
        raise ValueError(text)
    return number.quantize(Decimal(1) / SCALE)


def _whole(text: str) -> int:
    number = int(text)
    if abs(number) > LARGEST:
        raise ValueError(text)
    return number


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(text)
    return text == "yes"


def _until(expression: Any, one: Span) -> ColumnElement[bool]:
    return expression <= one.first if one.before is None else expression < one.before  # type: ignore[no-any-return]  # an expression of any column


def begins_with(expression: Any, prefix: str, dialect: str) -> ColumnElement[bool]:
    """Return the condition that a text begins with another, byte by byte on both databases."""
    # names are kept in the database's own order, which a range of bytes does not follow
    ordered = expression.collate("C") if dialect == "postgresql" else expression
    end = following(prefix)
    return ordered >= prefix if end is None else and_(ordered >= prefix, ordered < end)
