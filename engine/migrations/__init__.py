"""Bringing a database to this version: Alembic over the engine's own metadata, no Flask needed.

A new step: change the models, then `python -m engine.migrations "why"`; read what it wrote.
"""

import importlib
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

import engine
from engine.db import Database, install_triggers

FOLDER = Path(__file__).parent
ENGINE = Path(engine.__file__).parent


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
    with database.writer.begin() as connection:
        if connection.dialect.name == "postgresql":
            # several processes start at once: one migrates, however long, the others find it done
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(4606083)"))
        command.upgrade(config_on(connection), "head")
        install_triggers(connection)  # batch mode drops them on SQLite


def config_on(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config
