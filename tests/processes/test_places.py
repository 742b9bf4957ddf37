"""Stories of a lot that lies at several places: every count says how much lies where."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engine import clock
from engine.cases import commands, segregated
from engine.cases.scope import scope_of
from engine.errors import Invalid
from engine.serials import state
from engine.serials.models import LotStock
from engine.serials.record import StockPart
from engine.serials.register import register
from forms import library
from tests.processes.company import Company
from tests.processes.visiting import enter
from webapp.queries.case import unit_lines
from webapp.queries.case_holds import case_holds


@pytest.fixture
def app(company: Company, app: Flask) -> Iterator[Flask]:
    with clock.at(company.at):
        yield app


def text_of(page: Any) -> str:
    """Return what a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def lay(company: Company, lot_no: str, *, shipped: int = 0) -> int:
    """Make a lot that lies in two of our places: 150 at the maker's, 90 at the laboratory."""
    lot = company.make_lot(lot_no, 240 + shipped, shipped=shipped)
    with company.holdfast.database.begin() as db:
        here = LotStock.location_id == company.places["TARN"]
        row = db.scalars(select(LotStock).where(LotStock.lot_id == lot, here)).one()
        state.move(
            db, location_id=company.places["LAB"], stock_parts=[StockPart(row.id, Decimal(90))],
            by=company.people.warehouse, at=company.at,
        )  # fmt: skip
    return lot


def test_the_proposal_names_every_place_of_a_lot_in_form_and_error(
    company: Company, app: Flask
) -> None:
    lay(company, "E-1")
    company.to_disposition("E-1")
    task = company.task("propose_disposition")
    page = text_of(enter(app, company.people.qa_engineer).get(f"/tasks/{task.id}"))
    assert "SET-E-1 E-1: 240 pieces held, 150 at Tarn, 90 at Lab" in page
    with pytest.raises(Invalid) as refused:
        company.do(
            "propose_disposition", lines={"lines": [company.line("scrap", lot="E-1", quantity=300)]}
        )
    assert (
        "The lines take 300 of E-1; 240 are held and not decided: 150 at Tarn, 90 at Lab."
        in str(refused.value) + str(refused.value.problems)
    )


def test_what_is_destroyed_of_a_lot_names_its_place_in_form_and_record(
    company: Company, app: Flask
) -> None:
    lay(company, "E-1")
    company.to_disposition("E-1")
    company.propose(company.line("scrap", lot="E-1", quantity=160))
    company.do("decide_samples", samples_kept=False)
    task = company.task("destroy_units")
    page = text_of(enter(app, company.people.warehouse).get(f"/tasks/{task.id}"))
    assert "150 at Tarn, 10 at Lab" in page
    company.do("destroy_units")
    answer = company.answer("destroy_units")
    form = library.form("disposition_line", "destroy_units")
    shown = " ".join(str(one) for _, _, one in form.shown(answer.answers, "en"))
    assert "150 at Tarn, 10 at Lab" in shown
    proposed = company.answer("propose_disposition")
    shown = str(library.form("disposition", "propose_disposition").shown(proposed.answers, "en"))
    assert "SET-E-1 E-1 150 at Tarn, 90 at Lab" in shown


def to_the_end(company: Company) -> None:
    """Destroy five of a lot, let 235 go, and decide that 260 at a consignee need no action."""
    lay(company, "E-1", shipped=260)
    company.report("E-1")
    company.do("triage")
    for element in ("evaluate_health_risk", "evaluate_field_action"):
        if element in company.waiting_at:
            company.do(element)
    company.do("confirm_segregation")
    company.do("investigate")
    company.propose(
        company.line("scrap", lot="E-1", quantity=5),
        company.line("no_fault_found", lot="E-1", quantity=100),
    )
    company.do("decide_samples", samples_kept=False)
    company.do("destroy_units")
    company.do("witness_destruction")
    company.do("confirm_no_fault")
    company.release()


def test_each_balance_row_tells_the_place_and_state_of_its_own_pieces(
    company: Company,
) -> None:
    to_the_end(company)
    lines = company.reads(lambda db: unit_lines(db, company.case))
    found = {
        (line.account, line.place): (line.quantity, line.custody, line.usability) for line in lines
    }
    assert "several" not in {line.custody for line in lines}
    assert found["Destroyed", "Tarn"] == (5, "destroyed", "scrapped")
    assert found["Left control, no field action", "Hosp"][:2] == (260, "in_transit")
    assert found["On hold in house", "Tarn"][:2] == (45, "in_house")
    assert found["On hold at a third party", "Lab"][:2] == (90, "at_third_party")
    assert sum(line.quantity for line in lines) == 500
    [destroyed] = [line for line in lines if line.account == "Destroyed"]
    assert destroyed.holds == ()


def test_what_left_and_what_was_destroyed_and_released_still_add_up_to_all_that_is_affected(
    company: Company,
) -> None:
    to_the_end(company)
    found = company.reads(lambda db: scope_of(db, company.case))
    settled = dict(found.settled)
    assert settled["Left control, no field action"] == 260
    assert settled["Destroyed"] == 5
    assert settled["Released, no fault found"] == 100
    assert found.held + found.to_hold + found.left + found.decided == found.affected == 500


def test_the_holds_of_a_case_name_what_lies_where_and_sum_to_what_is_held(
    company: Company, app: Flask
) -> None:
    lay(company, "E-1", shipped=260)
    company.make_devices("SENS-1", ["P-1"])
    company.report("E-1 P-1")
    found = company.reads(lambda db: case_holds(db, company.case))
    assert {(row.names, row.place, row.quantity) for row in found.rows} == {
        (("P-1",), "Tarn", 1),
        (("E-1",), "Tarn", 150),
        (("E-1",), "Lab", 90),
    }
    assert found.total == company.reads(lambda db: scope_of(db, company.case)).held == 241
    in_hand = company.reads(
        lambda db: sum(
            one.quantity
            for one in register(db, case_number=company.number)
            if one.custody in ("in_house", "returned", "at_third_party")
        )
    )
    assert in_hand == 241
    task = company.task("triage")
    page = text_of(enter(app, company.people.qa_engineer).get(f"/tasks/{task.id}"))
    assert "On hold in our hands: 241" in page
    assert re.search(r"E-1 Lab · 90 \w+", page), page


def test_the_page_of_a_lot_says_how_much_of_it_is_on_hold_now(company: Company, app: Flask) -> None:
    lot = lay(company, "E-1", shipped=260)
    visitor = enter(app, company.people.qa_engineer)
    company.report("E-1")
    assert "240 of 500 on hold" in text_of(visitor.get(f"/units-and-lots/lots/{lot}"))
    company.do("triage")
    for element in ("evaluate_health_risk", "evaluate_field_action"):
        if element in company.waiting_at:
            company.do(element)
    company.do("confirm_segregation")
    company.do("investigate")
    company.propose(company.line("scrap", lot="E-1", quantity=5))
    company.do("decide_samples", samples_kept=False)
    company.do("destroy_units")
    company.do("witness_destruction")
    page = visitor.get(f"/units-and-lots/lots/{lot}")
    assert "235 of 500 on hold" in text_of(page)
    assert "The whole lot is on hold" not in text_of(page)
    [destroyed] = [row for row in re.findall(r"<tr>.*?</tr>", page.text) if "Destroyed" in row]
    assert company.number not in destroyed


def test_a_lot_is_said_to_be_wholly_on_hold_only_while_all_of_it_is(
    company: Company, app: Flask
) -> None:
    lot = company.make_lot("E-2", 10)
    visitor = enter(app, company.people.qa_engineer)
    assert "on hold" not in text_of(visitor.get(f"/units-and-lots/lots/{lot}"))
    company.report("E-2")
    assert "The whole lot is on hold" in text_of(visitor.get(f"/units-and-lots/lots/{lot}"))


def counted(company: Company, *, lot: int, less: int) -> dict[str, Any]:
    """Return a count as typed: P-1 is missing, P-9 and a stranger stand there, a lot is short."""
    expected_here = company.reads(lambda db: segregated.expected(db, company.case))
    return {
        "scanned": "P-2\nP-9\nSTRANGER",
        "counts": [
            {
                "key": stock.key,
                "counted": str(stock.quantity - (less if stock.location == "Tarn" else 0)),
            }
            for stock in expected_here
            if stock.lot is not None and stock.lot.lot_id == lot
        ],
    }


def test_a_count_that_differs_lists_each_difference_before_it_is_sent_and_where_it_is_resolved(
    company: Company, app: Flask
) -> None:
    lot = lay(company, "E-1")
    company.make_devices("SENS-1", ["P-1", "P-2", "P-9"])
    company.report("E-1 P-1 P-2")
    company.do("triage")
    task = company.task("confirm_segregation")
    typed = counted(company, lot=lot, less=2)
    answers = company.answers(task, company.people.warehouse, segregated=typed)
    with company.holdfast.database.begin() as db:
        commands.save_draft(
            db, f"task:{task.id}", answers, by=company.people.warehouse, at=company.at
        )
    visitor = enter(app, company.people.warehouse)
    check = text_of(visitor.get(f"/tasks/{task.id}/check"))
    assert "Tarn · counted 148, expected 150" in check

    company.do("confirm_segregation", segregated=typed)
    mismatch = company.task("resolve_count_mismatch")
    page = text_of(enter(app, getattr(company.people, mismatch.role)).get(f"/tasks/{mismatch.id}"))
    for said in (
        "P-1 Missing expected at Tarn, not scanned",
        "P-9 Not expected here by the record it is at Tarn · held for no case",
        "STRANGER Not known scanned, but nothing is recorded under it",
        "Tarn · counted 148, expected 150",
    ):
        assert said in page, said
    assert "counted 90, expected 90" not in page
