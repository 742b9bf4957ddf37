"""The page of the rules: the law as it is written, and what would be due."""

from collections.abc import Callable

import pytest

from engine.regulators import authorities, jurisdictions
from engine.regulators.calendars import COUNTRIES
from tests.support.personas import People
from tests.webapp.conftest import Visitor

Enter = Callable[..., Visitor]
OCTOBER = "/rules/what-if?country=CN&fact=decision&moment=2026-09-29T08:40"


def test_an_inspector_reads_each_rule_with_its_clause_its_words_and_its_grade(
    signed_in: Enter,
    people: People,
) -> None:
    page = signed_in(people.auditor).get("/rules?q=806.10(b)").text
    for words in (
        "21 CFR 806.10(b)",
        "within 10-working days of initiating such correction or removal",
        "10 working days",
        "Checked against the text",
    ):
        assert words in page
    assert "Unverified" not in page
    assert "PRAC step 5" not in page, "only what was searched"
    assert "Unverified" in signed_in(people.auditor).get("/rules?q=PRAC").text


def test_the_directory_says_how_an_authority_is_written_to_and_that_nobody_compared_it(
    signed_in: Enter, people: People
) -> None:
    page = signed_in(people.auditor).get("/rules/authorities").text
    for words in ("BfArM", "German", "Portal of the authority", "Nothing of it was compared"):
        assert words in page
    assert all(one in jurisdictions.of_country(one).countries for one in COUNTRIES)
    listed = authorities.listed().values()
    assert {one.country for one in listed} == set(COUNTRIES), "every country has its authority"


def test_whoever_asks_what_if_reads_the_due_time_and_how_it_is_reckoned(
    signed_in: Enter, people: People
) -> None:
    page = signed_in(people.regulatory_affairs).get(OCTOBER).text
    assert "2026-10-12 23:59 GMT+8" in page
    assert "with the worked days 2026-10-10" in page
    assert "Alarms go by this" in page, "1日 can be read in two ways"


@pytest.mark.parametrize(
    "moment", ["soon", "9999-12-31T23:59", "0001-01-01T00:00", "2026-11-27T03:14Z"]
)
def test_what_no_clock_of_the_reader_showed_is_no_moment(
    signed_in: Enter, people: People, moment: str
) -> None:
    asked = signed_in(people.regulatory_affairs).get(f"/rules/what-if?moment={moment}")
    assert asked.status_code == 422
    assert "Enter a date and a time." in asked.text


def test_what_if_is_not_asked_of_a_country_or_a_fact_that_is_none(
    signed_in: Enter, people: People
) -> None:
    visitor = signed_in(people.regulatory_affairs)
    assert visitor.get("/rules/what-if?country=XX").status_code == 404
    assert visitor.get("/rules/what-if?fact=nope").status_code == 404
