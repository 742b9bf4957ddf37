"""Close a case: every unit accounted for, nothing of it still running, a checkpoint signed."""

from marshmallow import Schema

from engine.actions.lift_holds import lift_holds
from engine.bpmn.step import Step
from engine.cases import balance, facts, identifying, telling
from engine.cases.carrying_out import case_of
from engine.cases.children import still_running
from engine.errors import Refused
from engine.evidence import checkpoints, ledger
from engine.serials import holds


class StillRunning(Refused):
    """%(processes)s is still open in this case. Finish it before you close the case."""


class Parameters(Schema):
    """Nothing is needed: the case is the diagram's own."""


class Result(Schema):
    """Nothing is told: the case is over."""


def close_case(step: Step) -> dict[str, bool]:
    """Close the case, or say what is still open."""
    db, case = step.db, case_of(step)
    running = still_running(db, case, but=step.instance.id)
    if running:
        names = ", ".join(dict.fromkeys(one.process.replace("_", " ") for one in running))
        raise StillRunning(processes=names.capitalize())
    if step.variables.get("outcome") == "confirmed":
        identifying.refuse_unless_resolved(db, case)
    else:
        lift_holds(step)  # what came back since the screening goes free with the rest
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
    checkpoints.checkpoint(db, at=step.at)
    return {}
