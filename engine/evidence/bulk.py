"""Printing many letters at once, through an executor: local processes, or a Dask cluster.

A letter is drawn from plain data and gives plain bytes: no database, no network, no key. So it may
be drawn anywhere, and a worker that dies costs its letters a second drawing and nothing else.
"""

import hashlib
import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from engine.errors import EngineError
from engine.evidence.render import shut_in

MOST_LETTERS = 500  # by one process, then a fresh one: whatever leaked is gone


class ClusterMissing(EngineError):
    """The cluster at %(address)s cannot be used: %(cause)s. Letters wait until it can."""


@contextmanager
def executor(address: str = "", *, workers: int | None = None) -> Iterator[Executor]:
    """Give what letters are drawn with: the Dask cluster at `address`, or processes of this host.

    Raises `ClusterMissing`.
    """
    if address:
        with _cluster(address) as found:
            yield found
        return
    with ProcessPoolExecutor(
        max_workers=workers or os.cpu_count() or 1,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=shut_in,
        max_tasks_per_child=MOST_LETTERS,
    ) as pool:
        yield pool


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client  # noqa: PLC0415 (an extra: only who has a cluster needs it)
    except ImportError as missing:
        raise ClusterMissing(address=address, cause=missing) from missing
    try:
        client: Any = Client(address, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]  # the library has no types
    except OSError as problem:
        raise ClusterMissing(address=address, cause=problem) from problem
    try:
        yield client.get_executor(pure=False)
    finally:
        client.close()


def draw_all(
    pool: Executor, requests: Sequence[tuple[int, Mapping[str, Any]]]
) -> Iterator[tuple[int, bytes | str]]:
    """Yield each letter's PDF under its key, or in words why there is none.

    A request is what `printing.draw_letter` takes. One that fails keeps no other back.
    """
    asked = [(key, pool.submit(drawn, dict(request))) for key, request in requests]
    for key, future in asked:
        try:
            yield key, future.result()
        except Exception as problem:  # noqa: BLE001 (a worker that died is told with its letter)
            yield key, f"{type(problem).__name__}: {problem}"


def drawn(request: Mapping[str, Any]) -> bytes | str:
    """Draw one letter, wherever this runs; return its PDF or in words why there is none."""
    from engine.evidence import printing  # noqa: PLC0415 (the layout engine lives in the worker)

    try:
        return printing.draw_letter(**request)
    except Exception as problem:  # noqa: BLE001 (a broken letter must not end the worker)
        return f"{type(problem).__name__}: {problem}"


def sha256_of(content: bytes) -> str:
    """Return the digest that is printed on a letter for a file that goes with it."""
    return hashlib.sha256(content).hexdigest()
