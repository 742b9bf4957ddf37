"""Connections to PostgreSQL that outlive the engine of one test and serve the next.

To connect costs a test 8 ms and more: the server starts a process, which then meets every table
for the first time. So what SQLAlchemy closes is kept for whoever next connects in the same way to
the same database, with everything a session can hold of its own put back.
"""

from collections import defaultdict
from typing import Any, cast

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import Dialect

RESET = (
    "SELECT pg_advisory_unlock_all()",
    "CLOSE ALL",
    "RESET ALL",
    "DISCARD TEMP",
)  # DISCARD ALL would drop statements that the driver believes prepared
Way = tuple[tuple[str, Any], ...]

_waiting: dict[str, dict[Way, list["Staying"]]] = {}  # by database


class Staying(psycopg.Connection[Any]):
    """A connection that waits for the next when it is closed."""

    way: Way = ()

    def close(self) -> None:
        """Forget what the session held and wait; close for good what cannot do so."""
        try:
            self.rollback()
            self.read_only = self.isolation_level = self.deferrable = None
            self.autocommit = True
            for statement in RESET:
                self.execute(cast("Any", statement))
            self.autocommit = False
            self._notice_handlers.clear()
        except psycopg.Error:
            super().close()
        else:
            _waiting[self.info.dbname][self.way].append(self)

    def leave(self) -> None:
        """Close for good."""
        super().close()


def stay_connected() -> None:
    """Have every engine of this process connect so, to the databases that wait for the next."""

    @event.listens_for(Engine, "do_connect")
    def lend(_dialect: Dialect, _record: object, _args: object, given: dict[str, Any]) -> object:
        ways = _waiting.get(given.get("dbname", ""))
        if ways is None:
            return None
        way = tuple(sorted(given.items()))
        if ways[way]:
            return ways[way].pop()
        made = Staying.connect(**given)
        made.way = way
        return made


def receive(name: str) -> None:
    """Keep connections to this database from now on."""
    _waiting[name] = defaultdict(list)


def waiting_in(name: str) -> list[int]:
    """Return the process numbers, at the server, of those that wait in a database."""
    return [one.info.backend_pid for each in _waiting.get(name, {}).values() for one in each]


def part_from(name: str) -> None:
    """Close those that wait in a database: it is dropped."""
    for each in _waiting.pop(name, {}).values():
        for one in each:
            one.leave()
