"""When something is due: the clock of a rule, run from the facts, with its arithmetic."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from engine.facts import CLOCKS
from engine.regulators.arithmetic import (
    BACK,
    UNITS,
    Said,
    counted,
    day_named,
    left_out,
    line,
    says,
    zoned,
)
from engine.regulators.calendars import SATURDAY, UTC, Calendar
from engine.regulators.rulebook import Reading, Rule
from engine.regulators.triggers import Dated, started
from engine.words import N_

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Read:
    """One way to read the text: when it is due then, and how that was reckoned."""

    latest_at: datetime | None  # None: the text names no period
    steps: tuple[Said, ...]
    reading: Reading | None = None  # None: as the rule says it


@dataclass(frozen=True)
class Due:
    """When something is due by each reading, and what we aim at."""

    rule: Rule
    started_at: datetime
    reads: tuple[Read, ...]  # the rule's own first
    target_at: datetime | None
    target_steps: tuple[Said, ...]

    @property
    def latest_at(self) -> datetime | None:
        """Return the latest moment as the rule says it, None where the text names no period."""
        return self.reads[0].latest_at

    @property
    def governing(self) -> Read:
        """Return the reading that alarms go by: the safe one.

        That is the earlier, but the later for what has to be waited for or kept.
        """
        known = [one for one in self.reads if one.latest_at is not None]
        if not known:
            return self.reads[0]
        safe = max if self.rule.duty in ("gate", "keeping") else min
        return safe(known, key=lambda one: one.latest_at or self.started_at)

    @property
    def alarm_at(self) -> datetime | None:
        """Return what is late when it has passed: the safe reading, else our own target."""
        return self.governing.latest_at or self.target_at

    def said(self, language: str) -> str:
        """Return the arithmetic that the alarm goes by, on one line."""
        steps = self.governing.steps
        if self.governing.latest_at is None and len(self.target_steps) > 1:
            first, *others = self.target_steps[1:]
            steps = (*steps, says(N_("our target: %(reckoned)s"), reckoned=first), *others)
        return line(steps, language)

    def why(self, language: str) -> str:
        """Return why the alarm goes by another reading than the rule's, "" where it does not."""
        reading = self.governing.reading
        return reading.said(language) if reading else ""


def due(
    rule: Rule,
    facts: Dated,
    calendar: Calendar,
    *,
    plan_days: int | None = None,
    occurrence: int = 1,
) -> Due | None:
    """Run the clock of a rule, None while what starts it is not known.

    `calendar` is that of the authority. `plan_days` is the interval a plan set, `occurrence` the
    which report or anniversary it is. Pure: it reads no store and no clock.
    """
    # hours are counted in UTC: the clock on the wall skips and repeats some
    facts = {name: moment and moment.astimezone(UTC) for name, moment in facts.items()}
    begun = started(rule.start, facts)
    if begun is None:
        return None
    own = _read(rule, begun, calendar, plan_days, occurrence)
    reads = [own]
    for reading in rule.reading:
        read = replace(rule, **reading.changes)
        other = started(read.start, facts)
        if other is not None:
            found = _read(read, other, calendar, plan_days, occurrence)
            reads.append(replace(found, reading=reading))
    name, moment = begun
    draft = Due(rule, moment, tuple(reads), None, ())
    target, counting = _target(rule, moment, calendar, plan_days, occurrence)
    steps = (_begins(name, moment, calendar), *counting) if counting else ()
    safe = draft.governing
    if target is not None and safe.latest_at is not None and safe.latest_at < target:
        target, steps = safe.latest_at, safe.steps
    return replace(draft, target_at=target, target_steps=steps)


def governing(dues: Iterable[Due]) -> Due | None:
    """Return which of the clocks of one obligation governs: the earliest, of keeping the latest."""
    known = [one for one in dues if one.alarm_at is not None]
    if not known:
        return None
    safe = max if all(one.rule.duty == "keeping" for one in known) else min
    return safe(known, key=lambda one: one.alarm_at or one.started_at)


# --- reading the text -------------------------------------------------------------------------


def _begins(name: str, moment: datetime, calendar: Calendar) -> Said:
    return says(N_("%(fact)s %(moment)s"), fact=Said(CLOCKS[name]), moment=zoned(moment, calendar))


def _read(
    rule: Rule,
    begun: tuple[str, datetime],
    calendar: Calendar,
    plan_days: int | None,
    occurrence: int,
) -> Read:
    name, moment = begun
    begins = _begins(name, moment, calendar)
    end: datetime | None
    if rule.direction == "before":
        end, steps = _before(rule, rule.amount or 0, moment, calendar)
    elif rule.unit == "plan":
        end, steps = _planned(rule, moment, calendar, plan_days, occurrence)
    elif rule.amount is None:
        end, steps = None, [Said(OPEN[rule.unit])]
    else:
        end, steps = _after(rule, rule.amount, moment, calendar, occurrence)
    return Read(end, (begins, *steps))


OPEN = {
    "immediate": N_("at once, the text names no period"),
    "answer": N_("until the authority answers"),
    "for_ever": N_("for ever"),
}


def _after(
    rule: Rule, amount: int, moment: datetime, calendar: Calendar, occurrence: int
) -> tuple[datetime, list[Said]]:
    if rule.unit == "hours":
        end = moment + amount * HOUR
        return end, [counted(UNITS[rule.unit], amount, zoned(end, calendar))]
    if rule.unit == "weekday_hours":
        end = _weekday_hours(moment.astimezone(calendar.zone), amount)
        return end, [counted(UNITS[rule.unit], amount, zoned(end, calendar))]
    day_zero = calendar.day_of(moment)
    steps = []
    if rule.after_years:
        day_zero = _years_later(day_zero, rule.after_years * occurrence)
        steps.append(says(N_("anniversary %(day)s"), day=f"{day_zero:%Y-%m-%d}"))
    steps.append(Said(N_("day 0 counted") if rule.counts_day_zero else N_("day 0 not counted")))
    last = _last_day(rule, amount, day_zero, calendar)
    steps.append(counted(UNITS[rule.unit], amount, f"{last:%Y-%m-%d}"))
    if rule.unit == "work_days":
        steps += left_out(_first_day(rule, day_zero), last, calendar)
    last = _lengthened(rule, day_zero, last, calendar, steps)
    return calendar.end_of(last), steps


def _first_day(rule: Rule, day_zero: date) -> date:
    return day_zero if rule.counts_day_zero else day_zero + DAY


def _last_day(rule: Rule, amount: int, day_zero: date, calendar: Calendar) -> date:
    if rule.unit in ("months", "years"):
        later = amount * (12 if rule.unit == "years" else 1)
        return _months_later(day_zero, later)
    if rule.unit == "work_days":
        return _work_days(_first_day(rule, day_zero), amount, calendar)
    days = amount * (7 if rule.unit == "weeks" else 1)
    return day_zero + (days - (1 if rule.counts_day_zero and days else 0)) * DAY


def _work_days(first: date, amount: int, calendar: Calendar) -> date:
    """Return the working day on which as many have passed, counted from the first day on."""
    day = first - DAY
    for _ in range(amount):
        day = calendar.next_working(day + DAY)
    return day


def _lengthened(
    rule: Rule, day_zero: date, last: date, calendar: Calendar, steps: list[Said]
) -> date:
    """Move the last day as the rule has it, and say so; 1182/71 art. 3(4) and (5)."""
    steps.append(day_named(last, calendar))
    if rule.roll == "next_work_day" and not calendar.is_working(last):
        last = calendar.next_working(last)
        steps.append(says(N_("moved to the next working day, %(day)s"), day=f"{last:%Y-%m-%d}"))
    if rule.two_work_days:
        first = _first_day(rule, day_zero)
        wanted = _work_days(first, 2, calendar)
        if wanted > last:
            last = wanted
            steps.append(says(N_("two working days at least: %(day)s"), day=f"{last:%Y-%m-%d}"))
    return last


def _before(
    rule: Rule, amount: int, moment: datetime, calendar: Calendar
) -> tuple[datetime, list[Said]]:
    if rule.unit == "hours":
        end = moment - amount * HOUR
        if not amount:
            return end, [Said(N_("before it begins"))]
        return end, [counted(BACK["hours"], amount, zoned(end, calendar))]
    day = calendar.day_of(moment)
    if not amount:
        steps = [says(N_("on or before %(day)s"), day=f"{day:%Y-%m-%d}")]
    elif rule.unit == "days":
        day -= amount * DAY
        steps = [counted(BACK["days"], amount, f"{day:%Y-%m-%d}")]
    else:
        last = day
        for _ in range(amount):
            day = _earlier_working(day - DAY, calendar)
        steps = [counted(BACK["work_days"], amount, f"{day:%Y-%m-%d}"),
                 *left_out(day, last - DAY, calendar)]  # fmt: skip
    return calendar.end_of(day), [*steps, day_named(day, calendar)]


def _earlier_working(day: date, calendar: Calendar) -> date:
    while not calendar.is_working(day):
        day -= DAY
    return day


def _planned(
    rule: Rule, moment: datetime, calendar: Calendar, plan_days: int | None, occurrence: int
) -> tuple[datetime | None, list[Said]]:
    every = _interval(rule, plan_days)
    if every is None:
        return None, [Said(N_("the plan sets the interval, and has not yet"))]
    return _report(calendar.day_of(moment), every, every, occurrence, calendar)


def _interval(rule: Rule, plan_days: int | None) -> int | None:
    """Return the days between two reports: the plan's, and no more than the rule allows."""
    every = plan_days or rule.amount
    return every if every is None or rule.most is None else min(every, rule.most)


def _report(
    first: date, every: int, aimed: int, occurrence: int, calendar: Calendar
) -> tuple[datetime, list[Said]]:
    last = first + (every * (occurrence - 1) + aimed) * DAY
    steps = [
        says(N_("report %(number)s, one every %(days)s days → %(day)s"),
             number=str(occurrence), days=str(every), day=f"{last:%Y-%m-%d}"),
        day_named(last, calendar),
    ]  # fmt: skip
    return calendar.end_of(last), steps


def _target(
    rule: Rule, moment: datetime, calendar: Calendar, plan_days: int | None, occurrence: int
) -> tuple[datetime | None, list[Said]]:
    """Return what we aim at, counted as the period is."""
    if rule.target is None:
        return None, []
    if rule.direction == "before":
        return _before(rule, rule.target, moment, calendar)
    if rule.unit == "immediate":
        end = moment + rule.target * HOUR
        return end, [counted(UNITS["hours"], rule.target, zoned(end, calendar))]
    if rule.unit == "plan":
        every = _interval(rule, plan_days) or rule.target
        aimed = min(rule.target, every)
        return _report(calendar.day_of(moment), every, aimed, occurrence, calendar)
    # what we aim at is never moved to a later day
    plain = replace(rule, roll="none", two_work_days=False)
    return _after(plain, rule.target, moment, calendar, occurrence)


# --- the calendar's own arithmetic ------------------------------------------------------------


def _weekday_hours(there: datetime, amount: int) -> datetime:
    """Return the moment when as many hours of Mondays to Fridays have passed.

    A day of a weekend does not count, and a day is 24 hours of the clock on the wall.
    """
    left, now = amount * HOUR, there.replace(tzinfo=None)
    while True:
        midnight = datetime.combine(now.date() + DAY, datetime.min.time())
        if now.weekday() < SATURDAY:
            if now + left <= midnight:
                return (now + left).replace(tzinfo=there.tzinfo)
            left -= midnight - now
        now = midnight


def _months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or its last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(following - DAY, date(year, month + 1, 1) + (day.day - 1) * DAY)


def _years_later(day: date, years: int) -> date:
    return _months_later(day, 12 * years)
