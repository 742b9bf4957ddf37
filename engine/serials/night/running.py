"""The lot of the night: once a night, or at once, lots and units are traced at random.

The fingerprint of the seed stands in the ledger before anything is drawn, and the seed after: who
knows both can draw again, and nobody could choose what is traced. It runs as a job, part by part.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from engine import clock, jobs
from engine.db import Database
from engine.errors import Conflict, Invalid, NotFound, Problem
from engine.evidence import ledger
from engine.jobs import Job, More
from engine.people.person import Person
from engine.serials.events import data_stream
from engine.serials.exchange.alerts import tell
from engine.serials.models import NightTrace, TraceNight
from engine.serials.night import sampling
from engine.serials.night.figures import Figures, figures
from engine.serials.night.sampling import Drawn
from engine.serials.night.tracing import trace_one
from engine.words import N_

VERB = "trace_night"
HOUR = 1  # UTC, when it is due
SAMPLE = 100  # traces a night, where the store has that many
LEAST = 0.95  # complete traces, and resolved units: below it quality looks into it
TOGETHER = 1  # traces of one part of the job: on SQLite nobody else writes meanwhile
SEED_BYTES = 32
PATH = "/readiness"


class NightUnknown(NotFound):
    """There is no such night. It may belong to another installation."""


class NightSettled(Conflict):
    """Someone has said already what was behind this night."""


@dataclass(frozen=True)
class Night:
    """One night with its figures."""

    row: TraceNight
    figures: Figures


# --- running ---------------------------------------------------------------------------------


def ask_nightly(db: Session, *, at: datetime) -> None:
    """Ask for the night that is due, once whoever asks. Flushes."""
    today = at.astimezone(UTC)
    if today.hour >= HOUR:
        ask(db, f"{today:%Y-%m-%d}", at=at)


def ask(db: Session, key: str, *, at: datetime, sample: int = SAMPLE) -> Job:
    """Ask for a night under a key; a known key is asked once. Flushes."""
    body = {"sample": sample}
    return jobs.ask(db, f"{VERB}:{key}", name=VERB, body=body, at=at, total_count=sample)


def trace_night(db: Session, job: Job) -> dict[str, Any] | More:
    """Do the next part: commit to a seed, draw, trace some, and say at the end how it went."""
    at = clock.now()
    if "night" not in job.body:
        night = commit(db, wanted=job.body["sample"], at=at)
        return More(0, {"night": night.id})

    night = db.get_one(TraceNight, job.body["night"])
    if night.drawn_at is None:
        drawn = reveal(db, night, at=at)
        todo = [[one.direction, one.what, one.id] for one in drawn]
        return More(0, {"night": night.id, "todo": todo}, max(1, len(todo)))

    todo, done = job.body["todo"], job.done_count
    some = todo[done : done + TOGETHER]
    if some:
        for number, one in enumerate(some, done + 1):
            trace_one(db, Drawn(*one), night_id=night.id, number=number)
        return More(done + len(some), job.body)

    return asdict(end(db, night, at=at))


def run_now(
    database: Database, *, at: datetime, sample: int = SAMPLE, say: Callable[[int, int], None]
) -> int:
    """Trace a night at once, in the same parts and transactions as the job; return its number."""
    with database.begin() as db:
        night_id = commit(db, wanted=sample, at=at).id
    with database.begin() as db:
        drawn = reveal(db, db.get_one(TraceNight, night_id), at=at)
    for done in range(0, len(drawn), TOGETHER):
        say(done, len(drawn))
        with database.begin() as db:
            for number, one in enumerate(drawn[done : done + TOGETHER], done + 1):
                trace_one(db, one, night_id=night_id, number=number)
    with database.begin() as db:
        end(db, db.get_one(TraceNight, night_id), at=at)
    return night_id


def commit(db: Session, *, wanted: int, at: datetime) -> TraceNight:
    """Begin a night: its seed is chosen, and only the SHA-256 of it told. Flushes."""
    seed = secrets.token_hex(SEED_BYTES)
    night = TraceNight(
        committed_at=at, wanted_count=wanted, seed=seed, seed_sha256=sampling.seed_sha256(seed)
    )
    db.add(night)
    db.flush()
    said = {"night": night.id, "seed_sha256": night.seed_sha256, "sample": wanted}
    ledger.append(db, data_stream(db), "night_committed", said, by=None, at=at)
    return night


def reveal(db: Session, night: TraceNight, *, at: datetime) -> list[Drawn]:
    """Draw what is traced, and tell the seed. Flushes."""
    night.last_unit_id, night.last_lot_id = sampling.last_ids(db)
    drawn = draw_again(db, night)
    night.drawn_at, night.sample_sha256 = at, sampling.sample_sha256(drawn)
    said = {
        "night": night.id,
        "seed": night.seed,
        "last_unit": night.last_unit_id,
        "last_lot": night.last_lot_id,
        "count": len(drawn),
        "sample_sha256": night.sample_sha256,
    }
    ledger.append(db, data_stream(db), "night_drawn", said, by=None, at=at)
    return drawn


def draw_again(db: Session, night: TraceNight) -> list[Drawn]:
    """Return what the seed of a night draws."""
    return sampling.draw(
        db,
        night.seed,
        night.wanted_count,
        last_unit=night.last_unit_id or 0,
        last_lot=night.last_lot_id or 0,
    )


def end(db: Session, night: TraceNight, *, at: datetime) -> Figures:
    """Say how a night went, and tell quality of one that did not hold. Flushes."""
    told = figures(db, [night])[night.id]
    night.ended_at, night.outcome = at, outcome_of(told)
    db.flush()
    said = {
        "night": night.id,
        "outcome": night.outcome,
        **asdict(told),
        "result_sha256": _fingerprint(db, night),
    }
    ledger.append(db, data_stream(db), "night_ended", said, by=None, at=at)
    if night.outcome != "held":
        _tell(db, night, told, at=at)
    return told


def outcome_of(told: Figures) -> str:
    """Say whether a night held: every trace is what the events say, and enough are complete."""
    if told.differing_count:
        return "differs"
    rates = [rate for rate in (told.rate, told.unit_rate) if rate is not None]
    return "low" if any(rate < LEAST for rate in rates) else "held"


def _fingerprint(db: Session, night: TraceNight) -> str:
    digest = hashlib.sha256()
    for one in traces(db, night.id):
        line = (
            f"{one.number} {one.direction} {one.what} {one.what_id} {one.resolved_count}"
            f"/{one.unit_count} {one.known_input_count}/{one.input_count} {one.broken_count}"
            f" {one.compared}\n"
        )
        digest.update(line.encode())
    return digest.hexdigest()


def _tell(db: Session, night: TraceNight, told: Figures, *, at: datetime) -> None:
    """Mail quality: each night that differs, and once as long as nobody looked into low ones."""
    facts = {
        "ended_at": at.isoformat(),
        "complete": f"{told.complete_count} / {told.trace_count}",
        "resolved": f"{told.resolved_count} / {told.unit_count}",
        "differing": told.differing_count,
        "path": f"{PATH}/{night.id}",
    }
    if night.outcome == "differs":
        tell(db, f"night_differs:{night.id}", "layouts/night_differs", facts, at=at)
        return
    first = select(TraceNight.id).where(is_unsettled(), TraceNight.outcome == "low")
    key = db.scalar(first.order_by(TraceNight.id).limit(1))
    tell(db, f"night_low:{key}", "layouts/night_low", facts, at=at)


# --- reading ---------------------------------------------------------------------------------


def last_nights(db: Session, *, most: int = 30) -> list[Night]:
    """Return the nights that have ended, the newest first."""
    ended = select(TraceNight).where(TraceNight.ended_at.is_not(None))
    rows = db.scalars(ended.order_by(TraceNight.id.desc()).limit(most)).all()
    told = figures(db, rows)
    return [Night(row, told[row.id]) for row in rows]


def one(db: Session, night_id: int) -> Night:
    """Return a night. Raises `NightUnknown`, for one that has not ended too."""
    row = db.get(TraceNight, night_id)
    if row is None or row.ended_at is None:
        raise NightUnknown
    return Night(row, figures(db, [row])[row.id])


def traces(db: Session, night_id: int) -> list[NightTrace]:
    """Return the traces of a night in their order."""
    of_night = select(NightTrace).where(NightTrace.night_id == night_id)
    return list(db.scalars(of_night.order_by(NightTrace.number)))


# --- looking into one that did not hold ------------------------------------------------------


def is_unsettled() -> ColumnElement[bool]:
    """Return the condition that a night did not hold and nobody has said why."""
    return and_(TraceNight.outcome != "held", TraceNight.looked_at_at.is_(None))


def take(db: Session, night_id: int, *, by: Person, at: datetime) -> TraceNight:
    """Look into a night oneself, with all before it that went alike. Flushes."""
    night = _unsettled(db, night_id)
    db.execute(update(TraceNight).where(_alike(night)).values(owner_id=by.id))
    ledger.append(db, data_stream(db), "night_taken", {"night": night.id}, by=by, at=at)
    return night


def settle(db: Session, night_id: int, *, reason: str, by: Person, at: datetime) -> TraceNight:
    """Say what was behind a night, and behind all before it that went alike. Flushes."""
    if not reason.strip():
        raise Invalid([Problem("reason", N_("Write the reason first."))])
    night = _unsettled(db, night_id)
    said = {"looked_at_by_id": by.id, "looked_at_at": at, "looked_at_reason": reason.strip()}
    db.execute(update(TraceNight).where(_alike(night)).values(said))
    db.refresh(night)
    body = {"night": night.id, "reason": reason.strip()}
    ledger.append(db, data_stream(db), "night_settled", body, by=by, at=at)
    return night


def _alike(night: TraceNight) -> ColumnElement[bool]:
    same = and_(TraceNight.outcome == night.outcome, TraceNight.id <= night.id)
    return and_(is_unsettled(), same)


def _unsettled(db: Session, night_id: int) -> TraceNight:
    night = db.get(TraceNight, night_id, with_for_update=True)
    if night is None or night.outcome in (None, "held"):
        raise NightUnknown
    if night.looked_at_at is not None:
        raise NightSettled
    return night
