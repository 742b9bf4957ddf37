"""Stories of a hold breach: what was reported against a hold is a fact, and handled."""

import pytest

from engine.cases.closing import StillRunning
from engine.serials.errors import OnHold
from tests.processes.company import Company

UNITS = ["P-1", "P-2"]


def test_a_held_unit_is_not_shipped(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1")
    with pytest.raises(OnHold, match=company.number):
        company.ship("P-1")


def test_a_held_unit_reported_as_shipped_is_handled_by_quality(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1 P-2")
    company.do("triage")
    company.do("confirm_segregation")
    company.report_shipment("P-1")
    assert company.totals == {"held": 1, "at_consignee": 1}
    assert company.waiting_at == {"investigate", "handle_hold_breach", "evaluate_health_risk"}
    assert company.holding_cases("P-1") == {company.number}
    assert f"{company.people.qa_manager.user_name}@holdfast.example" in company.mailed(
        "layouts/hold_breached"
    )


def test_a_case_does_not_close_before_its_breach_is_handled(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2")
    company.report_shipment("P-1")
    company.propose(company.line("no_fault_found", "P-2"))
    company.do("confirm_no_fault")
    company.release()
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    assert company.waiting_at == {"handle_hold_breach", "verify_and_close"}
    with pytest.raises(StillRunning, match="Hold breach"):
        company.do("verify_and_close")
    company.do("handle_hold_breach")
    company.do("verify_and_close")
    assert company.totals == {"released_no_fault": 1, "left_without_field_action": 1}


def test_a_breach_before_triage_is_evaluated_with_it(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1 P-2")
    company.report_shipment("P-1")
    assert company.waiting_at == {"triage", "handle_hold_breach"}
    company.do("triage")
    assert company.waiting_at == {
        "confirm_segregation", "handle_hold_breach", "evaluate_health_risk",
    }  # fmt: skip


def test_a_part_of_a_held_lot_reported_as_shipped_leaves_the_rest_held(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.report("S-1")
    company.do("triage")
    company.report_shipment(lot=lot, quantity=4)
    assert company.totals == {"held": 36, "at_consignee": 4}
    assert "handle_hold_breach" in company.waiting_at
    company.do("confirm_segregation")
    company.do("investigate")
    assert company.pending == 36


def test_a_breach_of_two_cases_is_handled_in_both(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    first = company.report("P-1")
    second = company.report("P-1")
    company.report_shipment("P-1")
    for company.number in (first, second):
        assert company.waiting_at == {"triage", "handle_hold_breach"}
        assert company.totals == {"at_consignee": 1}
