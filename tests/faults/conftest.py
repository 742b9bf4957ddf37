"""A fresh copy of a prepared database for each kill."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from tests.faults.harness import Sweep
from tests.support.personas import People


@pytest.fixture
def sweep(database_url: str, people: People, tmp_path: Path) -> Sweep:
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

    return Sweep(database_url, base, copy)


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
        server.execute(f"CREATE DATABASE {name} TEMPLATE {source.database} STRATEGY FILE_COPY")
        yield source.set(database=name).render_as_string()
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")
