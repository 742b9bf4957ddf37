"""A day."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from babel.dates import format_date

from forms.context import Context
from forms.field import Json, Shown
from forms.kind import Kind, Option, is_flag
from forms.words import N_, language_of

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # weeks and ordinal days are ISO 8601 too
_FIRST_YEAR, _LAST_YEAR = 1900, 2200


def day_of(raw: Json) -> date | None:
    """Return the day written as 2026-03-04, or None."""
    if not isinstance(raw, str) or not _DAY.fullmatch(raw.strip()):
        return None
    try:
        day = date.fromisoformat(raw.strip())
    except ValueError:
        return None
    return day if _FIRST_YEAR <= day.year <= _LAST_YEAR else None


class Date(Kind):
    """A day without a time."""

    options: ClassVar[Mapping[str, Option]] = {
        "not_future": (is_flag, False),
        "not_past": (is_flag, False),
    }
    sentence_if_missing = N_("Enter a date for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take a day; future and past are judged in the reader's zone."""
        day = day_of(raw)
        if day is None:
            raise self.wrong(N_("Write “%(label)s” as year-month-day, for example 2026-03-04."))
        if context.now is not None:
            today = context.now.astimezone(ZoneInfo(context.zone)).date()
            if self.option("not_future") and day > today:
                raise self.wrong(N_("“%(label)s” cannot be in the future."))
            if self.option("not_past") and day < today:
                raise self.wrong(N_("“%(label)s” cannot be in the past."))
        return day.isoformat()

    def show(self, value: Json, language: str) -> Shown:
        """Write the month in words, so that no reader takes it for the day."""
        day = date.fromisoformat(value)
        return Shown((format_date(day, "long", locale=language_of(language)),))

    def json_schema(self) -> dict[str, Any]:
        """Describe a day."""
        return {"type": "string", "format": "date"}
