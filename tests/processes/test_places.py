"""Stories of a lot that lies at several places: every count says how much lies where."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engine import clock
from engine.errors import Invalid
from engine.people import Person
from engine.serials import state
from engine.serials.models import LotStock
from engine.serials.record import StockPart
from forms import library
from tests.processes.company import Company
from tests.webapp.conftest import Visitor
from webapp.create_app import create_app


@pytest.fixture
def app(company: Company) -> Iterator[Flask]:
    with clock.at(company.at):
        yield create_app(company.holdfast)


def enter(app: Flask, person: Person) -> Visitor:
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(person).status_code == 303
    return visitor


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
    assert "SET-E-1 E-1: 240 pieces held, 90 at Lab, 150 at Tarn" in page
    with pytest.raises(Invalid) as refused:
        company.do(
            "propose_disposition", lines={"lines": [company.line("scrap", lot="E-1", quantity=300)]}
        )
    assert (
        "The lines take 300 of E-1; 240 are held and not decided: 90 at Lab, 150 at Tarn."
        in str(refused.value) + str(refused.value.problems)
    )


def test_what_is_destroyed_of_a_lot_names_its_place_in_form_and_record(
    company: Company, app: Flask
) -> None:
    lay(company, "E-1")
    company.to_disposition("E-1")
    company.propose(company.line("scrap", lot="E-1", quantity=100))
    company.do("decide_samples", samples_kept=False)
    task = company.task("destroy_units")
    page = text_of(enter(app, company.people.warehouse).get(f"/tasks/{task.id}"))
    assert "90 at Lab, 10 at Tarn" in page
    company.do("destroy_units")
    answer = company.answer("destroy_units")
    form = library.form("disposition_line", "destroy_units")
    shown = " ".join(str(one) for _, _, one in form.shown(answer.answers, "en"))
    assert "90 at Lab, 10 at Tarn" in shown
    proposed = company.answer("propose_disposition")
    shown = str(
        library.form("disposition", "propose_disposition").shown(proposed.answers, "en")
    )
    assert "SET-E-1 E-1 90 at Lab, 150 at Tarn" in shown
