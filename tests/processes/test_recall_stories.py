"""Whole recalls: from a supplier's lot to the answers of the authorities."""

import pytest

from engine.cases import facts
from engine.cases.recalls import gates, jurisdictions
from engine.errors import Invalid
from tests.processes.company import Company
from tests.processes.recalling import (
    approve_strategy,
    board_scraps_what_is_held,
    decide_jurisdictions,
    end_oversight,
    notify,
    open_gate,
    to_decision,
)


def test_a_removal_goes_from_a_suppliers_lot_to_the_answers_of_the_authorities(
    abroad: Company,
) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    assert company.waiting_at == {"decide_jurisdiction"}
    decide_jurisdictions(company)
    decided = company.reads(lambda db: jurisdictions.decided(db, company.case))
    assert {code: one.legal_name for code, one in decided.items()} == {
        "CN": "cn_recall",
        "EU": "eu_fsca",
    }
    assert decided["CN"].class_name == "nmpa_1"
    approve_strategy(company)
    assert {"prepare_notification", "publish_announcement", "review_returns"} <= company.waiting_at
    company.do("publish_announcement")
    notify(company, "CN", "EU")
    company.receive_return("P-1", "P-2", "P-3")
    company.do("review_returns", board=True)
    board_scraps_what_is_held(company, "P-1", "P-2", "P-3", "P-4")
    company.do("review_returns", board=False)
    for gate in company.reads(lambda db: gates.gates_of(db, company.case)):
        open_gate(company, gate)
    assert company.waiting_at == {"reconcile"}
    company.do("reconcile")
    end_oversight(company)
    assert company.waiting_at == {"verify_and_close"}
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 100}
    told = company.reads(lambda db: {one.name for one in facts.standing(db, company.case)})
    assert {"awareness", "stop_ship", "decision", "completion", "termination"} <= told


def test_a_recall_is_not_reconciled_while_a_unit_is_out(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    decide_jurisdictions(company, EU={"is_reportable": False}, CN={"is_reportable": False})
    approve_strategy(company)
    company.do("publish_announcement")
    company.do("review_returns", board=False)
    assert company.waiting_at == {"reconcile"}
    with pytest.raises(Invalid):
        company.do("reconcile")
