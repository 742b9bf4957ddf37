"""What every test may ask for: a fresh database of either kind, the people, a fixed moment."""

import gc
import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4
from zlib import crc32

import psycopg
import pytest
from sqlalchemy.orm import Session

from engine.db import Database
from tests.support import postgres
from tests.support.compiling import compile_once
from tests.support.personas import People, settle
from tests.support.putting_back import Lent, keep_rows
from tests.support.schema import lay_rows, lay_schema
from tests.support.shop import lay_shop
from tests.support.staying_connected import receive, stay_connected

TEMPORARY = "PYTEST_DEBUG_TEMPROOT"  # where pytest puts what tests write
POSTGRES = "HOLDFAST_TEST_POSTGRES"  # the folder of this run's server, for the workers
# each is a copy of the one before with more in it: a test that asks for `people` finds their
# accounts, and one that asks for `laid_shop` the small maker of pumps
TEMPLATES: dict[str, Callable[[str], None]] = {
    "empty": lay_schema,
    "peopled": lambda url: lay_rows(url, settle),
    "shop": lambda url: lay_rows(url, lay_shop),
}
FreshPostgres: TypeAlias = Callable[..., AbstractContextManager[str]]  # by the name of a template
KINDS = ("sqlite", "postgresql")  # of databases
STORIES = ("processes", "webapp")  # rooms whose tests are stories
LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "", None)


# --- no network ------------------------------------------------------------------------------


def _stay_at_home(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse every name and address that is not this machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return

    host = host.decode() if isinstance(host, bytes) else host
    if host not in LOCAL and not str(host).startswith("127."):
        message = f"a test reached for {host}: tests have no network, pass in what is needed"
        raise RuntimeError(message)


# --- what stays for the whole run ------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the collector of garbage pass over the tests and modules: none of them ever goes.

    A third of collecting, and a twelfth of the tests themselves, was looking through them again.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000)  # a test makes more than 700 things at once
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a story gate on one of the two databases, chosen by its name, and the other in stress.

    A story is of many steps, and each step is held to both databases by the tests of the engine.
    """
    twins: dict[str, dict[str, pytest.Item]] = defaultdict(dict)
    for item in items:
        kind = _kind(item)
        if kind and item.path.parent.name in STORIES:
            twins[item.nodeid.replace(kind, "")][kind] = item
    for name, twin in twins.items():
        if len(twin) == len(KINDS):
            twin[KINDS[crc32(name.encode()) % len(KINDS)]].add_marker("stress")


def _kind(item: pytest.Item) -> str | None:
    """Return the kind of database a test was given, None for one that has none."""
    called = getattr(item, "callspec", None)
    return next((kind for kind in KINDS if called and kind in called.params.values()), None)


# --- the one PostgreSQL server of a run ------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Claim the server's folder before workers are born; the first to need it starts it."""
    sys.addaudithook(_stay_at_home)
    compile_once()
    stay_connected()
    os.environ.setdefault(TEMPORARY, postgres.roomy())  # a commit to a disk costs milliseconds
    if POSTGRES not in os.environ:
        folder, owner = postgres.claim()
        os.environ[POSTGRES] = str(folder)
        config.add_cleanup(lambda: _give_back(folder, owner))


def _give_back(folder: Path, owner: Any) -> None:
    os.environ.pop(POSTGRES, None)
    postgres.give_back(folder, owner)


@pytest.fixture(scope="session")
def postgres_server() -> postgres.Server:
    """Give the run's server, started and with the template databases laid."""
    server = postgres.Server(Path(os.environ[POSTGRES]))
    with server.locked():
        server.start()
        with server.connect("postgres") as maintenance:
            for before, template in pairwise(["template1", *TEMPLATES]):
                _lay_template(server, maintenance, template, before)
    return server


def _lay_template(
    server: postgres.Server, maintenance: psycopg.Connection[Any], template: str, before: str
) -> None:
    known = "SELECT 1 FROM pg_database WHERE datname = %s"
    if maintenance.execute(known, [template]).fetchone() is None:
        maintenance.execute("DROP DATABASE IF EXISTS unfinished WITH (FORCE)")
        maintenance.execute(f"CREATE DATABASE unfinished TEMPLATE {before}")
        TEMPLATES[template](server.url("unfinished"))
        keep_rows(server, "unfinished")
        maintenance.execute(f"ALTER DATABASE unfinished RENAME TO {template}")


# --- a fresh database for each test ----------------------------------------------------------


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of the SQLite files that are copied for each test."""
    folder = tmp_path_factory.mktemp("templates")
    path = folder / "before"
    path.touch()
    for template, lay in TEMPLATES.items():
        path = shutil.copyfile(path, folder / template)
        lay(f"sqlite:///{path}")
    return folder


@pytest.fixture(scope="session")
def fresh_postgres(postgres_server: postgres.Server) -> Iterator[FreshPostgres]:
    """Give what lends a database that is as its template, and takes it back afterwards.

    One that can be put back is lent `again`; the others are dropped.
    """
    waiting: dict[str, list[Lent]] = defaultdict(list)
    with postgres_server.connect("postgres") as maintenance:

        @contextmanager
        def fresh(template: str, *, again: bool = True) -> Iterator[str]:
            if again and waiting[template]:
                lent = waiting[template].pop()
            else:
                lent = Lent(postgres_server, f"test_{uuid4().hex}")
                maintenance.execute(
                    f"CREATE DATABASE {lent.name} TEMPLATE {template} STRATEGY FILE_COPY"
                )
                if again:
                    receive(lent.name)
            yield postgres_server.url(lent.name)
            if again and lent.take_back():
                waiting[template].append(lent)
            else:
                lent.close()
                maintenance.execute(f"DROP DATABASE {lent.name} WITH (FORCE)")

        yield fresh
        for lent in chain.from_iterable(waiting.values()):
            lent.close()


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a fresh database with the schema in it, on each kind in turn."""
    asked = request.fixturenames
    template = "shop" if "laid_shop" in asked else "peopled" if "people" in asked else "empty"
    if request.param == "sqlite":
        path = tmp_path / "holdfast.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_templates") / template, path)
        yield f"sqlite:///{path}"
        return

    with request.getfixturevalue("fresh_postgres")(template) as url:
        yield url


@pytest.fixture
def info() -> dict[str, Any]:
    """What the composition root would hand in; a room's tests override this fixture."""
    return {}


@pytest.fixture
def database(database_url: str, info: dict[str, Any]) -> Iterator[Database]:
    """Give a `Database` of its own to each test; `info` becomes `session.info`."""
    database = Database(database_url, info=info)
    yield database
    database.close()


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    """Give a writing session whose transaction is rolled back at the end."""
    with Session(database.writer, info=database.info, expire_on_commit=False) as session:
        yield session
        session.rollback()


# --- who and when ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def people() -> People:
    """Give the personas: `people.qa_engineer`, `people.second_inspector`, …

    A test that asks for them finds their accounts in its database, and `PASSWORD` opens each.
    """
    return People()


@pytest.fixture
def laid_shop(people: People) -> None:
    """Find the parties, places and parts of `Shop` in the database."""


@pytest.fixture
def at() -> datetime:
    """Give the moment every story starts at: a Monday morning."""
    return datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
