"""Steps of a recall as the stories walk them: signal, containment, evaluation, decision."""

from typing import Any

from sqlalchemy.orm import Session

from engine.bpmn.models import Instance, Task
from engine.cases import commands
from engine.cases.recalls import gates, jurisdictions
from engine.people import Person
from engine.serials import parties, ship
from engine.serials.record import How
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


LEGAL_NAMES = {"EU": "eu_fsca", "CN": "cn_recall", "US": "us_removal", "CA": "ca_recall"}
NO = {"EU": "eu_none", "CN": "cn_no_defect", "US": "us_none"}


def decide_jurisdictions(company: Company, **given: dict[str, Any]) -> None:
    """Sign what the recall is in every jurisdiction that waits; `given` names answers by code."""
    for task in company.open_tasks_at("decide_jurisdiction"):
        code = code_of(company, task)
        answers = {
            "legal_name": LEGAL_NAMES.get(code, "other_recall"),
            **({"class_name": "nmpa_1"} if code == "CN" else {}),
            **given.get(code, {}),
        }
        company.do("decide_jurisdiction", task=task, **answers)


def say_no(company: Company, *codes: str) -> None:
    """Sign for these jurisdictions that nothing is done there, with the reason."""
    decide_jurisdictions(
        company,
        **{
            code: {
                "legal_name": NO[code], "class_name": "", "is_reportable": False,
                "reason": "Evident before use; no harm is to be expected.",
            }
            for code in codes
        },
    )  # fmt: skip


def code_of(company: Company, task: Task) -> str:
    """Return the jurisdiction that a task of a child is about."""

    def look(db: Session) -> str:
        row = jurisdictions.row_of(db, task.instance_id)
        return str(row.code if row else db.get_one(Instance, task.instance_id).parent_key)

    return str(company.reads(look))


def approve_strategy(company: Company, **strategy: Any) -> None:
    """Draft the strategy and have it approved."""
    company.do("draft_strategy", **strategy)
    company.do("approve_strategy")


def notify(company: Company, *codes: str) -> None:
    """Prepare and submit the notification of each jurisdiction."""
    for element in ("prepare_notification", "submit_notification"):
        for task in company.open_tasks_at(element):
            if code_of(company, task) in codes:
                company.do(element, task=task)


def end_oversight(company: Company, outcome: str = "ended") -> None:
    """Ask every authority that waits, and record what it answers."""
    for element in ("request_termination", "record_outcome"):
        for task in company.open_tasks_at(element):
            asks = {} if outcome == "ended" else {"what_is_asked": "All devices of that year."}
            own = {"outcome": outcome, **asks} if element == "record_outcome" else {}
            company.do(element, task=task, **own)


def add_hospital(company: Company, code: str, country: str | None) -> int:
    """Describe a hospital in a country, or in one that nobody has written down; return its id."""
    with company.holdfast.database.begin() as db:
        party = parties.add_party(
            db, code, code.title(), kind="consignee", country=country, by=None, at=company.at
        )
        place = parties.add_location(
            db, party.id, code, code.title(), kind="consignee", by=None, at=company.at
        )
        company.places |= {f"{code}_party": party.id, code: place.id}
        return party.id


def deliver(company: Company, hospital: str, *serials: str) -> None:
    """Ship units to a hospital, and have it receive them."""
    how: How = {"by": company.people.warehouse, "at": company.at}
    with company.holdfast.database.begin() as db:
        units = [company.unit(serial).id for serial in serials]
        place = company.places[hospital]
        ship.ship(db, to_location_id=place, units=units, document_no=f"DN-{hospital}", **how)
        ship.deliver(db, location_id=place, units=units, **how)


def board_scraps_what_is_held(company: Company, *serials: str) -> None:
    """Have the board rule that units and the rest of their sensors are destroyed; see it done."""
    left = int(company.totals["held"]) - len(serials)
    lot = company.line("scrap", lot="SENS-1", quantity=left)
    company.propose(company.line("scrap", *serials), lot)
    for element in ("decide_samples", "destroy_units", "witness_destruction"):
        for task in company.open_tasks_at(element):
            company.do(element, task=task)


def open_gate(company: Company, gate: gates.Gate) -> None:
    """Record that the authority let the action go on."""
    with company.holdfast.database.begin() as db:
        gates.open_gate(
            db, company.number, gate.id, evidence="Letter of 26 March",
            by=company.people.regulatory_affairs, at=company.at, key=company.new_key(),
        )  # fmt: skip
    company.take_up_reports()
