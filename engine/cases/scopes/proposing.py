"""Proposing a scope: a text is understood and traced, and the trace kept as a candidate."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.models import Case
from engine.cases.scopes.errors import ScopeDecided
from engine.cases.scopes.figures import Figures
from engine.cases.scopes.models import ScopeVersion
from engine.cases.tasks import refuse_ended
from engine.evidence import ledger
from engine.people.person import Person
from engine.serials import expressions, trace, tracing
from engine.serials.models import TraceRun
from engine.serials.trace import Seeds


def propose(
    db: Session,
    case: Case,
    text: str,
    *,
    reason: str,
    by: Person | None,
    at: datetime,
    answers: Mapping[str, str] | None = None,
    expression: Mapping[str, Any] | None = None,
    zone: tzinfo = UTC,
) -> ScopeVersion:
    """Trace a text and keep it as a candidate of the case; flushes.

    `answers` are those to the questions of `expressions.understand`; an `expression` is taken as
    it is, whatever the text. Raises `tracing.StillAsking`, `tracing.NothingToTrace`, `CaseEnded`.
    """
    asked = dict(expression) if expression else understood(db, text, answers=answers, zone=zone)
    seeds = expressions.seeds_of(db, asked)
    if seeds == Seeds():
        raise tracing.NothingToTrace
    run = trace.run(db, seeds, expression=asked, by=by, at=at)
    return propose_run(db, case, run, reason=reason, by=by, at=at)


def understood(
    db: Session, text: str, *, answers: Mapping[str, str] | None = None, zone: tzinfo = UTC
) -> dict[str, Any]:
    """Return the expression a text comes to; raises `tracing.StillAsking`, `NothingToTrace`."""
    said = expressions.understand(db, text, answers=answers, zone=zone)
    return tracing.expression_of(said)


def propose_run(
    db: Session, case: Case, run: TraceRun, *, reason: str, by: Person | None, at: datetime
) -> ScopeVersion:
    """Keep a trace as a candidate of the case; flushes. Raises `CaseEnded`."""
    balance.lock(db, case)  # two candidates never get one number
    refuse_ended(case)
    last = select(func.max(ScopeVersion.number)).where(ScopeVersion.case_id == case.id)
    version = ScopeVersion(
        case_id=case.id,
        number=(db.scalar(last) or 0) + 1,
        state="proposed",
        is_provisional=False,
        run_id=run.id,
        text=str(run.expression.get("text") or ""),
        reason=reason.strip(),
        counts=Figures.of(trace.counts(db, run.id)).as_json(),
        proposed_by_id=by.id if by else None,
        proposed_at=at,
    )
    db.add(version)
    db.flush()
    body = {
        "scope": version.number,
        "run": run.id,
        "result_sha256": run.result_sha256,
        "units": run.root_count,
        "reason": version.reason,
    }
    ledger.append(db, case.stream, "scope_proposed", body, by=by, at=at)
    return version


def trace_anew(
    db: Session, case: Case, version: ScopeVersion, *, by: Person | None, at: datetime
) -> ScopeVersion:
    """Trace a scope again as of now: a candidate of its own; an old candidate is withdrawn."""
    expression = db.get_one(TraceRun, version.run_id).expression
    if version.state != "frozen":
        withdraw(db, case, version, by=by, at=at)
    return propose(
        db, case, version.text, reason=version.reason, by=by, at=at, expression=expression
    )


def withdraw(
    db: Session, case: Case, version: ScopeVersion, *, by: Person | None, at: datetime
) -> None:
    """Take a candidate back; it stays on record. Raises `ScopeDecided`. Flushes."""
    balance.lock(db, case)
    db.refresh(version, with_for_update=True)
    if version.state != "proposed":
        raise ScopeDecided(scope=version.number)
    version.state = "withdrawn"
    db.flush()
    ledger.append(db, case.stream, "scope_withdrawn", {"scope": version.number}, by=by, at=at)
