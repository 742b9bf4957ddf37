"""Bringing a database to this version: Alembic over the engine's own metadata, no Flask needed.

A new step: change the models, then `python -m engine.migrations "why"`; read what it wrote.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

import engine
from engine.db import Database, install_triggers

FOLDER = Path(__file__).parent
ENGINE = Path(engine.__file__).parent


class ReferenceLost(Exception):
    """A step would have left a row that refers to nothing; the database is as it was."""


def load_models() -> None:
    """Import every module of the engine that lays a table, found by looking."""
    for path in sorted(ENGINE.rglob("*.py")):
        if FOLDER in path.parents:
            continue
        if "__tablename__" in path.read_text(encoding="utf-8"):
            parts = path.relative_to(ENGINE.parent).with_suffix("").parts
            importlib.import_module(".".join(parts))


def upgrade(database: Database) -> None:
    """Create the tables, or bring them to this version, triggers included; one transaction."""
    load_models()
    with database.writer.connect() as connection, laying_anew(connection), connection.begin():
        if connection.dialect.name == "postgresql":
            # several processes start at once: one migrates, however long, the others find it done
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(4606083)"))
        command.upgrade(config_on(connection), "head")
        install_triggers(connection)  # batch mode drops them on SQLite
        if connection.dialect.name == "sqlite":
            lost = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
            if lost is not None:
                raise ReferenceLost(tuple(lost))


@contextmanager
def laying_anew(connection: Connection) -> Iterator[None]:
    """Let SQLite lay a table anew that others refer to: it would count each row as taken away.

    It heeds this between transactions only; what refers to nothing is looked for before the end.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.cursor()
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")
        driver.close()


def config_on(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config
