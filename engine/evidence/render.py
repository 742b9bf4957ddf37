"""Printing out of the way: one worker process draws the PDFs and ends when it has nothing to do.

The server never loads the layout engine, so it stays small; a record that sends it astray costs a
worker, not the server. The worker has no network and a limit on its memory.
"""

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Lock
from typing import Any

from engine.errors import EngineError

IDLE_SECONDS = 60.0  # after this without work the worker ends
MOST_SECONDS = 300.0  # for one document; a 300-row table takes about two
MOST_DOCUMENTS = 200  # then a fresh worker: whatever leaked is gone
MOST_MEMORY = 2 << 30

_SPAWN = multiprocessing.get_context("spawn")


class NotPrinted(EngineError):
    """The document could not be printed: %(cause)s. Correct the record, then try again."""


def render_pdf(
    layout: str,
    record: Mapping[str, Any],
    *,
    language: str,
    signatures: Sequence[Mapping[str, Any]] = (),
    attachments: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    """Return the PDF of a record, drawn by the worker; raises `NotPrinted`.

    Takes from a third of a second; never call it inside a transaction. See `layouts` for the
    record and `printing.draw` for attachments. The same arguments give the same bytes.
    """
    request = {
        "layout": layout,
        "record": record,
        "language": language,
        "signatures": list(signatures),
        "attachments": list(attachments),
    }
    return _worker.draw(request)


def render_sheet(html: str, pictures: Mapping[str, bytes]) -> bytes:
    """Return a page that is no record (labels, a list to work from) as PDF; raises `NotPrinted`.

    `pictures` are SVGs by the addresses they have in the page; nothing else is fetched.
    """
    return _worker.draw({"html": html, "pictures": dict(pictures)})


def render_letter(request: Mapping[str, Any]) -> bytes:
    """Return one letter (`printing.draw_letter` says what it takes); raises `NotPrinted`."""
    return _worker.draw({"letter": dict(request)})


def end_worker() -> None:
    """End the worker now (at shutdown and between tests)."""
    _worker.end()


class _Worker:
    """The one worker process of this server process, started when there is something to draw."""

    def __init__(self, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._owner = os.getpid()
        self._lock = Lock()
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._drawn_count = 0

    def draw(self, request: dict[str, Any]) -> bytes:
        with self._lock:
            try:
                answer = self._ask(request)
            except (EOFError, OSError):
                # it ended, idle, while we were asking: a fresh one, once
                self._end()
                answer = self._ask_again(request)
        if isinstance(answer, str):
            raise NotPrinted(cause=answer)
        return answer

    def end(self) -> None:
        with self._lock:
            self._end()

    def _ask_again(self, request: dict[str, Any]) -> bytes | str:
        try:
            return self._ask(request)
        except (EOFError, OSError):
            self._end()
            return "the print worker ended in the middle of it (out of memory?)"

    def _ask(self, request: dict[str, Any]) -> bytes | str:
        if self._drawn_count >= MOST_DOCUMENTS:
            self._end()
        pipe = self._started()
        pipe.send(request)
        if not pipe.poll(MOST_SECONDS):
            self._end()
            return f"it took longer than {MOST_SECONDS:.0f} seconds"
        self._drawn_count += 1
        answer: bytes | str = pipe.recv()
        return answer

    def _started(self) -> Connection:
        if self._owner != os.getpid():  # the server forked: the worker is our parent's
            self._pipe = self._process = None
            self._owner, self._drawn_count = os.getpid(), 0
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self._end()
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(
            target=_work, args=(theirs, self._idle_seconds), daemon=True, name="print"
        )
        self._process.start()
        theirs.close()
        return self._pipe

    def _end(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.terminate()
            self._process.join()
            self._process.close()
        self._pipe = self._process = None
        self._drawn_count = 0


_worker = _Worker()


# --- in the worker ---------------------------------------------------------------------------


def _work(pipe: Connection, idle_seconds: float) -> None:
    """Draw what comes until nothing comes for a while or the server is gone."""
    shut_in()
    from engine.evidence import printing  # noqa: PLC0415 (the layout engine lives in the worker)

    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while pipe.poll(idle_seconds):
            pipe.send(_drawn(printing, pipe.recv()))


def _drawn(printing: Any, request: dict[str, Any]) -> bytes | str:
    """Return the PDF, or in words why there is none."""
    try:
        pdf: bytes
        if "letter" in request:
            pdf = printing.draw_letter(**request["letter"])
        else:
            pdf = (printing.draw_sheet if "html" in request else printing.draw)(**request)
    except printing.CannotPrint as problem:
        return str(problem)
    except Exception as problem:  # noqa: BLE001 (a broken record must not end the worker)
        return f"{type(problem).__name__}: {problem}"
    return pdf


def shut_in() -> None:
    """Refuse every network connection and more memory than a document can need."""

    def refuse(event: str, _arguments: object) -> None:
        if event in ("socket.connect", "socket.getaddrinfo", "socket.bind"):
            message = "the print worker has no network"
            raise PermissionError(message)

    sys.addaudithook(refuse)
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on every system
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
