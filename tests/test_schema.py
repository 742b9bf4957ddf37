"""SQLite and PostgreSQL hold the same tables, down to the checks and the guards."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from engine.db import Base, create_schema
from tests.conftest import FreshPostgres
from tests.support.schema import ROOT, model_modules


@pytest.fixture
def engines(sqlite_templates: Path, fresh_postgres: FreshPostgres) -> Iterator[dict[str, Engine]]:
    """Give one of each kind, neither of them a template that others are copying."""
    with fresh_postgres("empty") as url:
        urls = {"sqlite": f"sqlite:///{sqlite_templates / 'empty'}", "postgresql": url}
        opened = {kind: create_engine(url) for kind, url in urls.items()}
        yield opened
        for engine in opened.values():
            engine.dispose()


def both(engines: dict[str, Engine], what: str, table: str) -> list[Any]:
    return [getattr(inspect(engine), what)(table) for engine in engines.values()]


def names(found: list[dict[str, Any]]) -> set[str]:
    return {each["name"] for each in found}


def columns(found: list[dict[str, Any]]) -> dict[str, bool]:
    return {column["name"]: column["nullable"] for column in found}


def test_both_hold_the_same_tables(engines: dict[str, Engine]) -> None:
    sqlite, postgresql = (set(inspect(e).get_table_names()) for e in engines.values())
    assert sqlite == postgresql == set(Base.metadata.tables)


def test_every_table_has_the_same_columns(engines: dict[str, Engine]) -> None:
    for table in Base.metadata.tables:
        sqlite, postgresql = map(columns, both(engines, "get_columns", table))
        assert sqlite == postgresql, table


@pytest.mark.parametrize(
    "what", ["get_check_constraints", "get_unique_constraints", "get_foreign_keys", "get_indexes"]
)
def test_every_table_has_the_same_constraints(engines: dict[str, Engine], what: str) -> None:
    for table in Base.metadata.tables:
        sqlite, postgresql = map(names, both(engines, what, table))
        # PostgreSQL keeps a unique constraint as an index too
        unique = names(inspect(engines["postgresql"]).get_unique_constraints(table))
        same = sqlite == postgresql - (unique if what == "get_indexes" else set())
        assert same, f"{table}: {sqlite ^ postgresql}"


def test_every_guard_stands_in_both(engines: dict[str, Engine]) -> None:
    with engines["sqlite"].connect() as connection:
        sql = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        sqlite = set(connection.scalars(text(sql)))
    with engines["postgresql"].connect() as connection:
        postgresql = set(
            connection.scalars(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"))
        )
    # only PostgreSQL can TRUNCATE
    assert sqlite == {name for name in postgresql if not name.endswith("_no_truncate")}


def test_no_name_is_longer_than_postgresql_keeps() -> None:
    for table in Base.metadata.tables.values():
        for named in (*table.constraints, *table.indexes):
            assert len(str(named.name or "")) <= 63, f"shorten {named.name} of {table.name}"


def test_every_table_is_found_without_a_list() -> None:
    laid = {table.name for table in Base.metadata.tables.values()}
    for module in model_modules():
        code = (ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8")
        for name in re.findall(r'__tablename__ = "(\w+)"', code):
            assert name in laid, f"{module}: {name} is in no database"


def test_laying_one_kind_first_takes_nothing_from_the_other(
    fresh_postgres: FreshPostgres, tmp_path: Path
) -> None:
    with fresh_postgres("empty") as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        create_schema(engine)
        engine.dispose()
    engine = create_engine(f"sqlite:///{tmp_path / 'second'}")
    create_schema(engine)

    found = names(inspect(engine).get_foreign_keys("child_group"))
    assert found == {"fk_child_group_instance_id_process_instance"}
    engine.dispose()
