"""Stories of the request to end oversight: an authority may ask for more."""

from tests.processes.company import Company
from tests.processes.recalling import (
    add_hospital,
    answer_notices,
    approve_strategy,
    board_scraps_what_is_held,
    decide_jurisdictions,
    deliver,
    end_oversight,
    notify,
    open_gates,
    tell_consignees,
    to_decision,
    verify_effectiveness,
)


def test_an_authority_that_asks_for_more_brings_the_recall_back_to_its_strategy(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1"])
    add_hospital(company, "SUZHOU", "CN")
    deliver(company, "SUZHOU", "P-1")
    to_decision(company, "SENS-1")
    decide_jurisdictions(company)
    approve_strategy(company)
    company.do("publish_announcement")
    notify(company, "CN")
    tell_consignees(company)
    answer_notices(company)
    verify_effectiveness(company)
    company.receive_return("P-1")
    open_gates(company)
    company.do("review_returns", board=True)
    board_scraps_what_is_held(company, "P-1")
    company.do("review_returns", board=False)
    company.do("reconcile")
    end_oversight(company, "recall_again")
    assert company.waiting_at == {"draft_strategy"}
    approve_strategy(company)
    # every consignee has its notice already; whether that was enough is judged anew
    assert company.waiting_at >= {"publish_announcement", "plan_checks"}
    verify_effectiveness(company)
    assert "evaluate_effectiveness" not in company.waiting_at
