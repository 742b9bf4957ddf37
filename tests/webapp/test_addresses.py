"""Addresses that lead nowhere, pages past the last, and the search that finds only cases."""

from collections.abc import Callable
from datetime import datetime

import pytest

from engine.cases.models import Case
from engine.cases.pages import Page
from tests.support.personas import People
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast
from webapp.config import LARGEST_ID
from webapp.create_app import create_app
from webapp.views.tasks import FAR_BEYOND, page_number, up_to_last

Enter = Callable[..., Visitor]


@pytest.mark.parametrize("number", [LARGEST_ID, LARGEST_ID + 1, 10**22])
@pytest.mark.parametrize("kind", ["units", "lots"])
def test_there_is_nothing_at_a_number_no_id_reaches(
    signed_in: Enter, people: People, kind: str, number: int
) -> None:
    visitor = signed_in(people.qa_engineer)
    assert visitor.get(f"/units-and-lots/{kind}/{number}").status_code == 404
    assert visitor.get(f"/nonconformances/NC-2026-0001/documents/{number}").status_code == 404
    if number > LARGEST_ID:
        assert visitor.get(f"/report?event={number}").status_code == 404


@pytest.mark.parametrize("address", ["/nonconformances", "/holds", "/holds?state=released", "/"])
def test_a_page_past_the_last_is_shown_as_the_last(
    signed_in: Enter, people: People, address: str
) -> None:
    visitor = signed_in(people.qa_engineer)
    joint = "&" if "?" in address else "?"
    for number in ("9999999", "9" * 24, "-1", "nonsense"):
        assert visitor.get(f"{address}{joint}page={number}").status_code == 200


def test_a_list_is_asked_again_for_its_last_page(holdfast: Holdfast) -> None:
    with create_app(holdfast).test_request_context(f"/?page={10**30}"):
        assert page_number() == FAR_BEYOND
        shown = up_to_last(lambda number: Page(number, 50, 120), lambda page: page)
    assert shown.number == 3


def test_the_search_does_not_say_nothing_above_the_cases_it_found(
    holdfast: Holdfast, signed_in: Enter, people: People, at: datetime
) -> None:
    visitor = signed_in(people.qa_engineer)
    assert "“crack” was not found" in visitor.get("/search?q=crack").text

    with holdfast.database.begin() as db:
        case = Case(number="NC-2026-0001", process="nonconformance", title="A crack")
        case.language, case.opened_by_id, case.opened_at = "en", people.qa_engineer.id, at
        db.add(case)
    page = visitor.get("/search?q=crack").text
    assert "A crack" in page
    assert "was not found" not in page


def test_a_character_that_stands_for_nothing_is_refused_in_a_form(
    signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.qa_engineer)
    sent = visitor.post("/nonconformances/NC-2026-0001/comments", {"text": "a\0b"})
    assert sent.status_code == 422
    assert "stands for nothing" in sent.text
    assert visitor.get("/nonconformances/NC%00-1").status_code in (404, 422)


def test_a_number_that_no_database_keeps_is_a_sentence_and_no_incident(
    signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.qa_engineer)
    answer = visitor.get(f"/recalls/NC-2026-0001/balance/rows?party={10**23}")
    assert answer.status_code in (404, 422)
