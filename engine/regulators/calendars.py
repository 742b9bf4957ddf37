"""Which days an authority works: its public holidays, what a notice changes, and its time."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays

FOLDER = Path(__file__).with_name("days_off")
UTC = ZoneInfo("UTC")
SATURDAY = 5
COUNTRIES: Mapping[str, str] = tomllib.loads((FOLDER / "zones.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Calendar:
    """The working days of one country, and the time its days are counted in."""

    country: str
    zone: ZoneInfo
    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()
    noticed: frozenset[int] | None = None  # the years a notice was read for; None: there is none

    def is_working(self, day: date) -> bool:
        """Say whether the authority works on a day."""
        if day in self.worked:
            return True
        return day.weekday() < SATURDAY and not self.is_holiday(day)

    def is_holiday(self, day: date) -> bool:
        """Say whether a day is a public holiday, on whatever day of the week."""
        if day in self.worked:
            return False
        return day in self.off or day in public_holidays(self.country, day.year)

    def is_sure_of(self, year: int) -> bool:
        """Say whether the days of a year are known: a notice may still change them."""
        return self.noticed is None or year in self.noticed

    def next_working(self, day: date) -> date:
        """Return the day itself where it is worked, else the next that is."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def day_of(self, moment: datetime) -> date:
        """Return the day a moment falls on where the authority is."""
        return moment.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """Return the last second of a day where the authority is."""
        return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=self.zone)


@cache
def of_country(country: str) -> Calendar:
    """Return the calendar of a country; one that is not listed has weekends, and UTC."""
    code = country.upper()
    zone = ZoneInfo(COUNTRIES[code]) if code in COUNTRIES else UTC
    path = FOLDER / f"{code.lower()}.toml"
    if not path.exists():
        return Calendar(code, zone)
    years = tomllib.loads(path.read_text("utf-8"))
    return Calendar(
        code,
        zone,
        off=frozenset(day for year in years.values() for day in year["off"]),
        worked=frozenset(day for year in years.values() for day in year["worked"]),
        noticed=frozenset(int(year) for year in years),
    )


@lru_cache(maxsize=4096)
def public_holidays(country: str, year: int) -> frozenset[date]:
    """Return the public holidays of a year; none for a country that is not listed."""
    if country not in COUNTRIES:
        return frozenset()
    return frozenset(holidays.country_holidays(country, years=year, expand=False))
