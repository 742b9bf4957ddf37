"""A throw-away PostgreSQL server: in a temporary folder, on a socket only its owner can open.

One server serves a whole test run. The process that runs pytest calls `claim()` and hands the
folder on; the first worker that needs the server starts it; `give_back()` stops it. A run that
was killed leaves its folder unlocked, and the next run clears it away.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any

import psycopg

PREFIX = "holdfast-postgres-"
TEMPS = ("/dev/shm", "/tmp")  # short paths: a socket's may have 107 bytes
ROOM_BYTES = 4 * 1024**3
SETTINGS = {
    "listen_addresses": "",  # no port at all: two runs at once never meet
    "fsync": "off",  # nothing here outlives the run
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "jit": "off",
    "timezone": "Asia/Shanghai",  # not UTC: code that leans on the server's zone fails here
}


class Server:
    """The server in `folder`, whoever started it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.settings = SETTINGS | settings | {"unix_socket_directories": str(folder)}

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """Connect to a database of the server, each statement a transaction of its own."""
        return psycopg.connect(
            host=str(self.folder), user="postgres", dbname=database, autocommit=True,
            options="-c lock_timeout=2000",
        )  # fmt: skip

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other workers out while one starts the server or fills the template."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def start(self) -> None:
        """Start the server unless it runs; call it under `locked()`."""
        if self.runs():
            return

        if not self.data.exists():
            self._lay()
        self._run("pg_ctl", "start", "--wait", "--pgdata", self.data, "--silent",
                  "--log", self.folder / "log")  # fmt: skip

    def _lay(self) -> None:
        self._run("initdb", "--pgdata", self.data, "--username=postgres", "--auth=trust",
                  "--encoding=UTF8", "--locale=C", "--no-sync")  # fmt: skip
        with (self.data / "postgresql.auto.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in self.settings.items())

    def stop(self) -> None:
        if self.runs():
            self._run("pg_ctl", "stop", "--pgdata", self.data, "--mode=immediate", "--silent")

    def runs(self) -> bool:
        """Ask for the process: the file that names it outlives a server that was killed."""
        if not (self.data / "postmaster.pid").exists():
            return False
        return self._call("pg_ctl", "status", "--pgdata", self.data).returncode == 0

    def _call(self, program: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        path = _programs() / program
        return subprocess.run(
            [path, *arguments], **_as_owner(), cwd=self.folder, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=os.environ | {"LC_ALL": "C"},
        )  # fmt: skip

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = self._call(program, *arguments)
        if done.returncode:
            log = self.folder / "log"
            last_words = log.read_text()[-2000:] if log.exists() else ""
            message = f"{program} failed: {done.stdout}\n{last_words}"
            raise RuntimeError(message)


def claim(*, on: str | None = None) -> tuple[Path, IO[str]]:
    """Make the folder of this run and hold it by a lock that ends with this process."""
    clear_abandoned()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=on or roomy()))
    owner = (folder / "owner").open("w")
    fcntl.flock(owner, fcntl.LOCK_EX)
    if "user" in _as_owner():
        account = pwd.getpwnam(_account())
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder, owner


def give_back(folder: Path, owner: IO[str]) -> None:
    """Stop the server, if it was started at all, and delete everything."""
    Server(folder).stop()
    owner.close()
    shutil.rmtree(folder, ignore_errors=True)


def clear_abandoned() -> None:
    """Stop and delete the servers of runs that were killed: those whose lock nobody holds."""
    for folder in chain.from_iterable(Path(temp).glob(f"{PREFIX}*") for temp in TEMPS):
        try:
            with (folder / "owner").open("r") as owner:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Server(folder).stop()
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # someone's who runs now, or who is not us
            continue


def roomy() -> str:
    """Prefer memory: a run makes and drops a thousand databases of ten megabytes."""
    memory, disk = TEMPS
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES:
        return memory
    return disk


def _account() -> str:
    """PostgreSQL refuses to run as root: take Debian's account for it."""
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return "nobody"
    return "postgres"


def _as_owner() -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(_account())
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _programs() -> Path:
    """Find the newest server; Debian keeps it off the PATH."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name)
    )
    if versions:
        return versions[-1]
    initdb = shutil.which("initdb")
    if initdb is None:
        message = "there is no PostgreSQL server here: `make test` installs it"
        raise RuntimeError(message)
    return Path(initdb).resolve().parent
