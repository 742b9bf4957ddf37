"""The hold canary: does the door hold? Tried again and again with a held unit of our own.

What is tried is laid in a transaction that is never committed (see `undone.py`): no list, trace,
stock or report can count it, and nothing can leave. Only what the door answered is kept.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Conflict, Invalid, NotFound, Problem
from engine.evidence import ledger
from engine.people.person import Person
from engine.serials import holds, parties, receive
from engine.serials.exchange.alerts import tell
from engine.serials.exchange.subscriptions import STREAM
from engine.serials.models import CanaryRun
from engine.serials.record import How
from engine.serials.targets import HoldTarget
from engine.words import N_

NAME = "HOLDFAST-CANARY"
EVERY = timedelta(minutes=15)
SILENT = 3 * EVERY
KEPT = 20_000
PATH = "/interfaces/canary"


class CanaryRunUnknown(NotFound):
    """There is no such try. It may belong to another installation."""


class CanaryRunSettled(Conflict):
    """Someone has said already what was behind this."""


@dataclass(frozen=True)
class Bait:
    """A held unit, and where it is to be shipped."""

    part_no: str
    serial: str
    place: str
    case_number: str


@dataclass(frozen=True)
class Tried:
    """What the door answered, word for word."""

    status: int | None
    answer: str
    took_ms: int


def lay(db: Session, *, at: datetime) -> Bait:
    """Lay a conforming unit that nothing but a hold keeps here, and a consignee for it. Flushes."""
    how: How = {"by": None, "at": at}
    number = f"{NAME}-{uuid4().hex[:12]}"
    maker = parties.add_party(db, number, NAME, kind="manufacturer", **how)
    taker = parties.add_party(db, f"{number}-C", NAME, kind="consignee", **how)
    store = parties.add_location(db, maker.id, f"{number}-S", NAME, kind="warehouse", **how)
    ward = parties.add_location(db, taker.id, f"{number}-W", NAME, kind="consignee", **how)
    part = parties.add_part(db, maker.id, number, NAME, control="serial", kind="device", **how)
    received = receive.receive_units(
        db, part.id, [number], location_id=store.id, usability="conforming", **how
    )
    holds.place(
        db,
        stream="interfaces",
        case_number=number,
        reason=NAME,
        basis=NAME,
        target=HoldTarget.unit(received.unit_ids[0]),
        by=None,
        at=at,
    )
    return Bait(part.part_no, number, ward.code, number)


def outcome_of(bait: Bait, tried: Tried) -> str:
    """Say what an answer means.

    `refused` only when the door says no for this very hold: a door that is shut for another reason
    (out of order, not found) was not tried, which is `failed`.
    """
    if tried.status is not None and 200 <= tried.status < 300:
        return "passed"
    is_no = tried.status in (409, 422) and bait.case_number in tried.answer
    return "refused" if is_no else "failed"


def keep(db: Session, bait: Bait | None, tried: Tried, *, at: datetime) -> CanaryRun:
    """Keep what came of a try with its exact answer, and alert quality unless it was refused."""
    outcome = outcome_of(bait, tried) if bait else "failed"
    digest = hashlib.sha256(tried.answer.encode()).hexdigest()
    run = CanaryRun(
        at=at,
        outcome=outcome,
        status=tried.status,
        answer=tried.answer[:KEPT],
        answer_sha256=digest,
        took_ms=tried.took_ms,
    )
    db.add(run)
    db.flush()
    body = {"run": run.id, "outcome": outcome, "status": tried.status, "answer_sha256": digest}
    ledger.append(db, STREAM, "canary_tried", body, by=None, at=at)
    if outcome == "passed":
        facts = {"tried_at": at.isoformat(), "answer": _shown(tried), "path": PATH}
        tell(db, f"canary_passed:{run.id}", "layouts/canary_passed", facts, at=at)
    return run


def is_due(db: Session, *, at: datetime) -> bool:
    """Say whether it is time to try again."""
    last = newest(db)
    return last is None or at - last.at >= EVERY


def watch(db: Session, *, at: datetime) -> int:
    """Tell quality once when no door was really tried for too long; return how many mails."""
    real = db.scalars(
        select(CanaryRun)
        .where(CanaryRun.outcome != "failed")
        .order_by(CanaryRun.id.desc())
        .limit(1)
    ).first()
    last = newest(db)
    since = real.at if real else _first(db)
    if since is None or at - since <= SILENT:
        return 0
    why = _shown(Tried(last.status, last.answer, 0)) if last and last is not real else "–"
    facts = {"last_at": since.isoformat(), "why": why, "path": PATH}
    key = f"canary_silent:{real.id if real else 0}"
    return tell(db, key, "layouts/canary_silent", facts, at=at)


def is_silent(db: Session, *, at: datetime) -> bool:
    """Say whether nobody knows that the door holds, for the page."""
    real = select(CanaryRun.at).where(CanaryRun.outcome != "failed")
    last = db.scalar(real.order_by(CanaryRun.id.desc()).limit(1))
    return last is None or at - last > SILENT


def settle(db: Session, run_id: int, *, reason: str, by: Person, at: datetime) -> CanaryRun:
    """Say what was behind a try that was not refused. Flushes."""
    if not reason.strip():
        raise Invalid([Problem("reason", N_("Write the reason first."))])
    run = db.get(CanaryRun, run_id, with_for_update=True)
    if run is None or run.outcome == "refused":
        raise CanaryRunUnknown
    if run.looked_at_at is not None:
        raise CanaryRunSettled
    run.looked_at_by_id, run.looked_at_at, run.looked_at_reason = by.id, at, reason.strip()
    db.flush()
    body = {"run": run.id, "reason": reason.strip()}
    ledger.append(db, STREAM, "canary_settled", body, by=by, at=at)
    return run


def newest(db: Session) -> CanaryRun | None:
    """Return the last try, whatever came of it."""
    return db.scalars(select(CanaryRun).order_by(CanaryRun.id.desc()).limit(1)).first()


def _first(db: Session) -> datetime | None:
    return db.scalar(select(CanaryRun.at).order_by(CanaryRun.id).limit(1))


def _shown(tried: Tried) -> str:
    return f"{tried.status or ''} {tried.answer}".strip()[:500]
