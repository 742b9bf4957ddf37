"""Stories of what a case cost: hours said at tasks, invoices afterwards, and their corrections."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from engine.cases.correcting import correct_answer
from engine.cases.costs import lines, recording, standards
from engine.cases.costs.lines import Valued
from engine.cases.costs.models import CostLine
from engine.cases.costs.recording import CostCorrected, Given, NotYourCost
from engine.errors import Invalid
from engine.evidence.ledger import LedgerEntry
from tests.processes.company import Company
from tests.processes.visiting import visiting

LAB = Given("test_lab", amount="120.50", currency="EUR", what="Peel test", spent_on="2026-03-02")


@pytest.fixture
def to_investigation(company: Company) -> Company:
    company.make_lot("S-0001", 40)
    company.report("S-0001")
    company.do("triage")
    company.do("confirm_segregation", effort={"hours": "0.5"})
    return company


def standing(company: Company) -> list[Valued]:
    return company.reads(lambda db: lines.of_case(db, company.case))


def told(company: Company) -> list[tuple[Any, ...]]:
    """Return category, hours and amount of what stands, the first first."""
    return [
        (one.line.category, one.line.hours, one.line.amount) for one in reversed(standing(company))
    ]


def put(company: Company, name: str, value: str, from_on: str, currency: str = "EUR") -> None:
    with company.holdfast.database.begin() as db:
        standards.put(
            db, name, value=value, currency=currency, from_on=from_on, reason="Finance, March.",
            by=company.people.qa_manager, at=company.at,
        )  # fmt: skip


def record(company: Company, given: Given, key: str = "") -> CostLine:
    with company.holdfast.database.begin() as db:
        return recording.record(
            db, company.number, given, by=company.people.qa_engineer, at=company.at,
            key=key or company.new_key(),
        )  # fmt: skip


def test_hours_and_costs_of_a_task_become_lines_of_the_case(to_investigation: Company) -> None:
    company = to_investigation
    spent = {"hours": "2.5", "amount": "80", "currency": "EUR", "category": "test_lab"}
    company.do("investigate", effort=spent)

    assert told(company) == [
        ("retrieval", Decimal("0.5"), None),
        ("investigation", Decimal("2.5"), None),
        ("test_lab", None, Decimal(80)),
    ]
    assert standing(company)[0].line.who == company.people.qa_engineer.printed_name


def test_a_corrected_answer_corrects_its_lines(to_investigation: Company) -> None:
    company = to_investigation
    company.do("investigate", effort={"hours": "2.5"})
    old = company.answer("investigate")
    less = {"hours": "2", "amount": "80", "currency": "EUR", "category": "expedite"}

    def correct(answer_id: int, answers: dict[str, Any]) -> None:
        with company.holdfast.database.begin() as db:
            correct_answer(
                db, answer_id, answers, reason="Half an hour was lunch.",
                by=company.people.qa_engineer, at=company.at, key=company.new_key(),
            )  # fmt: skip

    correct(old.id, {**old.answers, "effort": less})
    assert told(company)[1:] == [
        ("investigation", Decimal(2), None), ("expedite", None, Decimal(80))
    ]  # fmt: skip

    correct(company.answer("investigate").id, {**old.answers, "effort": {}})
    assert told(company)[1:] == [("investigation", None, None), ("expedite", None, None)]
    assert lines.sums(standing(company)) == {}


def test_hours_are_worth_the_rate_of_their_day_and_unknown_where_there_is_none(
    to_investigation: Company,
) -> None:
    company = to_investigation
    company.do("investigate", effort={"hours": "2.5"})
    assert lines.unvalued_hours(standing(company)) == Decimal(3)

    day = company.at.date()
    put(company, "labour_rate", "60", f"{day}")
    put(company, "labour_rate", "90", f"{date(day.year + 1, 1, 1)}")
    record(company, LAB)

    assert lines.sums(standing(company)) == {"EUR": 3 * Decimal(60) + Decimal("120.50")}
    assert lines.unvalued_hours(standing(company)) == 0
    put(company, "labour_rate", "50", f"{day}")  # put right: the latest of a day counts
    assert lines.sums(standing(company)) == {"EUR": 3 * Decimal(50) + Decimal("120.50")}


def test_currencies_are_never_added_up(company: Company) -> None:
    company.make_lot("S-0001", 40)
    company.report("S-0001")
    record(company, LAB)
    record(
        company, Given("scrap", amount="900", currency="CNY", what="Resin", spent_on="2026-03-02")
    )

    assert lines.sums(standing(company)) == {"CNY": Decimal(900), "EUR": Decimal("120.50")}


def test_a_cost_comes_once_and_is_put_right_with_a_reason(to_investigation: Company) -> None:
    company, people = to_investigation, to_investigation.people
    first = record(company, LAB, key="key-of-this-form")
    assert record(company, LAB, key="key-of-this-form").id == first.id

    def correct(given: Given, by: Any, reason: str = "Credit note.") -> CostLine:
        with company.holdfast.database.begin() as db:
            return recording.correct(
                db, company.number, first.id, given, reason=reason, by=by, at=company.at,
                key=company.new_key(),
            )  # fmt: skip

    less = Given("test_lab", amount="100", currency="EUR", what="Peel test", spent_on="2026-03-02")
    with pytest.raises(NotYourCost):
        correct(less, people.warehouse)
    with pytest.raises(Invalid, match="reason"):
        correct(less, people.qa_engineer, reason=" ")
    correct(less, people.qa_manager)
    with pytest.raises(CostCorrected):
        correct(less, people.qa_manager)

    assert told(company)[-1] == ("test_lab", None, Decimal(100))
    assert [one.amount for one in company.reads(lambda db: lines.history(db, company.case))] == [
        Decimal("120.5")
    ]
    with company.holdfast.database.read() as db:
        said = [e.action for e in db.query(LedgerEntry).filter_by(stream="costs").order_by("seq")]
    assert said == ["cost_recorded", "cost_corrected"]


WRONG = [
    (Given("bribes", hours="1", what="x", spent_on="2026-03-02"), "category"),
    (Given("scrap", what="x", spent_on="2026-03-02"), "hours"),
    (Given("scrap", hours="0", what="x", spent_on="2026-03-02"), "hours"),
    (Given("scrap", "1", "1", "EUR", what="x", spent_on="2026-03-02"), "amount"),
    (Given("scrap", amount="10.5", currency="JPY", what="x", spent_on="2026-03-02"), "amount"),
    (Given("scrap", amount="1", what="x", spent_on="2026-03-02"), "currency"),
    (Given("scrap", hours="1", spent_on="2026-03-02"), "what"),
    (Given("scrap", hours="1", what="x", spent_on="2999-01-01"), "spent_on"),
]


def test_a_cost_that_says_nothing_or_lies_ahead_is_refused(company: Company) -> None:
    company.make_lot("S-0001", 40)
    company.report("S-0001")
    for given, wrong in WRONG:
        with pytest.raises(Invalid) as refused:
            record(company, given)
        assert [problem.at for problem in refused.value.problems] == [wrong]
    assert standing(company) == []


def test_a_line_is_put_right_on_its_page_and_its_earlier_version_no_more(
    company: Company, app: Flask
) -> None:
    company.make_lot("S-0001", 40)
    company.report("S-0001")
    line = record(company, LAB)
    at = f"/nonconformances/{company.number}/costs/{line.id}"
    less = {**vars(LAB), "amount": "100", "reason": "Credit note."}
    with visiting(company, app, company.people.qa_engineer) as visitor:
        assert 'value="120.5' in visitor.get(at).text
        assert visitor.post(at, {**less, "reason": ""}).status_code == 422
        assert visitor.post(at, {**less, "request_key": "key-of-this-form"}).status_code == 303
        assert visitor.get(at).status_code == 404
        assert "100.00 EUR" in visitor.get(at.rpartition("/")[0]).text
