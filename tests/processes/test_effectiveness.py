"""Stories of the effectiveness of a recall: planned, drawn, checked, evaluated."""

import pytest
from sqlalchemy import select

from engine.cases.checks import board
from engine.cases.checks.board import Board
from engine.cases.checks.planning import NothingToCheck
from engine.cases.notices.models import Notice
from tests.processes.checking import answer, recall_that_is_out
from tests.processes.company import Company


def shown(company: Company) -> Board:
    found = company.reads(lambda db: board.board(db, company.case))
    assert found is not None
    return found


def check(company: Company, **found: object) -> None:
    """Do the oldest open check."""
    company.do("check_consignee", task=company.open_tasks_at("check_consignee")[0], **found)


def test_a_tenth_is_asked_and_the_recall_found_effective(company: Company) -> None:
    recall_that_is_out(company, "effectiveness")
    company.do("plan_checks", level="level_c")
    assert shown(company).seed is None  # nobody knows yet who is asked
    company.do("start_checks")
    assert len(company.open_tasks_at("check_consignee")) == 2  # a tenth of twelve, rounded up
    assert shown(company).is_sound
    check(company)
    check(company)
    [stratum] = shown(company).strata
    assert (stratum.checked, stratum.failed, stratum.may_have_failed) == (2, 0, 8)
    company.do("evaluate_effectiveness")
    assert "plan_checks" not in company.waiting_at
    assert not company.incidents


def test_a_level_that_is_raised_asks_only_who_was_not_asked(company: Company) -> None:
    recall_that_is_out(company, "effectiveness")
    company.do("plan_checks", level="level_c")
    company.do("start_checks")
    check(company, acted=False)
    company.do("correct_consignee")
    check(company)
    check(company)
    assert shown(company).proposed == "B"
    company.do("evaluate_effectiveness", decision="raise_level")
    company.do("plan_checks", level="level_a")
    company.do("start_checks")
    assert shown(company).drawn == 12
    # another seed draws another order, but nobody is asked twice
    assert len(company.open_tasks_at("check_consignee")) == 10


def test_a_recall_that_needs_no_checks_says_why(company: Company) -> None:
    recall_that_is_out(company, "effectiveness", hospitals=2)
    company.do("plan_checks", level="level_e", why_no_checks="Two consignees, both visited.")
    company.do("start_checks")
    assert "evaluate_effectiveness" in company.waiting_at
    assert shown(company).drawn == 0


def test_nobody_is_drawn_while_a_notice_waits_to_be_sent(company: Company) -> None:
    recall_that_is_out(company, "effectiveness", hospitals=1)
    with company.holdfast.database.begin() as db:
        notice = db.scalars(select(Notice)).one()
        notice.state, notice.first_sent_at = "open", None
    company.do("plan_checks", level="level_a")
    with pytest.raises(NothingToCheck):
        company.do("start_checks")
    answer(company, f"{company.number}/N-0001")  # before any letter went out
    company.do("start_checks")
    assert "evaluate_effectiveness" in company.waiting_at
    assert shown(company).is_sound
