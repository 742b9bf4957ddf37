"""What a benchmark's steps take: CPU of this process, of PostgreSQL the backend's beside it."""

import os
import resource
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.serials.sets import is_sqlite


def head(url: str, devices: int) -> None:
    """Print the head of the lines that `timed` prints."""
    kind = "SQLite" if url.startswith("sqlite") else "PostgreSQL"
    print(f"\n{kind}: {devices:,} devices; this process held {peak():.0f} MB before")
    print(f"{'':34}{'CPU s here':>12}{'CPU s server':>14}{'wall s':>9}", flush=True)


def timed(db: Session, what: str, work: Callable[[], Any]) -> Any:
    """Do something and print what it took, here and in the server."""
    server, here, began = server_seconds(db), process_time(), perf_counter()
    result = work()
    took, wall = process_time() - here, perf_counter() - began
    there = server_seconds(db) - server
    print(f"{what:34}{took:>12.2f}{there:>14.2f}{wall:>9.2f}", flush=True)
    return result


def server_seconds(db: Session) -> float:
    """Return the CPU time of the backend that serves this session; none on SQLite."""
    if is_sqlite(db):
        return 0.0
    pid = db.scalar(text("SELECT pg_backend_pid()"))
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    return float(ticks) / float(os.sysconf("SC_CLK_TCK"))


def peak() -> float:
    """Return the most memory that this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
