"""Stories of the field action evaluation: it opens whenever product has left our control."""

import pytest

from tests.processes.company import Company

UNITS = ["P-1", "P-2", "P-3"]


@pytest.mark.parametrize(
    ("decision", "account"),
    [
        ("no_field_action", "left_without_field_action"),
        ("opens_recall", "transferred_to_recall"),
    ],
)
def test_what_was_shipped_before_the_report_is_evaluated(
    company: Company, decision: str, account: str
) -> None:
    company.make_lot("S-1", 40, shipped=6)
    company.report("S-1")
    company.do("triage")
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action", field_action=decision)
    assert company.totals == {"held": 34, account: 6}


def test_it_opens_even_when_triage_screens_the_report_out(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=1)
    company.report("P-1 P-2")
    company.do("triage", outcome="not_a_nonconformance", severity="minor")
    assert company.waiting_at == {"confirm_screening", "evaluate_health_risk"}
    company.do("confirm_screening")
    assert company.case.state == "open"  # closing waits for the evaluation
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    assert company.case.state == "closed"
    assert company.totals == {"released_not_affected": 1, "left_without_field_action": 1}
    assert company.may_ship("P-2")


def test_closing_waits_for_it(company: Company) -> None:
    company.make_lot("S-1", 40, shipped=6)
    company.to_disposition("S-1")
    company.propose(company.line("scrap", lot="S-1", quantity=34))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    assert company.waiting_at == {"evaluate_health_risk"}
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    company.do("verify_and_close")
    assert company.totals == {"destroyed": 34, "left_without_field_action": 6}


def test_what_comes_back_is_held_and_decided_on(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=1)
    company.report("P-1 P-2")
    company.do("triage")
    assert company.totals == {"held": 1, "in_transit": 1}
    company.receive_return("P-1")
    assert company.totals == {"held": 2}
    assert not company.may_ship("P-1")
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    assert company.totals == {"held": 2}


def test_what_comes_back_after_the_decision_is_held_and_decided_on(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=1)
    company.report("P-1 P-2")
    company.do("triage")
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    assert company.totals == {"held": 1, "left_without_field_action": 1}
    company.receive_return("P-1")
    assert company.totals == {"held": 2}
    company.do("confirm_segregation")
    company.do("investigate")
    assert company.pending == 2


def test_what_leaves_after_the_decision_is_evaluated_anew(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=1)
    company.report("P-1 P-2")
    company.do("triage")
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    company.report_shipment("P-2")
    assert "evaluate_health_risk" in company.waiting_at
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action", field_action="opens_recall")
    assert company.totals == {"left_without_field_action": 1, "transferred_to_recall": 1}
