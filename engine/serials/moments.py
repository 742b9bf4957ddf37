"""When something can have happened: not in the future, and not before anybody kept such records."""

from datetime import date, datetime, timedelta

from engine.clock import FIRST_YEAR
from engine.errors import Invalid, Problem
from engine.words import N_

SKEW = timedelta(minutes=5)  # as far as the clocks of two systems may lie apart
AHEAD = N_("This lies in the future. Enter when it happened")
LONG_AGO = N_("“%(text)s” lies before 1950. Check the year")


def misdated(
    field: str, happened: date | datetime, *, at: datetime, said: str = ""
) -> Problem | None:
    """Return what is wrong with when something happened, as seen at `at`; None when nothing is.

    A moment has its zone; of a day only the year can be wrong: many lie ahead, as an expiry does.
    `said` are the words that are shown instead of the moment.
    """
    if happened.year < FIRST_YEAR:
        return Problem(field, LONG_AGO, (("text", said or happened.isoformat()),))
    if isinstance(happened, datetime) and happened > at + SKEW:
        return Problem(field, AHEAD)
    return None


def refuse_misdated(happened: datetime, *, at: datetime) -> None:
    """Raise `Invalid` at `event_at` when something cannot have happened at this moment."""
    if wrong := misdated("event_at", happened, at=at):
        raise Invalid([wrong])
