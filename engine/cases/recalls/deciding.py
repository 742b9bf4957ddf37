"""The decision on the physical action: one for all countries, by four people who sign."""

from engine.bpmn.step import Step
from engine.cases import answers, facts
from engine.cases.models import Case
from engine.evidence import ledger
from engine.words import N_

CORRECTION = "correction"
ACTIONS = {
    "removal": N_("Removal"),
    CORRECTION: N_("Correction"),
    "market_withdrawal": N_("Market withdrawal"),
    "stock_recovery": N_("Stock recovery"),
    "none": N_("No action"),
}
# how bad a case is for the rules of the board, by what the medical reviewer found
SEVERITY = {"death": "critical", "reversible": "major", "limited": "minor", "none": "minor"}


def take(step: Step, case: Case) -> dict[str, str]:
    """Record the action that was proposed last and approved by all; flushes."""
    action = str(step.variables["proposed_action"])
    severity = SEVERITY[str(step.variables["hazard_severity"])]
    proposal = answers.latest(step.db, case, "recall_decision", "prepare_decision")
    case.severity = severity
    for name, value in (("decision", step.at.isoformat()), ("decided_action", action)):
        facts.record(step.db, case, name, value, by=step.by, at=step.at, evidence="four signatures")
    body = {"action": action, "proposal_sha256": proposal.sha256 if proposal else None}
    ledger.append(step.db, case.stream, "action_decided", body, by=step.by, at=step.at)
    return {"action": action, "severity": severity}
