"""Migrations end where the models are: tables, columns, constraints, indexes and triggers."""

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, select, text

from engine.db import Base, Database
from engine.migrations import config_on, load_models, upgrade
from engine.serials.models import EventLink, LotStock, StockPosting, Unit

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


BEFORE_CODES = (
    "INSERT INTO party (id, code, kind, name) VALUES (1, 'OWN', 'site', 'Maker')",
    (
        "INSERT INTO location (id, party_id, code, name, kind)"
        " VALUES (1, 1, 'WH', 'Store', 'warehouse')"
    ),
    (
        "INSERT INTO part (id, manufacturer_id, part_no, name, kind, control, uom, is_released)"
        " VALUES (1, 1, 'PUMP', 'Pump', 'device', 'serial', 'pcs', false)"
    ),
    (
        "INSERT INTO event (id, uuid, recording, type, event_at, recorded_at, source, payload)"
        " VALUES (1, '00000000000000000000000000000001', '00000000000000000000000000000002',"
        " 'received', '2026-03-02', '2026-03-02', 'erp', '{}')"
    ),
    (
        "INSERT INTO unit (id, part_id, serial, custody, usability, location_id, is_released,"
        " version) VALUES (7, 1, 'SN-7', 'at_consignee', 'conforming', 1, true, 3),"
        " (8, 1, 'SN-8', 'in_house', 'nonconforming', 1, false, 1),"
        " (9, 1, 'SN-9', 'in_house', 'unreleased', 1, false, 1)"
    ),
    "DELETE FROM unit WHERE id = 9",  # as an import that was taken back
    (
        "INSERT INTO event_link (unit_id, event_id, role, custody, usability, location_id)"
        " VALUES (7, 1, 'subject', 'at_consignee', 'conforming', 1),"
        " (8, 1, 'carried', NULL, NULL, NULL)"
    ),
    "INSERT INTO unit_root (unit_id, root_id) VALUES (7, 7), (8, 7)",
    "INSERT INTO install (child_id, host_id, from_event_id) VALUES (8, 7, 1)",
    "INSERT INTO trace_node (id, kind) VALUES (1, 'lot')",
    (
        "INSERT INTO lot (id, part_id, manufacturer_id, lot_no, is_unknown, is_released)"
        " VALUES (1, 1, 1, 'L-1', false, false)"
    ),
    (
        "INSERT INTO lot_stock (lot_id, location_id, custody, usability, tranche_id, quantity)"
        " VALUES (1, 1, 'in_transit', 'scrapped', 0, 5000000)"
    ),
    (
        "INSERT INTO stock_posting (event_id, lot_id, location_id, custody, usability, tranche_id,"
        " quantity) VALUES (1, 1, 1, 'in_transit', 'scrapped', 0, 5000000)"
    ),
)


def test_words_that_became_numbers_say_what_they_said(database_url: str) -> None:
    load_models()
    empty(database_url)
    database = Database(database_url)
    with database.writer.begin() as connection:
        command.upgrade(config_on(connection), "0001")
        for statement in BEFORE_CODES:
            connection.execute(text(statement))
    upgrade(database)
    with database.read() as db:
        units = db.execute(
            select(Unit.id, Unit.serial, Unit.custody, Unit.usability, Unit.version).order_by(
                Unit.id
            )
        )
        assert [tuple(row) for row in units] == [
            (7, "SN-7", "at_consignee", "conforming", 3),
            (8, "SN-8", "in_house", "nonconforming", 1),
        ]
        links = db.execute(
            select(EventLink.unit_id, EventLink.role, EventLink.custody, EventLink.usability)
        )
        assert {tuple(row) for row in links} == {
            (7, "subject", "at_consignee", "conforming"),
            (8, "carried", None, None),
        }
        for table in (LotStock, StockPosting):
            assert db.execute(select(table.custody, table.usability, table.quantity)).one() == (
                "in_transit",
                "scrapped",
                5,
            )
    if database.url.startswith("sqlite"):
        with database.reader.connect() as connection:
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1
            kept = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = 'unit'"))
            assert kept == 9  # the number of a unit that was taken away is not given again
    database.close()
