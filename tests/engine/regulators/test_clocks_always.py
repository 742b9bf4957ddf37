"""Due times of every rule: what always holds of them, over thirty years."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st

from engine.regulators import clocks, rulebook
from engine.regulators.calendars import Calendar, of_country
from engine.regulators.clocks import Due, due
from engine.regulators.rulebook import Rule

DAY = timedelta(days=1)
DAYS = st.dates(date(2015, 1, 1), date(2044, 12, 31))
ZONES = st.sampled_from([ZoneInfo("UTC"), ZoneInfo("America/Toronto"), ZoneInfo("Asia/Shanghai")])
MOMENTS = st.builds(datetime.combine, DAYS, st.times(), tzinfo=ZONES)
CALENDARS = st.sampled_from([of_country(one) for one in ("US", "CN", "DE", "GB", "AU")])
FORWARD = [one for one in rulebook.listed() if one.direction == "after"]
BEFORE = [
    replace(rulebook.named("ca_64"), unit=unit, amount=amount, target=None)
    for unit, amount in (("hours", 5), ("days", 0), ("days", 4), ("work_days", 3))
]
ALWAYS = settings(max_examples=150, deadline=None, database=None)


def clock(rule: Rule, moment: datetime, calendar: Calendar) -> Due:
    found = due(rule, dict.fromkeys(clocks.CLOCKS, moment), calendar)
    assert found is not None
    return found


def with_holiday(calendar: Calendar, day: date) -> Calendar:
    return replace(calendar, off=calendar.off | {day}, worked=calendar.worked - {day})


def counted(rule: Rule, found: Due, calendar: Calendar) -> list[date]:
    """The days a period ran over, to its last."""
    assert found.latest_at is not None
    first = calendar.day_of(found.started_at) + (0 if rule.counts_day_zero else 1) * DAY
    last = calendar.day_of(found.latest_at)
    return [first + at * DAY for at in range((last - first).days + 1)]


@ALWAYS
@given(rule=st.sampled_from(FORWARD), moment=MOMENTS, calendar=CALENDARS)
def test_nothing_is_due_before_its_clock_starts_nor_aimed_at_after_it_is_due(
    rule: Rule, moment: datetime, calendar: Calendar
) -> None:
    found = clock(rule, moment, calendar)
    for read in found.reads:
        assert read.latest_at is None or read.latest_at >= moment
    if found.target_at is not None:
        assert found.alarm_at is not None
        assert moment <= found.target_at <= found.alarm_at


@ALWAYS
@given(rule=st.sampled_from(BEFORE), moment=MOMENTS, calendar=CALENDARS, day=DAYS)
def test_what_comes_before_is_never_after_and_a_holiday_makes_it_no_later(
    rule: Rule, moment: datetime, calendar: Calendar, day: date
) -> None:
    found = clock(rule, moment, calendar).latest_at
    assert found is not None
    assert found <= calendar.end_of(calendar.day_of(moment))
    near = calendar.day_of(moment) - (day.toordinal() % 12) * DAY
    other = clock(rule, moment, with_holiday(calendar, near)).latest_at
    assert other is not None
    assert other <= found


@ALWAYS
@given(rule=st.sampled_from(FORWARD), moment=MOMENTS, calendar=CALENDARS, ahead=st.integers(0, 40))
def test_one_more_holiday_never_makes_a_due_time_earlier(
    rule: Rule, moment: datetime, calendar: Calendar, ahead: int
) -> None:
    day = calendar.day_of(moment) + ahead * DAY
    found, other = clock(rule, moment, calendar), clock(rule, moment, with_holiday(calendar, day))
    for was, now in zip(found.reads, other.reads, strict=True):
        if was.latest_at is not None:
            assert now.latest_at is not None
            assert now.latest_at >= was.latest_at


@ALWAYS
@given(rule=st.sampled_from(FORWARD), moment=MOMENTS, later=st.integers(0, 10**6),
       calendar=CALENDARS)  # fmt: skip
def test_whoever_knew_later_is_not_due_earlier(
    rule: Rule, moment: datetime, later: int, calendar: Calendar
) -> None:
    was = clock(rule, moment, calendar).alarm_at
    now = clock(rule, moment + timedelta(seconds=later), calendar).alarm_at
    assert (was is None) == (now is None)
    assert was is None or now is None or was <= now


@ALWAYS
@given(
    rule=st.sampled_from([one for one in FORWARD if one.unit == "work_days"]),
    moment=MOMENTS, calendar=CALENDARS,
)  # fmt: skip
def test_as_many_working_days_pass_as_the_rule_says_and_the_last_is_one(
    rule: Rule, moment: datetime, calendar: Calendar
) -> None:
    days = counted(rule, clock(rule, moment, calendar), calendar)
    assert sum(calendar.is_working(one) for one in days) == rule.amount
    assert calendar.is_working(days[-1])


@ALWAYS
@given(
    rule=st.sampled_from([one for one in FORWARD if one.unit in ("days", "weeks")]),
    moment=MOMENTS, calendar=CALENDARS,
)  # fmt: skip
def test_a_period_of_days_is_moved_only_as_its_rule_says(
    rule: Rule, moment: datetime, calendar: Calendar
) -> None:
    rule = replace(rule, after_years=0)
    days = counted(rule, clock(rule, moment, calendar), calendar)
    assert rule.amount is not None
    amount = rule.amount * (7 if rule.unit == "weeks" else 1)
    plain, added = days[:amount], days[amount:]
    if rule.roll == "none":
        assert not added
        return
    assert calendar.is_working(days[-1])
    if rule.two_work_days:
        assert sum(calendar.is_working(one) for one in days) >= 2
    wanted = max(1 - calendar.is_working(plain[-1]), 2 - sum(map(calendar.is_working, plain)))
    assert sum(calendar.is_working(one) for one in added) == max(wanted, 0)
