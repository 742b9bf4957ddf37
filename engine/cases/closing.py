"""Ending a case for good: nothing of it runs on, its holds go, its record gets a checkpoint."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine import clock, jobs
from engine.bpmn.step import Step
from engine.cases import balance, facts, telling
from engine.cases.children import still_running
from engine.cases.models import Case
from engine.cases.tasks import lock_case
from engine.errors import Refused
from engine.evidence import checkpoints, ledger
from engine.people import Person
from engine.people.queries import person_of
from engine.serials import holds

VERB, REASON = "release_holds", "case closed"


class StillRunning(Refused):
    """%(processes)s is still open in this case. Finish it before you close the case."""


def refuse_while_running(step: Step, case: Case) -> None:
    """Raise `StillRunning` while another diagram of the case is not at its end."""
    running = still_running(step.db, case, but=step.instance.id)
    if running:
        names = ", ".join(dict.fromkeys(one.process.replace("_", " ") for one in running))
        raise StillRunning(processes=names.capitalize())


def close(step: Step, case: Case) -> None:
    """Close a case whose balance is complete; raises `BalanceIncomplete`. Flushes.

    The holds of a large recall are released by a job.
    """
    db = step.db
    balance.refuse_unless_complete(db, case)

    _let_go(db, case, by=step.by, at=step.at)
    case.state, case.ended_at = "closed", step.at
    facts.record(db, case, "closure", step.at.isoformat(), by=step.by, at=step.at)
    body = {
        "balance": {name: str(quantity) for name, quantity in balance.totals(db, case.id).items()},
        "holdings_sha256": balance.holdings_sha256(db, case.id),
    }
    telling.case_ended(db, case, at=step.at)
    ledger.append(db, case.stream, "case_closed", body, by=step.by, at=step.at)
    if clock.own() is None:  # a drill's own time is nothing to sign for: whoever ran it does
        checkpoints.checkpoint(db, at=step.at)


def _let_go(db: Session, case: Case, *, by: Person | None, at: datetime) -> None:
    """Release the holds: what came back, was kept or left control needs them no longer."""
    # a recall is never opened again: nothing comes between. A drill holds nothing
    if case.process != "recall" or case.is_drill or not balance.is_large(db, case.id):
        holds.release_case(db, case.number, reason=REASON, by=by, at=at)
        return
    body = {"case": case.number, "by": by.id if by else None}
    jobs.ask(db, f"{VERB}:{case.number}", name=VERB, body=body, at=at, total_count=2)


def release_holds(db: Session, job: jobs.Job) -> dict[str, int] | jobs.More:
    """Release the holds of a large recall that was closed."""
    if job.done_count == 0:  # so that the page says that it has begun
        return jobs.More(1, job.body)
    case = lock_case(db, job.body["case"])
    by = person_of(db, job.body["by"], at=job.asked_at) if job.body["by"] else None
    released = holds.release_case(db, case.number, reason=REASON, by=by, at=job.asked_at)
    return {"count": len(released)}


def under_way(db: Session, number: str) -> jobs.Job | None:
    """Return the job that releases the holds of a closed recall, while it is not done."""
    return next(iter(jobs.of(db, VERB, case=number)), None)
