"""Stories of the page Approvals: decisions on other people's work, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from engine.cases.approvals import proposals, signed_lately
from engine.cases.inbox import badge, my_tasks
from engine.people import Person
from tests.processes.company import Company
from tests.processes.visiting import visiting


@pytest.fixture
def app(company: Company, app: Flask) -> Flask:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    return app


def waiting(company: Company, person: Person) -> list[str]:
    """Return the steps that wait for a person's decision."""
    return company.reads(
        lambda db: [
            row.element_id for row in my_tasks(db, person, at=company.at, show="decision").rows
        ]
    )


def test_a_signature_under_ones_own_work_is_no_approval(company: Company, app: Flask) -> None:
    assert waiting(company, company.people.qa_engineer) == []  # to propose is signed as its author
    company.do("propose_disposition", lines={"lines": [company.line("scrap", lot="S-1",
               quantity=40)]})  # fmt: skip
    assert waiting(company, company.people.mrb_quality) == ["approve_quality"]
    company.do("approve_quality")
    company.do("approve_engineering")
    company.do("decide_samples")
    for step in ("destroy_units", "witness_destruction"):
        assert waiting(company, getattr(company.people, company.task(step).role)) == []
        company.do(step)
    assert waiting(company, company.people.qa_manager) == ["verify_and_close"]


def test_what_one_found_or_judged_oneself_is_no_approval_though_it_is_attested(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3"], shipped=1)
    company.report("P-1 P-2 P-3")
    company.do("triage")
    company.do("evaluate_health_risk")
    company.do("confirm_segregation", segregated={"scanned": "P-2", "none": False, "counts": []})
    for step in ("resolve_count_mismatch", "evaluate_field_action"):
        assert waiting(company, getattr(company.people, company.task(step).role)) == [], step
    company.do("evaluate_field_action")
    regulatory = company.people.regulatory_affairs
    signed = company.reads(lambda db: signed_lately(db, regulatory, at=company.at))
    assert signed == []


def test_to_attest_what_others_proposed_is_an_approval(company: Company, app: Flask) -> None:
    company.propose(company.line("use_as_is", lot="S-1", quantity=40))
    decider = getattr(company.people, company.task("confirm_concession").role)
    assert "confirm_concession" in waiting(company, decider)
    company.do("confirm_concession")
    signed = company.reads(lambda db: signed_lately(db, decider, at=company.at))
    assert "attest" in [one.meaning for one in signed]


def test_a_long_list_of_approvals_asks_the_database_no_more_than_a_short_one(
    company: Company,
) -> None:
    member = company.people.mrb_quality
    asked: list[str] = []
    counts = []
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3"])
    for number in range(1, 4):
        company.to_disposition(f"P-{number}")
        lines = {"lines": [company.line("no_fault_found", f"P-{number}")]}
        company.do("propose_disposition", lines=lines)
        with company.holdfast.database.read() as db:
            rows = my_tasks(db, member, at=company.at, show="decision").rows
        with company.holdfast.database.read() as db:
            engine, before = db.get_bind(), len(asked)

            def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
                asked.append(statement)

            event.listen(engine, "before_cursor_execute", count)
            shown = proposals(db, rows, member, language="en", at=company.at)
            event.remove(engine, "before_cursor_execute", count)
        assert [one.amounts for _row, one in shown] == [(("No fault found", "1"),)] * number
        counts.append(len(asked) - before)
    assert counts == [counts[0]] * 3


def test_an_approval_says_what_how_much_and_whose_work_it_is(company: Company, app: Flask) -> None:
    lines = [company.line("scrap", lot="S-1", quantity=30),
             company.line("return_to_supplier", lot="S-1", quantity=10)]  # fmt: skip
    company.do("propose_disposition", lines={"lines": lines})
    with visiting(company, app, company.people.mrb_quality) as visitor:
        page = visitor.get("/approvals").text
    for words in ("Scrap: 30", "Return to supplier: 10", company.number, "Chen Mei",
                  "Propose disposition", "Review and decide"):  # fmt: skip
        assert words in page
    counted = company.reads(lambda db: badge(db, company.people.mrb_quality))
    assert counted.approvals == 1


def test_an_approval_says_why_its_reader_may_not_sign(company: Company, app: Flask) -> None:
    company.do("propose_disposition", lines={"lines": [company.line("scrap", lot="S-1",
               quantity=40)]})  # fmt: skip
    both = replace(company.people.qa_engineer, roles=frozenset({"qa_engineer", "mrb_quality"}))
    ((row, asked),) = company.reads(
        lambda db: proposals(
            db,
            my_tasks(db, both, at=company.at, show="decision").rows,
            both,
            language="en",
            at=company.at,
        )
    )
    assert row.element_id == "approve_quality"
    assert "Someone else must do this task" in str(asked.refused)


def test_decisions_signed_lately_are_listed_and_nothing_else(company: Company, app: Flask) -> None:
    with visiting(company, app, company.people.mrb_quality) as visitor:
        empty = visitor.get("/approvals").text
        assert "No decision waits for you" in empty
        assert "You signed no decision lately" in empty
    company.do("propose_disposition", lines={"lines": [company.line("scrap", lot="S-1",
               quantity=40)]})  # fmt: skip
    company.do("approve_quality", decision="reject")
    signed = company.reads(lambda db: signed_lately(db, company.people.mrb_quality, at=company.at))
    assert [(one.name, one.meaning, one.case_number) for one in signed] == [
        ("Decide for quality", "reject", company.number)
    ]
    assert (
        company.reads(lambda db: signed_lately(db, company.people.qa_engineer, at=company.at)) == []
    )
    with visiting(company, app, company.people.mrb_quality) as visitor:
        assert "Decide for quality" in visitor.get("/approvals").text
