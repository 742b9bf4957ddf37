"""Stories of a scope that names a device first: it is evaluated, and countries decide anew."""

from sqlalchemy import select

from engine.bpmn.models import Instance, Task
from engine.cases.models import Answer
from engine.cases.recalls import authorities, jurisdictions, lists, showing
from forms import library
from tests.processes.company import Company
from tests.processes.recalling import (
    approve_strategy,
    code_of,
    contain,
    decide_jurisdictions,
    deliver,
    freeze_signed,
    propose_for,
    report_signal,
    to_decision,
)
from tests.support.web import app_over
from webapp.queries.beside import panels

OPEN = {"evaluate_added_device", "weigh_added_device"}


def widen(company: Company, scope: str) -> None:
    number = propose_for(company, scope, "Second notice of the supplier")
    freeze_signed(company, number, by=company.people.regulatory_affairs)


def test_a_device_named_later_is_evaluated_and_its_countries_decide_anew(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    decide_jurisdictions(company, EU={"is_reportable": False})
    approve_strategy(company)
    company.make_devices("SENS-2", ["Q-1", "Q-2"])
    deliver(company, "SLIGO", "Q-1")
    widen(company, "SENS-1, SENS-2")
    assert company.waiting_at & OPEN == {"evaluate_added_device"}
    assert company.reads(lambda db: showing.suggested(db, company.case))
    company.do("evaluate_added_device", severity="reversible", likelihood="remote")
    assert not company.reads(lambda db: showing.suggested(db, company.case))
    assert "decide_jurisdiction" not in company.waiting_at
    company.do("weigh_added_device")

    asked = company.open_tasks_at("decide_jurisdiction")
    assert "device_review" in beside(company, asked[0])
    assert [code_of(company, one) for one in asked] == ["EU"]
    choices = [
        company.reads(lambda db, at=at: lists.offered(db, company.case, at, "legal_names", "en"))
        for at in (*answered_at(company, "EU"), asked[0].instance_id)
    ]
    assert choices[0] == choices[1] != ()  # what was answered before can still be corrected
    decided = company.reads(lambda db: jurisdictions.decided(db, company.case))
    assert not decided["EU"].is_reportable  # it stands until it is signed anew
    assert told(company) == ["CN"]
    decide_jurisdictions(company, EU={"is_reportable": True})
    decided = company.reads(lambda db: jurisdictions.decided(db, company.case))
    assert decided["EU"].is_reportable
    assert told(company) == ["CN", "EU"]
    assert not company.incidents


def answered_at(company: Company, code: str) -> list[int]:
    """Return the children that decided for a jurisdiction so far."""
    rows = (
        select(Instance.id)
        .join(Answer, Answer.instance_id == Instance.id)
        .where(Answer.element_id == "decide_jurisdiction", Instance.parent_key.startswith(code))
    )
    return company.reads(lambda db: list(db.scalars(rows)))


def beside(company: Company, task: Task) -> set[str]:
    """Return the processes whose answers are read beside a task."""
    form, by = library.form(task.process, task.element_id), company.people.regulatory_affairs
    with app_over(company.holdfast).test_request_context():
        shown = company.reads(
            lambda db: panels(db, company.case, form, by, instance_id=task.instance_id)
        )
    return {one.content[0].process for one in shown if one.kind == "answers"}


def told(company: Company) -> list[str]:
    """Return the jurisdictions whose authority is notified."""
    rows = company.reads(lambda db: authorities.notifications_of(db, company.case))
    return [one.jurisdiction for one in rows]


def test_more_of_a_device_that_was_evaluated_is_not_evaluated_again(abroad: Company) -> None:
    company = abroad
    to_decision(company, "P-1")
    decide_jurisdictions(company)
    widen(company, "SENS-1")
    assert not company.waiting_at & OPEN


def test_what_is_named_before_the_evaluation_is_part_of_it(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.make_devices("SENS-2", ["Q-1"])
    report_signal(company, "SENS-1")
    contain(company, "SENS-1")
    widen(company, "SENS-1, SENS-2")
    assert company.waiting_at == {"evaluate_health_hazard"}
