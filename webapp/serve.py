"""Running it: pages and scheduler in one process, or a worker beside several web processes."""

import fcntl
import gc
import logging
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import waitress
from flask import Flask
from waitress.server import BaseWSGIServer

from engine.evidence.render import end_worker
from engine.migrations import upgrade
from notifications.scheduler import Tick
from webapp import canary
from webapp.compose import Holdfast, compose
from webapp.create_app import create_app
from webapp.settings import Settings

THREADS = 8
CONNECTIONS = 1_000  # a browser keeps six open
IDLE_SECONDS = 20  # then one that asks nothing is closed
FILES = 4_096
log = logging.getLogger("holdfast")


def opened(folder: Path) -> Holdfast:
    """Compose the installation in `folder` and bring its database to this version."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for chatty in ("alembic", "spiff", "pyhanko", "fontTools", "weasyprint"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # that a tick is left out because the last one is still at work is no news
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    with _alone(folder):
        holdfast = compose(Settings.read(folder))
        upgrade(holdfast.database)
        holdfast.keep_dictionary()
    return holdfast


def keep_loaded() -> None:
    """Take what is loaded by now for good: to look through it for garbage halts every request.

    It is a quarter of a million objects, and a collection of all of them 140 ms.
    """
    gc.collect()
    gc.freeze()


def _canary(holdfast: Holdfast) -> list[Tick]:
    """Return what tries the door, and what tells of a canary that is silent."""
    minute = timedelta(minutes=1)
    return [
        Tick("canary", minute, lambda: canary.run_if_due(holdfast)),
        Tick("canary_watch", minute, lambda: canary.watch(holdfast.database)),
    ]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time start in a folder: the first makes its keys and its tables."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".starting").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def serve(folder: Path, *, host: str, port: int) -> None:
    """Serve the pages until interrupted, with the scheduler in this process."""
    holdfast = opened(folder)
    scheduler = holdfast.scheduler(_canary(holdfast))
    server = listening(create_app(holdfast), host=host, port=port)
    keep_loaded()
    scheduler.start()
    log.info("Holdfast serves on http://%s:%s", host, port)
    signal.signal(signal.SIGTERM, lambda *_: server.close())
    try:
        server.run()
    except (KeyboardInterrupt, OSError):  # waitress ends its loop on the closed socket
        pass
    finally:
        scheduler.stop()
        end_worker()
        holdfast.database.close()


def listening(app: Flask, *, host: str, port: int) -> BaseWSGIServer:
    """Open the port: browsers that stand idle keep nobody out."""
    _allow_files()
    return waitress.create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        connection_limit=CONNECTIONS,
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=IDLE_SECONDS // 2,
        asyncore_use_poll=True,  # select() knows no file number above 1,023
    )


def _allow_files() -> None:
    """Let this process have a file open for each connection, as far as the machine allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def work(folder: Path) -> None:
    """Tick until interrupted; any number of workers may share one PostgreSQL database."""
    holdfast = opened(folder)
    scheduler = holdfast.scheduler(_canary(holdfast))
    asked_to_stop = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: asked_to_stop.set())
    scheduler.start()
    log.info("Holdfast works in the background")
    asked_to_stop.wait()
    scheduler.stop()
    end_worker()
    holdfast.database.close()
