"""The ground the other tests stand on."""

import os
import shutil
import socket
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, make_url, select
from sqlalchemy.orm import Session

from engine import jobs
from engine.db import Database
from engine.jobs import Job
from engine.people import person_of
from tests.conftest import FreshPostgres
from tests.support import postgres
from tests.support.personas import People


def test_each_test_has_a_database_of_its_own(database: Database, at: datetime) -> None:
    with database.begin() as db:
        jobs.ask(db, "once", name="seal_document", body={}, at=at)

    with database.read() as db:
        assert db.scalars(select(Job.key)).all() == ["once"]


def test_no_row_of_another_test_is_there(db: Session) -> None:
    assert db.scalars(select(Job)).all() == []


def test_both_databases_hold_the_same_tables(database: Database) -> None:
    assert {"command", "job", "outgoing"} <= set(inspect(database.reader).get_table_names())


def test_tests_have_no_network() -> None:
    with pytest.raises(RuntimeError, match="tests have no network"):
        socket.create_connection(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match="tests have no network"):
        socket.getaddrinfo("holdfast.example", 443)


def test_the_people_of_the_stories_have_accounts(db: Session, people: People, at: datetime) -> None:
    for person in people:
        assert person_of(db, person.id, at=at) == person


def test_what_a_killed_run_left_does_not_stop_the_next() -> None:
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    folder = Path(tempfile.mkdtemp(prefix=postgres.PREFIX, dir=postgres.TEMPS[-1]))
    (folder / "owner").touch()
    (folder / "data").mkdir()
    (folder / "data" / "PG_VERSION").write_text("15\n")
    (folder / "data" / "postmaster.pid").write_text(f"{gone.pid}\n{folder / 'data'}\n")
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, "postgres")

    postgres.clear_abandoned()

    assert not folder.exists()


def everything(server: postgres.Server, url: str) -> dict[str, Any]:
    """Return the rows of every table, and how far every sequence has counted."""
    with server.connect(str(make_url(url).database)) as db:
        tables = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = {name: db.execute(f"TABLE {name}").fetchall() for (name,) in tables.fetchall()}
        counted = db.execute("SELECT sequencename, last_value FROM pg_sequences").fetchall()
        return {**rows, **dict(counted)}


def test_a_database_is_lent_again_as_its_template(
    fresh_postgres: FreshPostgres, postgres_server: postgres.Server, at: datetime
) -> None:
    with fresh_postgres("peopled", again=False) as url:
        template = everything(postgres_server, url)

    with fresh_postgres("peopled") as first:
        database = Database(first)
        for key in ("one", "another"):
            with database.begin() as db:
                jobs.ask(db, key, name="seal_document", body={}, at=at)
        with postgres_server.connect(str(make_url(first).database)) as raw:
            raw.execute("SET session_replication_role = replica")
            raw.execute("UPDATE person_account SET email = '' WHERE id = 3")
            raw.execute("DELETE FROM role_grant WHERE id = 2")
        # and a connection is left open
    with fresh_postgres("peopled") as second:
        assert second == first
        assert everything(postgres_server, second) == template
    with fresh_postgres("peopled") as third:
        assert everything(postgres_server, third) == template
    database.close()


def test_a_database_whose_schema_was_changed_is_never_lent_again(
    fresh_postgres: FreshPostgres, postgres_server: postgres.Server
) -> None:
    with (
        fresh_postgres("empty") as changed,
        postgres_server.connect(str(make_url(changed).database)) as db,
    ):
        db.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ALL")

    with fresh_postgres("empty") as url:
        assert url != changed
