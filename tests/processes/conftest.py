"""A company of its own for each story, copied from one that was founded once."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from engine.evidence.render import end_worker
from tests.conftest import FreshPostgres
from tests.processes.answering import Hospital, notify
from tests.processes.company import Company
from tests.processes.founding import Founded, composed, found, release_processes
from tests.processes.recalling import add_hospital, deliver, report_signal
from tests.processes.reported import Events
from tests.support.personas import People
from tests.support.postgres import Server
from tests.support.putting_back import keep_rows
from tests.support.web import app_over
from webapp.compose import Holdfast

FIRST_NOTICE_AT = datetime.fromisoformat("2026-03-02T08:00:00+00:00")
Notify = Callable[..., Hospital]
_codes = count(1)


@pytest.fixture(scope="session")
def founded_sqlite(
    sqlite_templates: Path, people: People, tmp_path_factory: pytest.TempPathFactory
) -> Founded:
    """Give the company on SQLite."""
    folder = tmp_path_factory.mktemp("founded_sqlite")
    path = folder.with_suffix(".db")
    shutil.copyfile(sqlite_templates / "peopled", path)
    return found("sqlite", f"sqlite:///{path}", str(path), folder, people)


@pytest.fixture(scope="session")
def founded_postgresql(
    postgres_server: Server,
    fresh_postgres: FreshPostgres,
    people: People,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Founded]:
    """Give the company on PostgreSQL; it is dropped when the run ends."""
    folder = tmp_path_factory.mktemp("founded_postgresql")
    with fresh_postgres("peopled", again=False) as url:
        name = urlsplit(url).path.lstrip("/")
        founded = found("postgresql", url, name, folder, people)
        keep_rows(postgres_server, name)
        yield founded


@pytest.fixture(params=["sqlite", "postgresql"])
def founded(request: pytest.FixtureRequest) -> Founded:
    """Give the company on each kind of database in turn."""
    given: Founded = request.getfixturevalue(f"founded_{request.param}")
    return given


@pytest.fixture
def holdfast(
    founded: Founded, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Holdfast]:
    """Give the composed application on a copy of the company."""
    folder = tmp_path / "company"
    shutil.copytree(founded.folder, folder)
    if founded.kind == "sqlite":
        path = shutil.copyfile(founded.template, tmp_path / "holdfast.db")
        fresh = nullcontext(f"sqlite:///{path}")
    else:
        fresh = request.getfixturevalue("fresh_postgres")(founded.template)
    with fresh as url:
        application = composed(folder, url)
        yield application
        application.database.close()


@pytest.fixture(scope="session", autouse=True)
def no_worker_left() -> Iterator[None]:
    """End the process that prints when the stories are over."""
    yield
    end_worker()


@pytest.fixture
def company(holdfast: Holdfast, founded: Founded, people: People, at: datetime) -> Company:
    """Give a company whose processes are released and whose places are known."""
    return Company(holdfast, people, at, dict(founded.places))


@pytest.fixture
def app(company: Company) -> Flask:
    """Give the web application over the company."""
    return app_over(company.holdfast)


@pytest.fixture
def events(company: Company) -> Events:
    """Give the reported events of the company."""
    return Events(company)


# --- hospitals that are sent a notice ------------------------------------------------------------


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, people: People, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """Give a company with one recall, in which each story notifies a hospital of its own."""
    founded: Founded = request.getfixturevalue(f"founded_{request.param}")
    folder = tmp_path_factory.mktemp("replies") / "company"
    shutil.copytree(founded.folder, folder)
    if founded.kind == "sqlite":
        path = shutil.copyfile(founded.template, folder.parent / "holdfast.db")
        fresh: Any = nullcontext(f"sqlite:///{path}")
    else:
        fresh = request.getfixturevalue("fresh_postgres")(founded.template)
    with fresh as url:
        company = Company(composed(folder, url), people, FIRST_NOTICE_AT, dict(founded.places))
        release_processes(company.holdfast, people, ["reply_difference"])
        company.make_lot("S-0001", 4)
        report_signal(company, "S-0001")
        yield company
        company.holdfast.database.close()


@pytest.fixture
def to_new(house: Company) -> Notify:
    """Notify a hospital that is nobody else's."""
    house.at = FIRST_NOTICE_AT
    app = app_over(house.holdfast)
    return lambda **more: notify(house, app, f"H{next(_codes)}", **more)


@pytest.fixture
def hospital(to_new: Notify) -> Hospital:
    return to_new()


@pytest.fixture
def abroad(company: Company) -> Company:
    """Give a company whose pumps of one sensor lot are in Ireland and in China, and in house."""
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3", "P-4"])
    add_hospital(company, "SLIGO", "IE")
    add_hospital(company, "SUZHOU", "CN")
    deliver(company, "SLIGO", "P-1")
    deliver(company, "SUZHOU", "P-2", "P-3")
    return company
