"""How a due time says where it comes from, in the languages of the pages and packets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias

from engine.regulators.calendars import SATURDAY, Calendar
from engine.words import N_, say

Value: TypeAlias = "str | int | Said"
APART = " · "

WEEKDAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)
# one, and more
UNITS = {
    "hours": (N_("1 hour → %(end)s"), N_("%(count)s hours → %(end)s")),
    "weekday_hours": (
        N_("1 hour of weekdays → %(end)s"),
        N_("%(count)s hours of weekdays → %(end)s"),
    ),
    "days": (N_("1 calendar day → %(end)s"), N_("%(count)s calendar days → %(end)s")),
    "work_days": (N_("1 working day → %(end)s"), N_("%(count)s working days → %(end)s")),
    "weeks": (N_("1 week → %(end)s"), N_("%(count)s weeks → %(end)s")),
    "months": (N_("1 month → %(end)s"), N_("%(count)s months → %(end)s")),
    "years": (N_("1 year → %(end)s"), N_("%(count)s years → %(end)s")),
}
BACK = {
    "hours": (N_("1 hour before → %(end)s"), N_("%(count)s hours before → %(end)s")),
    "days": (N_("1 calendar day before → %(end)s"), N_("%(count)s calendar days before → %(end)s")),
    "work_days": (
        N_("1 working day before → %(end)s"),
        N_("%(count)s working days before → %(end)s"),
    ),
}


@dataclass(frozen=True)
class Said:
    """One step of the arithmetic: a msgid and what it says of, itself perhaps in words."""

    text: str
    facts: tuple[tuple[str, Value], ...] = ()

    def said(self, language: str) -> str:
        """Return it in a language."""
        told = {
            name: value.said(language) if isinstance(value, Said) else value
            for name, value in self.facts
        }
        return say(self.text, language, **told)


def says(text: str, **facts: Value) -> Said:
    """Return a step with its facts."""
    return Said(text, tuple(facts.items()))


def counted(words: tuple[str, str], amount: int, end: str) -> Said:
    """Return how much was counted, and where that ends."""
    one, more = words
    return says(one, end=end) if amount == 1 else says(more, count=str(amount), end=end)


def line(steps: Iterable[Said], language: str) -> str:
    """Return the whole arithmetic on one line."""
    return APART.join(step.said(language) for step in steps)


def zoned(moment: datetime, calendar: Calendar) -> str:
    """Return a moment as 2026-11-20 16:40 GMT+8, by the clock of the authority."""
    there = moment.astimezone(calendar.zone)
    minutes = int((there.utcoffset() or timedelta()).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    offset = f"{sign}{hours}" + (f":{rest:02}" if rest else "") if minutes else ""
    return f"{there:%Y-%m-%d %H:%M} GMT{offset}"


def day_named(day: date, calendar: Calendar) -> Said:
    """Return the weekday of a day and whether the authority works on it."""
    weekday = Said(WEEKDAYS[day.weekday()])
    if calendar.is_working(day):
        if day.weekday() >= SATURDAY:
            return says(N_("%(weekday)s, worked for a holiday"), weekday=weekday)
        return says(N_("%(weekday)s, working day"), weekday=weekday)
    if calendar.is_holiday(day):
        return says(N_("%(weekday)s, public holiday"), weekday=weekday)
    return says(N_("%(weekday)s, no working day"), weekday=weekday)


def left_out(first: date, last: date, calendar: Calendar) -> list[Said]:
    """Return which holidays a count of working days left out, and which weekends it counted."""
    days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    off = [one for one in days if one.weekday() < SATURDAY and not calendar.is_working(one)]
    worked = [one for one in days if one.weekday() >= SATURDAY and calendar.is_working(one)]
    steps = []
    if off:
        steps.append(says(N_("without the public holidays %(days)s"), days=_days(off)))
    if worked:
        steps.append(says(N_("with the worked days %(days)s"), days=_days(worked)))
    unsure = sorted({one.year for one in days if not calendar.is_sure_of(one.year)})
    steps += [says(N_("the worked weekends of %(year)s are not known yet"), year=str(year))
              for year in unsure]  # fmt: skip
    return steps


def _days(days: Sequence[date]) -> str:
    return ", ".join(f"{one:%Y-%m-%d}" for one in days)
