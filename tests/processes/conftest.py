"""A company of its own for each story, copied from one that was founded once."""

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from engine.cases import releases
from engine.cases.signing import Signing
from engine.evidence.render import end_worker
from engine.people import Person
from engine.people.passwords import Hashing
from tests.conftest import FreshPostgres
from tests.processes.company import Company
from tests.processes.goods import lay_places
from tests.support.personas import HIRED_AT, PASSWORD, People
from webapp.compose import Holdfast, compose
from webapp.settings import Settings

PROCESSES = ("nonconformance",)


@dataclass(frozen=True)
class Founded:
    """A company whose processes are released and whose places are laid: copy it, never use it.

    `template` names the database; `folder` holds the keys that signed in it.
    """

    kind: str
    template: str
    folder: Path
    places: dict[str, int]


def composed(folder: Path, url: str) -> Holdfast:
    """Compose the application as in life, with cheap passwords."""
    settings = Settings(
        folder=folder, database_url=url, secret_key=b"k" * 32, company="Tarn Medical"
    )
    return compose(settings, hashing=Hashing(memory_kib=8, passes=1, lanes=1))


def found(kind: str, url: str, template: str, folder: Path, people: People) -> Founded:
    """Release every process in the peopled database at `url` and lay the places."""
    holdfast = composed(folder, url)
    try:
        release_processes(holdfast, people)
        return Founded(kind, template, folder, lay_places(holdfast))
    finally:
        holdfast.database.close()


def release_processes(holdfast: Holdfast, people: People) -> None:
    """Install every process and have it released by two people, each signing."""
    for process in PROCESSES:
        with holdfast.database.begin() as db:
            draft = releases.install(db, process, by=people.administrator, at=HIRED_AT).id
        _release(holdfast, draft, "process_owner", people.qa_manager)
        _release(holdfast, draft, "quality", people.management_representative)


def _release(holdfast: Holdfast, definition_id: int, capacity: str, by: Person) -> None:
    session = f"release-{by.id}"
    with holdfast.database.begin() as db:
        pending = releases.open_signing(
            db, definition_id, capacity, by=by, session_id=session, at=HIRED_AT
        )
    signing = Signing(pending.nonce, PASSWORD, session, by.user_name)
    with holdfast.database.begin() as db:
        releases.sign(db, definition_id, capacity, signing, by=by, at=HIRED_AT)


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
    fresh_postgres: FreshPostgres, people: People, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Founded]:
    """Give the company on PostgreSQL; it is dropped when the run ends."""
    folder = tmp_path_factory.mktemp("founded_postgresql")
    with fresh_postgres("peopled") as url:
        yield found("postgresql", url, urlsplit(url).path.lstrip("/"), folder, people)


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
