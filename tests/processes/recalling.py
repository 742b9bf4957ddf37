"""Steps of a recall as the stories walk them: signal, containment, evaluation, decision."""

from typing import Any

from engine.cases import commands
from engine.people import Person
from tests.processes.company import Company

DECIDERS = ("executive", "quality", "regulatory", "medical")


def report_signal(
    company: Company, scope: str, *, by: Person | None = None, is_drill: bool = False, **own: Any
) -> str:
    """Report a signal about what `scope` says in words; return the number of the recall."""
    raw = {
        "source": "supplier_notice",
        "sender": "Sensor Works",
        "description": "Pressure sensors of the lot drift after 200 hours of use.",
        "scope": {"text": scope},
        "aware_at": {"local": f"{company.at:%Y-%m-%dT%H:%M}", "zone": "UTC"},
        "aware_by": "Olga Grant, supplier quality; notice by e-mail",
        **own,
    }
    with company.holdfast.database.begin() as db:
        company.number = commands.report(
            db, raw, by=by or company.people.qa_engineer, at=company.at, key=company.new_key(),
            process="recall", is_drill=is_drill,
        ).number  # fmt: skip
    return company.number


def contain(company: Company, scope: str, **order: Any) -> None:
    """Triage the signal and order that what `scope` says is held."""
    company.do("triage_signal")
    company.do("order_containment", scope={"text": scope}, **order)


def decide(company: Company, action: str = "removal", **hazard: Any) -> None:
    """Evaluate the hazard, propose the action, and have all four approve it."""
    company.do("evaluate_health_hazard", **hazard)
    company.do("prepare_decision", action=action)
    for who in DECIDERS:
        company.do(f"decide_as_{who}")


def to_decision(company: Company, scope: str, action: str = "removal", **hazard: Any) -> str:
    """Take a signal to the decision on its action; return the number of the recall."""
    number = report_signal(company, scope)
    contain(company, scope)
    decide(company, action, **hazard)
    return number
