"""A database in which everything is tried and nothing is kept: one transaction, always undone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from engine.db import Database


class Undone(Database):
    """Looks like the database to whoever uses it; its transactions are steps of the one undone."""

    def __init__(self, real: Database, connection: Connection) -> None:
        """Stand in for `real` on a connection whose transaction never commits."""
        self.url, self.info = real.url, real.info
        self._connection = connection
        # whoever only reads must see what was laid in the transaction too
        self.writer = self.reader = cast("Engine", connection)

    @contextmanager
    def begin(self, *, by_id: int | None = None) -> Iterator[Session]:
        """Give one session in one step; what it raises undoes the step."""
        with (
            Session(
                self._connection,
                info=self.info,
                expire_on_commit=False,
                join_transaction_mode="create_savepoint",
            ) as db,
            db.begin(),
        ):
            yield db

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that sees what was laid."""
        with Session(self._connection, info=self.info, expire_on_commit=False) as db:
            yield db

    def close(self) -> None:
        """Leave the connection to whoever opened it."""


@contextmanager
def undone(database: Database) -> Iterator[tuple[Undone, Connection]]:
    """Give a stand-in for the database, and the connection on which `begin` starts the attempt.

    Whatever happens, nothing of it is kept. On SQLite nobody else writes meanwhile: keep it short.
    """
    # a connection that is closed undoes what nobody committed
    with database.writer.connect() as connection:
        yield Undone(database, connection), connection
