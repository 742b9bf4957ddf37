"""The one clock: `now()`, set by each command, so that a drill can never move real time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

FIRST_YEAR = 1950  # no record of a device begins earlier: a year before it is a slip

_now: ContextVar[datetime | None] = ContextVar("now", default=None)


def now() -> datetime:
    """Return the time of the running command, or the server's, always in UTC."""
    return _now.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[datetime]:
    """Hold the clock at `moment` (aware) for the length of the block."""
    if moment.tzinfo is None:
        message = "a moment needs a time zone"
        raise ValueError(message)

    token = _now.set(moment.astimezone(UTC))
    try:
        yield moment
    finally:
        _now.reset(token)
