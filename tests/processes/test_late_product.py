"""Stories of product that comes back after the last round: it is decided on before the closing."""

import pytest

from engine.errors import Invalid
from tests.processes.company import Company

UNITS = ["P-1", "P-2"]


@pytest.fixture
def one_in_the_field(company: Company) -> Company:
    """Bring a case of two devices to where only the one in the field is not decided on."""
    company.make_devices("SENS-1", UNITS, shipped=1)
    company.to_disposition("P-1 P-2")
    company.propose(company.line("no_fault_found", "P-2"))
    company.do("confirm_no_fault")
    company.release()
    return company


def decide_on_what_came_back(company: Company) -> None:
    assert company.waiting_at == {"propose_disposition"}
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.release()


def test_what_comes_back_while_the_evaluation_runs_opens_a_round(one_in_the_field: Company) -> None:
    company = one_in_the_field
    assert company.waiting_at == {"evaluate_health_risk"}
    company.receive_return("P-1")
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")

    decide_on_what_came_back(company)
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"released_no_fault": 2}


def test_what_comes_back_while_closing_waits_is_decided_on_first(one_in_the_field: Company) -> None:
    company = one_in_the_field
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    assert company.waiting_at == {"verify_and_close"}
    company.receive_return("P-1")
    with pytest.raises(Invalid, match="nobody has decided"):
        company.do("verify_and_close")

    company.do("verify_and_close", decision="decide_on_more", decide_on_what="P-1 came back.")
    decide_on_what_came_back(company)
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"released_no_fault": 2}


def test_there_is_no_round_over_nothing(one_in_the_field: Company) -> None:
    company = one_in_the_field
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    with pytest.raises(Invalid, match="nothing more to decide"):
        company.do("verify_and_close", decision="decide_on_more", decide_on_what="Just in case.")
    assert company.waiting_at == {"verify_and_close"}
