"""Migrations end where the models are: tables, columns, constraints, indexes and triggers."""

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from engine.db import Base, Database
from engine.migrations import config_on, load_models, upgrade

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


BEFORE_INTAKE = (
    "INSERT INTO import_file (sha256, content) VALUES ('ab', '')",
    (
        "INSERT INTO import_batch (id, kind, file_name, file_sha256, source, state, line_count,"
        " problem_count, at)"
        " VALUES (1, 'units', 'u.csv', 'ab', 'erp', 'loaded', 1, 0, '2026-03-02'),"
        " (2, 'units', 'w.csv', 'ab', 'erp', 'quarantined', 1, 1, '2026-03-02')"
    ),
    (
        'INSERT INTO staging_row (batch_id, line, raw, "values", problems, entity, entity_id,'
        " is_new)"
        " VALUES (1, 2, '{}', '{}', '[]', 'unit', 7, true), (2, 2, '{}', '{}', '[]', 'unit', NULL,"
        " false)"
    ),
)


def test_files_taken_in_before_keep_what_their_lines_became(database_url: str) -> None:
    load_models()
    empty(database_url)
    database = Database(database_url)
    with database.writer.begin() as connection:
        command.upgrade(config_on(connection), "0006")
        for statement in BEFORE_INTAKE:
            connection.execute(text(statement))
    upgrade(database)
    with database.reader.connect() as connection:
        lines = connection.execute(text("SELECT batch_id, line, entity_id FROM import_line")).all()
        states = connection.execute(text("SELECT id, state FROM import_batch ORDER BY id")).all()
    database.close()
    assert [tuple(line) for line in lines] == [(1, 2, 7)]
    # what waited in quarantine is checked anew from its file
    assert [tuple(state) for state in states] == [(1, "loaded"), (2, "received")]
