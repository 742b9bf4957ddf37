"""The hold canary: does the door hold? Tried again and again with a held unit of our own.

What is tried is laid in a transaction that is never committed (see `undone.py`): no list, trace,
stock or report can count it, and nothing can leave. Only what the door answered is kept.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from engine.errors import Conflict, Invalid, NotFound, Problem
from engine.evidence import ledger
from engine.people.person import Person
from engine.serials import holds, parties, receive
from engine.serials.errors import OnHold
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
    """A held unit, the hold that keeps it, and where it is to be shipped."""

    part_no: str
    serial: str
    place: str
    unit_id: int
    hold_id: int


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
    serial = f"{number}-U"
    maker = parties.add_party(db, number, NAME, kind="manufacturer", **how)
    taker = parties.add_party(db, f"{number}-C", NAME, kind="consignee", **how)
    store = parties.add_location(db, maker.id, f"{number}-S", NAME, kind="warehouse", **how)
    ward = parties.add_location(db, taker.id, f"{number}-W", NAME, kind="consignee", **how)
    part = parties.add_part(
        db, maker.id, f"{number}-P", NAME, control="serial", kind="device", **how
    )
    received = receive.receive_units(
        db, part.id, [serial], location_id=store.id, usability="conforming", **how
    )
    hold = holds.place(
        db,
        stream="interfaces",
        case_number=f"{number}-H",
        reason=NAME,
        basis=NAME,
        target=HoldTarget.unit(received.unit_ids[0]),
        by=None,
        at=at,
    )
    return Bait(part.part_no, serial, ward.code, received.unit_ids[0], hold.id)


def outcome_of(bait: Bait, tried: Tried) -> str:
    """Say what an answer means.

    `refused` only when the door says that this very hold keeps this very unit: a door that is shut
    for another reason (not known, not allowed, out of order) was not tried, which is `failed`.
    """
    if tried.status is not None and 200 <= tried.status < 300:
        return "passed"
    return "refused" if _is_held(bait, tried) else "failed"


def _is_held(bait: Bait, tried: Tried) -> bool:
    try:
        answer = json.loads(tried.answer)
        return tried.status == 422 and answer["type"] == OnHold.TYPE and any(
            (one["kind"], one["id"], one["label"]) == ("unit", bait.unit_id, bait.serial)
            and any(hold["hold_id"] == bait.hold_id for hold in one["holds"])
            for one in answer["held"]
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):  # not the answer of our door
        return False


def keep(db: Session, bait: Bait | None, tried: Tried, *, at: datetime) -> CanaryRun:
    """Keep what came of a try with its exact answer, and alert quality unless it was refused.

    A yes is told each time; a door that could not be tried once, until it is tried again.
    """
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
    if outcome == "failed":
        real = _last_real(db)
        facts = {"tried_at": at.isoformat(), "answer": _shown(tried), "path": PATH}
        key = f"canary_untested:{real.id if real else 0}"
        tell(db, key, "layouts/canary_untested", facts, at=at)
    return run


def is_due(db: Session, *, at: datetime) -> bool:
    """Say whether it is time to try again."""
    last = newest(db)
    return last is None or at - last.at >= EVERY


def watch(db: Session, *, at: datetime) -> int:
    """Tell quality once when no door was really tried for too long; return how many mails."""
    real, last = _last_real(db), newest(db)
    since = real.at if real else _first(db)
    if since is None or at - since <= SILENT:
        return 0
    why = _shown(Tried(last.status, last.answer, 0)) if last and last is not real else "–"
    facts = {"last_at": since.isoformat(), "why": why, "path": PATH}
    key = f"canary_silent:{real.id if real else 0}"
    return tell(db, key, "layouts/canary_silent", facts, at=at)


def is_silent(db: Session, *, at: datetime) -> bool:
    """Say whether nobody knows that the door holds, for the page."""
    last = _last_real(db)
    return last is None or at - last.at > SILENT


def is_unsettled() -> ColumnElement[bool]:
    """Return the condition that a try was not refused and nobody has said why."""
    return and_(CanaryRun.outcome != "refused", CanaryRun.looked_at_at.is_(None))


def take(db: Session, run_id: int, *, by: Person, at: datetime) -> CanaryRun:
    """Look into a try that was not refused oneself, with all before it that went alike. Flushes."""
    run = _unsettled(db, run_id)
    alike = (is_unsettled(), CanaryRun.outcome == run.outcome, CanaryRun.id <= run.id)
    db.execute(update(CanaryRun).where(*alike).values(owner_id=by.id))
    ledger.append(db, STREAM, "canary_taken", {"run": run.id}, by=by, at=at)
    return run


def settle(db: Session, run_id: int, *, reason: str, by: Person, at: datetime) -> CanaryRun:
    """Say what was behind a try that was not refused. Flushes.

    Tries that could not be made up to this one are one trouble: one reason settles them all. Each
    one that was let through has a reason of its own.
    """
    if not reason.strip():
        raise Invalid([Problem("reason", N_("Write the reason first."))])
    run = _unsettled(db, run_id)
    said = {
        "looked_at_by_id": by.id,
        "looked_at_at": at,
        "looked_at_reason": reason.strip(),
    }
    db.execute(update(CanaryRun).where(_of_the_same(run)).values(said))
    db.refresh(run)
    body = {"run": run.id, "reason": reason.strip()}
    ledger.append(db, STREAM, "canary_settled", body, by=by, at=at)
    return run


def _unsettled(db: Session, run_id: int) -> CanaryRun:
    run = db.get(CanaryRun, run_id, with_for_update=True)
    if run is None or run.outcome == "refused":
        raise CanaryRunUnknown
    if run.looked_at_at is not None:
        raise CanaryRunSettled
    return run


def _of_the_same(run: CanaryRun) -> ColumnElement[bool]:
    if run.outcome == "passed":
        return CanaryRun.id == run.id
    return and_(is_unsettled(), CanaryRun.outcome == "failed", CanaryRun.id <= run.id)


def newest(db: Session) -> CanaryRun | None:
    """Return the last try, whatever came of it."""
    return db.scalars(select(CanaryRun).order_by(CanaryRun.id.desc()).limit(1)).first()


def _last_real(db: Session) -> CanaryRun | None:
    real = select(CanaryRun).where(CanaryRun.outcome != "failed")
    return db.scalars(real.order_by(CanaryRun.id.desc()).limit(1)).first()


def _first(db: Session) -> datetime | None:
    return db.scalar(select(CanaryRun.at).order_by(CanaryRun.id).limit(1))


def _shown(tried: Tried) -> str:
    return f"{tried.status or ''} {tried.answer}".strip()[:500]
