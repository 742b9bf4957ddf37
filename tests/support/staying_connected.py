"""Connections to PostgreSQL that outlive the engine of one test and serve the next.

To connect costs a test 8 ms and more: the server starts a process, which then meets every table
for the first time. So what SQLAlchemy closes is kept for whoever next connects in the same way to
the same database, with everything a session can hold of its own put back.
"""

from threading import RLock
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import Dialect

# DISCARD ALL would drop statements that the driver believes prepared
RESET = "SELECT pg_advisory_unlock_all(); CLOSE ALL; RESET ALL; DISCARD TEMP"
MOST = 20  # that wait in one process: the server has 100 for all of them
Way = tuple[tuple[str, Any], ...]

_kept_for: set[str] = set()  # the databases that are lent again
_waiting: list["Staying"] = []  # the longest first
# of whoever looks at either; the collector may close a lost connection while one has its turn
_turn = RLock()


class Staying(psycopg.Connection[Any]):
    """A connection that waits for the next when it is closed."""

    way: Way = ()

    def close(self) -> None:
        """Forget what the session held and wait; close for good what cannot do so."""
        try:
            self.rollback()
            self.read_only = self.isolation_level = self.deferrable = None
            self.autocommit = True
            self.execute(RESET, prepare=False)  # several statements at once
            self.autocommit = False
            self._notice_handlers.clear()
        except psycopg.Error:
            self.leave()
            return

        with _turn:
            if self.info.dbname in _kept_for:
                _waiting.append(self)
                leaving = _waiting.pop(0) if len(_waiting) > MOST else None
            else:
                leaving = self
        if leaving is not None:
            leaving.leave()

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
            for one in _waiting:
                if one.way == way:
                    _waiting.remove(one)
                    return one
        made = Staying.connect(**given)
        made.way = way
        return made


def receive(name: str) -> None:
    """Keep connections to this database from now on."""
    with _turn:
        _kept_for.add(name)


def waiting_in(name: str) -> list[int]:
    """Return the process numbers, at the server, of those that wait in a database."""
    with _turn:
        return [one.info.backend_pid for one in _of(name)]


def part_from(name: str) -> None:
    """Close those that wait in a database: it is dropped."""
    with _turn:
        _kept_for.discard(name)
        for one in _of(name):
            _waiting.remove(one)
            one.leave()


def _of(name: str) -> list[Staying]:
    return [one for one in _waiting if one.info.dbname == name]
