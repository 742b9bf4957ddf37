"""Ticks: calls what looks for due rows, again and again, and leaves a heartbeat.

APScheduler only keeps the rhythm, in memory. What is due stands in the database, so a missed tick
is late and never lost, and several schedulers at once do no harm.
"""

import logging
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from engine import clock
from engine.db import Database
from engine.jobs import BEAT_EVERY, beat

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tick:
    """Something to call every so often; it asks the database what is due."""

    name: str
    every: timedelta
    do: Callable[[], object]


class Scheduler:
    """Calls each tick in its own thread, never the same one twice at once."""

    def __init__(self, database: Database, ticks: Sequence[Tick]) -> None:
        """Take the ticks; nothing runs before `start`."""
        self._database = database
        self._ticks = tuple(ticks)
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._beaten_at: dict[str, datetime] = {}
        self._runner: BackgroundScheduler | None = None

    def start(self) -> None:
        """Begin ticking, at once and then in each tick's rhythm."""
        pool = ThreadPoolExecutor(max_workers=max(1, len(self._ticks)))
        runner = BackgroundScheduler(timezone=UTC, executors={"default": pool})
        for tick in self._ticks:
            runner.add_job(
                self.run,
                "interval",
                args=[tick],
                id=tick.name,
                seconds=tick.every.total_seconds(),
                next_run_time=clock.now(),
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,  # late is better than never
            )
        runner.start()
        self._runner = runner

    def stop(self) -> None:
        """Let running ticks finish, then end."""
        if self._runner is not None:
            self._runner.shutdown(wait=True)
            self._runner = None

    def run(self, tick: Tick) -> None:
        """Call one tick now; a failure is logged and shown, and the next round comes anyway."""
        try:
            tick.do()
        except Exception as error:  # the rhythm must outlive every failure
            log.exception("tick %s failed", tick.name)
            self._beat(tick, failure=f"{type(error).__name__}: {error}")
        else:
            self._beat(tick, failure=None)

    def _beat(self, tick: Tick, *, failure: str | None) -> None:
        at = clock.now()
        beaten_at = self._beaten_at.get(tick.name)
        # a write each second to say that nothing happened would wear out the disk
        if failure is None and beaten_at is not None and at - beaten_at < BEAT_EVERY:
            return
        try:
            with self._database.begin() as db:
                beat(
                    db,
                    tick.name,
                    scheduler=self._name,
                    every=tick.every,
                    failure=failure,
                    at=at,
                )
        except Exception:  # the database may be what failed
            log.exception("no heartbeat of tick %s", tick.name)
        else:
            self._beaten_at[tick.name] = at
