"""Stories of product that comes back after the last round: it is decided on before the closing."""

import pytest

from engine.errors import Invalid
from engine.serials import correct
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


# --- where nothing was ever held: all of it had left before the report -------------------------


@pytest.fixture
def all_in_the_field(company: Company) -> Company:
    """Bring a case whose two devices were shipped before the report to its closing."""
    company.make_devices("SENS-1", UNITS, shipped=2)
    company.report("P-1 P-2")
    to_closing(company)
    assert company.totals == {"left_without_field_action": 2}
    return company


def to_closing(company: Company) -> None:
    company.do("triage")
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    company.do("investigate")
    assert company.waiting_at == {"verify_and_close"}


def test_what_comes_back_to_a_case_that_held_nothing_is_held_and_decided_on(
    all_in_the_field: Company,
) -> None:
    company = all_in_the_field
    company.receive_return("P-1")
    assert company.totals == {"held": 1, "left_without_field_action": 1}
    assert company.holding_cases("P-1") == {company.number}
    with pytest.raises(Invalid, match="nobody has decided"):
        company.do("verify_and_close")

    company.do("verify_and_close", decision="decide_on_more", decide_on_what="P-1 came back.")
    decide_on_what_came_back(company)
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"released_no_fault": 1, "left_without_field_action": 1}


def test_more_of_a_lot_that_had_all_left_is_held_and_decided_on(company: Company) -> None:
    lot = company.make_lot("L-1", 40, shipped=40)
    company.report("L-1")
    to_closing(company)
    company.receive_more(lot, 7)
    assert company.totals == {"held": 7, "left_without_field_action": 40}
    assert company.stock_that_may_ship(lot) == 0

    company.do("verify_and_close", decision="decide_on_more", decide_on_what="7 more came in.")
    company.propose(company.line("no_fault_found", lot="L-1", quantity=7))
    company.do("confirm_no_fault")
    company.release()
    company.do("verify_and_close")
    assert company.case.state == "closed"


def test_what_was_at_a_consignee_when_reported_is_held_when_it_returns(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report_shipment(*UNITS)
    company.report("P-1 P-2")
    company.receive_return("P-1")  # the reporter asked to hold now; nobody has confirmed yet
    assert company.holding_cases("P-1") == {company.number}
    company.do("triage")
    company.receive_return("P-2")
    assert company.holding_cases("P-2") == {company.number}
    assert company.totals == {"held": 2}
    assert not company.may_ship("P-2")


def test_a_shipment_that_is_withdrawn_leaves_the_units_on_hold(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    shipped = company.ship(*UNITS)
    company.report("P-1 P-2")
    company.do("triage")
    with company.holdfast.database.begin() as db:
        how = {"by": company.people.warehouse, "at": company.at, "reason": "It never left."}
        correct.withdraw(db, shipped.event.id, **how)
    assert company.totals == {"held": 2}
    assert company.holding_cases("P-1") == {company.number}
    assert not company.may_ship("P-1")


def test_nothing_is_held_before_somebody_wants_it_held(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=2)
    company.report("P-1 P-2", hold_now=False)
    company.receive_return("P-1")
    company.send_out("P-1")
    assert company.totals == {"at_third_party": 1, "in_transit": 1}
    assert company.holding_cases("P-1") == set()
    company.do("triage")
    assert company.totals == {"held_elsewhere": 1, "in_transit": 1}
    assert company.holding_cases("P-1") == {company.number}


def test_what_comes_back_after_the_screening_goes_free_with_the_rest(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=2)
    company.report("P-1 P-2")
    company.do("triage", outcome="not_a_nonconformance", severity="minor")
    company.do("confirm_screening")
    company.receive_return("P-1")
    assert company.holding_cases("P-1") == set()
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    assert company.case.state == "closed"
    assert company.totals == {"released_not_affected": 1, "left_without_field_action": 1}
