"""A fresh copy of a prepared database for each kill, and a mail server that outlives them all."""

import json
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import make_url

from tests.faults.harness import Runner, Sweep
from tests.processes.conftest import (  # noqa: F401 - fixtures are found by their names
    company,
    founded,
    founded_postgresql,
    founded_sqlite,
    holdfast,
    no_worker_left,
)
from tests.support.personas import People


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """Give the process that forks the children."""
    running = Runner()
    yield running
    running.close()


@pytest.fixture
def sweep(runner: Runner, database_url: str, people: People, tmp_path: Path) -> Sweep:
    """Give the sweep over the test's own database, in which the personas have accounts."""
    base = tmp_path / "folder"
    base.mkdir()

    @contextmanager
    def copy() -> Iterator[tuple[str, Path]]:
        folder = tmp_path / uuid4().hex
        shutil.copytree(base, folder)
        with _copied(database_url, folder) as url:
            yield url, folder
        shutil.rmtree(folder)

    return Sweep(runner, database_url, base, copy)


ALONE = "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE datname = %s"


class Mailbox:
    """Keeps each letter as it came, in a folder named after its sender."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        folder = self._folder / envelope.mail_from.partition("@")[0]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{uuid4().hex}.eml").write_bytes(envelope.original_content)
        return "250 kept"


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@pytest.fixture
def mail_server(tmp_path: Path) -> Iterator[None]:
    """Run a real SMTP server beside the killed; every copy sends to it."""
    port = free_port()
    controller = Controller(Mailbox(tmp_path / "received"), hostname="127.0.0.1", port=port)
    controller.start()
    where = {"HOLDFAST_SMTP_HOST": "127.0.0.1", "HOLDFAST_SMTP_PORT": str(port),
             "HOLDFAST_SMTP_STARTTLS": "no"}  # fmt: skip
    (tmp_path / "smtp.json").write_text(json.dumps(where))
    yield
    controller.stop()


@contextmanager
def _copied(url: str, folder: Path) -> Iterator[str]:
    source = make_url(url)
    if source.get_backend_name() == "sqlite":
        shutil.copyfile(str(source.database), folder / "copy.sqlite")
        yield f"sqlite:///{folder / 'copy.sqlite'}"
        return

    name = f"copy_{uuid4().hex}"
    host = str(source.query["host"])
    with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as server:
        server.execute(ALONE, [source.database])  # the server copies what nobody is connected to
        server.execute(f"CREATE DATABASE {name} TEMPLATE {source.database} STRATEGY FILE_COPY")
        yield source.set(database=name).render_as_string()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
