"""Migrations end where the models are: tables, columns, constraints, indexes and triggers."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from engine.db import Base, Database
from engine.migrations import load_models, upgrade

TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
}


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def triggers(url: str) -> set[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = set(connection.scalars(text(TRIGGERS[engine.dialect.name])))
    engine.dispose()
    return found


def empty(url: str) -> None:
    """Take everything away that the schema of the tests laid."""
    engine = create_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        else:
            connection.execute(text("PRAGMA foreign_keys=OFF"))
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(text(f"DROP TABLE IF EXISTS {table.name}"))
    engine.dispose()


def test_a_migrated_database_is_what_the_models_describe(database_url: str) -> None:
    load_models()
    wanted = triggers(database_url)
    empty(database_url)

    database = Database(database_url)
    upgrade(database)
    upgrade(database)  # a second start changes nothing
    with database.reader.connect() as connection:
        assert differences(connection) == []
    database.close()
    assert triggers(database_url) == wanted
