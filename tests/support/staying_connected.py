"""Connections to PostgreSQL that outlive the engine of one test and serve the next.

To connect costs a test 8 ms and more: the server starts a process, which then meets every table
for the first time. So what SQLAlchemy closes is kept for whoever next connects in the same way to
the same database, with everything a session can hold of its own put back.
"""

from threading import Lock
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
MOST = 20  # that wait in one process: the server has 100 for all of them
Way = tuple[tuple[str, Any], ...]

_kept_for: set[str] = set()  # the databases that are lent again
_waiting: list["Staying"] = []  # the longest first
_turn = Lock()  # of whoever adds to them or takes one


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
            return

        with _turn:
            _waiting.append(self)
            oldest = _waiting.pop(0) if len(_waiting) > MOST else None
        if oldest is not None:
            oldest.leave()

    def leave(self) -> None:
        """Close for good."""
        super().close()


def stay_connected() -> None:
    """Have every engine of this process connect so, to the databases that are lent again."""

    @event.listens_for(Engine, "do_connect")
    def lend(_dialect: Dialect, _record: object, _args: object, given: dict[str, Any]) -> object:
        if given.get("dbname") not in _kept_for:
            return None
        way = tuple(sorted(given.items()))
        with _turn:
            for place, one in enumerate(_waiting):
                if one.way == way:
                    return _waiting.pop(place)
        made = Staying.connect(**given)
        made.way = way
        return made


def receive(name: str) -> None:
    """Keep connections to this database from now on."""
    _kept_for.add(name)


def waiting_in(name: str) -> list[int]:
    """Return the process numbers, at the server, of those that wait in a database."""
    return [one.info.backend_pid for one in _waiting if one.info.dbname == name]


def part_from(name: str) -> None:
    """Close those that wait in a database: it is dropped."""
    _kept_for.discard(name)
    for one in [one for one in _waiting if one.info.dbname == name]:
        _waiting.remove(one)
        one.leave()
