"""Stories of one effectiveness check: who did not act is put right and asked again, or accepted."""

import pytest

from engine.bpmn.errors import DoneByTheSamePerson
from engine.cases.checks import board
from tests.processes.checking import recall_that_is_out
from tests.processes.company import Company


def asked(company: Company) -> None:
    recall_that_is_out(company, "effectiveness", hospitals=1)
    company.do("plan_checks", level="level_a")
    company.do("start_checks")


def test_who_did_not_act_is_put_right_and_checked_again(company: Company) -> None:
    asked(company)
    company.do("check_consignee", received=False)
    company.do("correct_consignee")
    company.do("check_consignee")
    assert company.waiting_at >= {"evaluate_effectiveness"}
    [plan] = company.reads(lambda db: board.boards(db, company.case))
    [row] = plan.rows
    assert (row.first, row.last) == ("not_effective", "effective")


def test_what_cannot_be_put_right_is_accepted_by_somebody_else(company: Company) -> None:
    asked(company)
    company.do("check_consignee", reached=False)
    both = company.people.qa_engineer
    company.do("correct_consignee", by=both, check_again=False)
    with pytest.raises(DoneByTheSamePerson):
        company.do("accept_result", by=company.with_roles(both, "qa_manager"))
    company.do("accept_result")
    assert company.waiting_at >= {"evaluate_effectiveness"}
