"""Dates as people write them; where day and month can be told apart in two ways, both."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T](\d{1,2}):(\d{2}))?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_MONTH = re.compile(r"(\d{4})[-/.年](\d{1,2})月?")
_MONTH_LAST = re.compile(r"(\d{1,2})[-/.](\d{4})")
_SHORT = re.compile(r"(?:(\d{1,2})[-/.])?(\d{1,2})[-/.](\d{2})")  # a year of two digits
_MONTH_NAMED = re.compile(r"([a-z]{3})[a-z]*\.?,?[- ](\d{4})", re.IGNORECASE)
_DAY_FIRST = re.compile(r"(\d{1,2})[- ]([a-z]{3})[a-z]*\.?,?[- ](\d{4})", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"([a-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})", re.IGNORECASE)


def readings(text: str) -> list[date]:
    """Return the dates a text may mean: none, one, or two where month and day may be either."""
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = (int(one) for one in found.groups()[:3])
        return _dates((year, month, day))
    if found := _YEAR_LAST.fullmatch(text):
        first, second, year = (int(one) for one in found.groups())
        return _dates((year, first, second), (year, second, first))
    if found := _DAY_FIRST.fullmatch(text):
        return _dates((int(found[3]), _month(found[2]), int(found[1])))
    if found := _MONTH_FIRST.fullmatch(text):
        return _dates((int(found[3]), _month(found[1]), int(found[2])))
    return []


def may_be(day: date, text: str) -> bool:
    """Say whether a text may mean this day: the day itself, or its month where it names no day."""
    if found := _SHORT.fullmatch(text):
        return _may_be_short(day, *(int(one) if one else None for one in found.groups()))
    if found := _MONTH_LAST.fullmatch(text) or _MONTH_NAMED.fullmatch(text):
        month, year = found.groups()
    elif found := _MONTH.fullmatch(text):
        year, month = found.groups()
    else:
        return day in readings(text)
    number = int(month) if month.isdecimal() else _month(month)
    return (day.year, day.month) == (int(year), number)


def _may_be_short(day: date, first: int | None, second: int | None, third: int | None) -> bool:
    """Say whether numbers may mean this day, or its month where there are two, in some order."""
    year, month = day.year % 100, day.month
    if first is None:
        return (year, month) in ((third, second), (second, third))
    orders = ((third, second, first), (third, first, second), (first, second, third))
    return (year, month, day.day) in orders


def window(
    first: date | None, last: date | None, *, zone: tzinfo
) -> tuple[datetime | None, datetime | None]:
    """Return whole days as moments, both ends included, as the days lie in `zone`."""
    start = datetime.combine(first, time(), tzinfo=zone).astimezone(UTC) if first else None
    if last is None:
        return start, None
    after = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
    return start, after.astimezone(UTC) - timedelta(microseconds=1)


def _month(word: str) -> int:
    known = {name: number for number, name in enumerate(_MONTHS, start=1)}
    return known.get(word.lower(), 0)


def _dates(*ways: tuple[int, int, int]) -> list[date]:
    found: list[date] = []
    for year, month, day in ways:
        try:
            one = date(year, month, day)
        except ValueError:
            continue
        if one not in found:
            found.append(one)
    return found
