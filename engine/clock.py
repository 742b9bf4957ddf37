"""The one clock: `now()`, set by each command, so that a drill can never move real time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

FIRST_YEAR = 1950  # no record of a device begins earlier: a year before it is a slip

_now: ContextVar[datetime | None] = ContextVar("now", default=None)
_own: ContextVar[str | None] = ContextVar("own", default=None)


def now() -> datetime:
    """Return the time of the running command, or the server's, always in UTC."""
    return _now.get() or datetime.now(UTC)


def own() -> str | None:
    """Return the name of the clock of its own that runs here, None for the server's.

    What is begun or asked for under such a clock is due by it alone, and it makes nothing else due.
    """
    return _own.get()


@contextmanager
def at(moment: datetime, *, own: str | None = None) -> Iterator[datetime]:
    """Hold the clock at `moment` (aware) for the length of the block; `own` names another clock."""
    if moment.tzinfo is None:
        message = "a moment needs a time zone"
        raise ValueError(message)

    token = _now.set(moment.astimezone(UTC))
    named = _own.set(own or _own.get())
    try:
        yield moment
    finally:
        _own.reset(named)
        _now.reset(token)
