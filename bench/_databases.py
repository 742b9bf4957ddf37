"""Both kinds of database for a benchmark, with the durability a company would have."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg

from tests.support import postgres

# unlike for tests: a commit is on the disk when it returns, and the planner knows the tables
DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "shared_buffers": "256MB",
}


def sqlite(folder: Path) -> str:
    """Return the address of a new SQLite file."""
    return f"sqlite:///{folder / f'{uuid4().hex}.sqlite'}"


@contextmanager
def postgresql() -> Iterator[str]:
    """Give an empty database on a PostgreSQL server of its own, which ends with the block."""
    folder, owner = postgres.claim(on="/tmp")  # noqa: S108  on the disk: the tests' is in memory
    try:
        server = postgres.Server(folder, **DURABLE)
        server.start()
        with psycopg.connect(
            host=str(folder), user="postgres", dbname="postgres", autocommit=True
        ) as maintenance:
            maintenance.execute("CREATE DATABASE bench")
        yield server.url("bench")
    finally:
        postgres.give_back(folder, owner)


def asked_or_both(url: str | None) -> Iterator[str]:
    """Give the address that was asked for, else a new database of each kind in turn."""
    if url:
        yield url
        return

    with TemporaryDirectory(dir="/var/tmp") as folder:
        yield sqlite(Path(folder))
    with postgresql() as started:
        yield started


@contextmanager
def both(folder: Path) -> Iterator[dict[str, str]]:
    """Give the addresses of an empty database of each kind."""
    with postgresql() as url:
        yield {"SQLite": sqlite(folder), "PostgreSQL": url}
