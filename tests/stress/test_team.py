"""The team shape: several web processes and two workers on one PostgreSQL, as the README says."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine.db import Database
from engine.jobs import heartbeats
from tests.conftest import FreshPostgres

pytestmark = pytest.mark.stress
BIN = Path(sys.executable).parent


@contextmanager
def running(
    *command: str, environment: dict[str, str], told: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with told.open("ab") as errors:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=errors
        )
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0, told.read_text(encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> int:
    for _ in range(150):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return int(answer.status)
        except OSError:
            time.sleep(0.2)
    return 0


def test_web_processes_and_workers_share_one_postgresql(
    fresh_postgres: FreshPostgres, tmp_path: Path
) -> None:
    port = free_port()
    with fresh_postgres("empty") as url, closing(Database(url)) as bare:
        environment = {
            **os.environ,
            "HOLDFAST_DATA": str(tmp_path),
            "HOLDFAST_DATABASE_URL": url,
        }
        with bare.writer.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
        gunicorn = (str(BIN / "gunicorn"), "-w", "3", "-b", f"127.0.0.1:{port}", "webapp.wsgi:app")
        worker = (str(BIN / "holdfast"), "worker")
        told = tmp_path / "told"
        with (
            running(*gunicorn, environment=environment, told=told),
            running(*worker, environment=environment, told=told),
            running(*worker, environment=environment, told=told),
        ):
            # all five began on an empty database at once: one laid the tables
            assert answers(f"http://127.0.0.1:{port}/sign-in") == 200
            beating = set()
            for _ in range(100):
                with bare.read() as db:
                    beating = {beat.name for beat in heartbeats(db)}
                if {"jobs", "mail", "timers", "children"} <= beating:
                    break
                time.sleep(0.2)
            assert {"jobs", "mail", "timers", "children"} <= beating
            start = (str(BIN / "holdfast"), "db", "upgrade")  # as each of them starts
            subprocess.run(start, env=environment, check=True, timeout=120, capture_output=True)
        assert "deadlock" not in told.read_text(encoding="utf-8")
