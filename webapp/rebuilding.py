"""Rebuilding what events say, from the command line: how far it is, and what differed."""

from collections.abc import Callable

from engine.clock import now
from engine.serials.rebuild import Rebuilt, rebuild
from webapp.compose import Holdfast

Say = Callable[[str], None]


def rebuild_all(holdfast: Holdfast, *, is_check: bool, say: Say) -> int:
    """Rebuild, or only compare; return 1 when a comparison found a difference."""

    def progress(what: str, done: int, total: int) -> None:
        say(f"{what}: {done:,} of {total:,}")

    database = holdfast.database
    with database.read() if is_check else database.begin() as db:
        found = rebuild(db, at=now(), is_check=is_check, progress=progress)
    for line in _lines(found):
        say(line)
    if not found.difference_count:
        say("Everything is what the events say.")
        return 0

    counted = f"{found.difference_count:,} values"
    say(f"{counted} differ from the events." if is_check else f"{counted} were set to the events.")
    return 1 if is_check else 0


def _lines(found: Rebuilt) -> list[str]:
    more = found.difference_count - len(found.differences)
    return [*map(str, found.differences), *([f"... and {more:,} more"] if more else [])]
