"""Ending a case for good: nothing of it runs on, its holds go, its record gets a checkpoint."""

from engine import clock
from engine.bpmn.step import Step
from engine.cases import balance, facts, telling
from engine.cases.children import still_running
from engine.cases.models import Case
from engine.errors import Refused
from engine.evidence import checkpoints, ledger
from engine.serials import holds


class StillRunning(Refused):
    """%(processes)s is still open in this case. Finish it before you close the case."""


def refuse_while_running(step: Step, case: Case) -> None:
    """Raise `StillRunning` while another diagram of the case is not at its end."""
    running = still_running(step.db, case, but=step.instance.id)
    if running:
        names = ", ".join(dict.fromkeys(one.process.replace("_", " ") for one in running))
        raise StillRunning(processes=names.capitalize())


def close(step: Step, case: Case) -> None:
    """Close a case whose balance is complete; raises `BalanceIncomplete`. Flushes."""
    db = step.db
    balance.refuse_unless_complete(db, case)

    # what came back, was kept or left control needs this case's holds no longer
    holds.release_case(db, case.number, reason="case closed", by=step.by, at=step.at)
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
