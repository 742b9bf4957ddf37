"""Starting a drill, and ending one: scored when its recall was closed, abandoned with a reason."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, jobs
from engine.cases import commands
from engine.cases.asking import form_at
from engine.cases.drills.models import Drill
from engine.cases.ending import void
from engine.cases.models import Case
from engine.cases.tasks import lock_case, refuse_ended
from engine.cases.typed import WRITE_REASON, written
from engine.errors import Invalid, NotFound, Problem, Refused
from engine.evidence import ledger
from engine.people import Person, authorize
from engine.serials import expressions, tracing
from engine.serials.trace import Seeds
from engine.words import N_
from forms.errors import FormNotFound

LIFE = 1  # hospitals take as long as they would
MOST_SPEED = 10_000


class NoRecallReleased(Refused):
    """No recall has been released here yet, so none can be practised."""


class NoDrill(NotFound):
    """There is no drill %(number)s. Check the number and try again."""


def start(
    db: Session,
    raw: Mapping[str, Any],
    *,
    by: Person,
    at: datetime,
    key: str,
    is_attended: bool,
    speed: int = LIFE,
    seed: str | None = None,
    language: str | None = None,
) -> Case:
    """Open a drill from the answers of the signal form; flushes. A repeated `key` opens none.

    Attended, people work it through on the ordinary pages and hospitals answer `speed` times as
    fast as in life; unattended, robots do, by a clock of its own. `seed` repeats an earlier one.

    What is practised is read as the box of a trace reads it: raises `NothingToTrace` and
    `StillAsking` where it names nothing that is recorded here, or can mean two things; and
    `NoRecallReleased`.
    """
    if not by.is_robot:
        authorize(by, "drill.start")
    try:
        form_at(db, "recall", "report", instance_id=None)
    except FormNotFound as missing:
        raise NoRecallReleased from missing
    refuse_unclear(db, raw.get("scope") or {}, by)
    if not 1 <= speed <= MOST_SPEED:
        words = N_("Enter a whole number from 1 to 10,000.")
        raise Invalid([Problem("speed", words)])
    secret = seed or secrets.token_hex(16)
    drill = Drill(
        is_attended=is_attended, clock=None if is_attended else f"drill:{secrets.token_hex(8)}",
        speed=speed, seed=secret, started_at=at, beat_at=at,
        seed_sha256=sha256(secret.encode()).hexdigest(),
        started_by_id=None if by.is_robot else by.id,
    )  # fmt: skip
    with clock.at(at, own=drill.clock):
        opened = commands.report(
            db, dict(raw), by=by, at=at, key=key, process="recall", language=language,
            is_drill=True,
        )  # fmt: skip
    case = db.get_one(Case, opened.case_id)
    if db.get(Drill, case.id) is None:
        drill.case_id = case.id
        db.add(drill)
        db.flush()
        body = {"seed_sha256": drill.seed_sha256, "is_attended": is_attended, "speed": speed}
        ledger.append(db, case.stream, "drill_started", body, by=by, at=at)
    return case


def refuse_unclear(db: Session, scope: Mapping[str, Any], by: Person) -> None:
    """Raise what the box of a trace would say of a scope that cannot be traced as it is."""
    said = expressions.understand(
        db,
        str(scope.get("text") or ""),
        answers=scope.get("answers") or {},
        zone=ZoneInfo(by.time_zone),
    )
    expression = tracing.expression_of(said)
    if expressions.seeds_of(db, expression) == Seeds():
        raise tracing.NothingToTrace


def drill_of(db: Session, number: str) -> tuple[Case, Drill]:
    """Return a drill by its number; raises `NoDrill`."""
    found = db.execute(
        select(Case, Drill).join(Drill, Drill.case_id == Case.id).where(Case.number == number)
    ).one_or_none()
    if found is None:
        raise NoDrill(number=number)
    return found[0], found[1]


def abandon(db: Session, number: str, *, reason: str, by: Person, at: datetime) -> Drill:
    """End a drill that is not carried through: all that runs of it stops, its record stays.

    Flushes; raises `Invalid` without a reason and `CaseEnded` for one that is over.
    """
    authorize(by, "drill.end")
    reason = written(reason, "reason", N_("Reason"), missing=WRITE_REASON)
    refuse_ended(lock_case(db, number))
    return give_up(db, number, reason=reason, by=by, at=at)


def give_up(db: Session, number: str, *, reason: str, by: Person | None, at: datetime) -> Drill:
    """Stop what still runs of a drill and keep why it was not carried through. Flushes.

    One that was voided on the case's page was stopped there, for the reason that was signed.
    """
    case, (_, drill) = lock_case(db, number), drill_of(db, number)
    moment = drill_time(db, case, at=at)
    if case.state == "open":
        stop(db, case, reason, by=by, at=moment)
    if drill.clock is not None:
        jobs.withdraw(db, drill.clock, at=moment)
    drill.ended_at, drill.outcome, drill.reason = at, "abandoned", reason
    case.version += 1
    body = {"reason": reason, "seed": drill.seed}
    ledger.append(db, case.stream, "drill_abandoned", body, by=by, at=moment)
    return drill


def stop(db: Session, case: Case, reason: str, *, by: Person | None, at: datetime) -> None:
    """Void the case of a drill that goes no further: its record says so like any other's."""
    void(db, case, reason, by=by, at=at)
    ledger.append(db, case.stream, "case_voided", {"reason": reason}, by=by, at=at)


def voided_because(db: Session, case: Case) -> str:
    """Return the reason that was signed where a drill was voided like any other case."""
    signed = ledger.entries(db, case.stream, action="case_voided")
    return str(signed[-1].stated_body.get("reason", "")) if signed else ""


def drill_time(db: Session, case: Case, *, at: datetime) -> datetime:
    """Return the server's time, or a later one that the drill's own clock has come to.

    The record of a case never runs backwards.
    """
    head = ledger.lock_head(db, case.stream)
    return max(at, head.at) if head.at is not None else at
