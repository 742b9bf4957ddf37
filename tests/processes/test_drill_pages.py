"""The pages of drills: what is practised is asked back about before a number is used."""

import re

from flask import Flask
from sqlalchemy import func, select

from engine.cases.models import Case
from tests.processes.company import Company
from tests.processes.visiting import visiting


def test_a_drill_asks_back_before_a_number_is_used(company: Company, app: Flask) -> None:
    company.make_devices("SENS-1", ["P-1"])
    with visiting(company, app, company.people.qa_manager) as visitor:
        for scope, told in (
            ("", "Write what is practised."),
            ("x" * 301, "Write at most 300 characters."),
            ("SENS-9", "is not recorded here"),
            ("SENS-1 to P-1", "Answer what is asked below"),
        ):
            asked = visitor.post("/drills", {"scope": scope, "speed": "60"})
            assert asked.status_code == 422
            assert told in asked.text, scope
        endless = visitor.post("/drills", {"scope": "SENS-1", "speed": "9" * 5_000})
        assert endless.status_code == 422
        assert company.reads(lambda db: db.scalar(select(func.count(Case.id)))) == 0

        [(question, answer)] = re.findall(r'name="(a\.[^"]+)" value="([^"]+)"', asked.text)[:1]
        said = {"scope": "SENS-1 to P-1", "speed": "60", question: answer}
        assert visitor.post("/drills", said).location == "/drills/DR-2026-0001"


def test_a_drill_is_no_open_recall_and_is_marked_wherever_it_is_listed(
    company: Company, app: Flask
) -> None:
    company.make_devices("SENS-1", ["P-1"])
    with visiting(company, app, company.people.qa_manager) as visitor:
        visitor.post("/drills", {"scope": "SENS-1", "speed": "60"})
        visitor.get("/drills/DR-2026-0001")  # which says that it is open
        recalls = visitor.get("/recalls").text
        assert "DR-2026-0001" not in recalls
        assert "0 open cases" in recalls
        company.number = "DR-2026-0001"
        company.do("triage_signal")
        for address in ("/", "/approvals", "/search?q=DR-2026"):
            listed = visitor.get(address, follow_redirects=False).text
            marks = re.findall(r"DR-2026-0001</(?:span|a)>\s*<span class=.tag amber.>", listed)
            assert marks, address


def test_a_drill_is_planned_run_and_ended_on_the_page(company: Company, app: Flask) -> None:
    company.make_devices("SENS-1", ["P-1"])
    manager = company.people.qa_manager
    asked = {"plan_scope": "SENS-1", "every": "monthly", "owner": str(manager.id)}
    with visiting(company, app, manager) as visitor:
        assert visitor.post("/drills/plans", {**asked, "plan_scope": "SENS-9"}).status_code == 422
        assert visitor.post("/drills/plans", asked).status_code == 303
        assert "Every month" in visitor.get("/drills").text
        assert visitor.post("/drills/plans/1/run").status_code == 303
        company.holdfast.run_planned_drills()
        for address in ("/drills", "/readiness"):
            assert "DR-2026-0001" in visitor.get(address).text, address
        assert visitor.post("/drills/plans/1/end").status_code == 303
        assert "/drills/plans/1/end" not in visitor.get("/drills").text
