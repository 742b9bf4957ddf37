"""The pages of a signal: typed, looked at once more, and the recall is open."""

from flask import Flask

from engine.cases import commands
from tests.processes.company import Company
from tests.processes.recalling import report_signal
from tests.processes.visiting import visiting
from tests.webapp.conftest import Visitor

PLACE = "start:recall"


def typed(company: Company, scope: str) -> dict[str, str]:
    return {
        "source": "authority",
        "sender": "BfArM",
        "description": "Sensors of the lot drift.",
        "scope-text": scope,
        "aware_at-local": f"{company.at:%Y-%m-%dT%H:%M}",
        "aware_at-zone": "UTC",
        "aware_by": "Ren Tao, by letter",
    }


def opened(visitor: Visitor) -> str:
    """Save what was checked; return the address of the recall."""
    saved = visitor.post("/recalls/signal/save")
    assert saved.status_code == 303, saved.text
    return str(saved.location)


def test_a_signal_is_checked_before_its_recall_opens(company: Company, app: Flask) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3"], shipped=1)
    with visiting(company, app, company.people.qa_engineer) as visitor:
        unsure = visitor.post("/recalls/signal", typed(company, "SENS-1") | {"aware_by": ""})
        assert unsure.status_code == 422
        checked = visitor.post("/recalls/signal", typed(company, "SENS-1"))
        assert checked.location == "/recalls/signal/check"
        assert "Units at consignees" in visitor.get(checked.location).text

        address = opened(visitor)

        assert "is open. It is triaged within the hour." in visitor.get(address).text
        assert visitor.get("/recalls/signal/check").location == "/recalls/signal"


def test_a_signal_that_is_left_is_kept(company: Company, app: Flask) -> None:
    person = company.people.qa_engineer
    with visiting(company, app, person) as visitor:
        left = visitor.post("/recalls/signal", typed(company, "SENS-9") | {"then": "leave"})
        assert left.location == "/"
        saved = visitor.post("/recalls/signal/draft", typed(company, "SENS-8"))
        assert saved.json is not None
        assert saved.json["words"].startswith("Saved ")
        assert "SENS-8" in visitor.get("/recalls/signal").text
    with company.holdfast.database.read() as db:
        kept = commands.find_draft(db, PLACE, by=person)
        assert kept is not None
        assert kept.answers["scope"]["text"] == "SENS-8"


def test_another_page_begins_a_signal(company: Company, app: Flask) -> None:
    with visiting(company, app, company.people.qa_engineer) as visitor:
        page = visitor.get("/recalls/signal?scope=SENS-1&nonconformance=NC-2026-0001").text
    assert "SENS-1</textarea>" in page
    assert 'value="NC-2026-0001"' in page


def test_the_stop_ship_begins_with_what_the_signal_named(company: Company, app: Flask) -> None:
    company.make_devices("SENS-1", ["P-1"])
    report_signal(company, "SENS-1")
    company.do("triage_signal")
    with visiting(company, app, company.people.qa_manager) as visitor:
        task = company.task("order_containment")
        page = visitor.get(f"/tasks/{task.id}").text
        assert "SENS-1</textarea>" in page
        assert "Report a signal" in page
        assert "Report a nonconformance" not in page.partition("<main")[2]
        said = {"scope-text": "zz-nothing-like-it", "scope_reason": "As named."}
        wrong = visitor.post(f"/tasks/{task.id}", said).text
        assert "Name something that is recorded here" in wrong
        assert "can mean two things" not in wrong
