"""Stories of the quarantine: what is found where, counted, missing, late."""

from dataclasses import replace

import pytest

from engine.bpmn.errors import DoneByTheSamePerson
from engine.errors import EngineError, Invalid
from engine.serials.errors import NotUsable, OnHold
from tests.processes.company import Company

UNITS = ["P-1", "P-2", "P-3"]


def test_a_component_lot_is_held_with_every_device_it_was_built_into(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("SENS-1")
    company.do("triage")
    assert company.totals == {"held": 100}  # 97 left of the lot, and three devices
    assert not company.may_ship("P-2")
    company.do("confirm_segregation")
    assert company.waiting_at == {"investigate"}


def test_what_lies_at_a_third_party_is_held_there_and_counted(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.send_out("P-1")
    company.report("P-1 P-2")
    company.do("triage")
    assert company.totals == {"held": 1, "held_elsewhere": 1}
    company.do("confirm_segregation")
    assert company.answer("confirm_segregation").answers["segregated"]["units"]
    assert company.waiting_at == {"investigate"}


def test_what_is_in_transit_is_not_ours_to_segregate(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=1)
    company.report("P-1 P-2")
    company.do("triage")
    assert company.totals == {"held": 1, "in_transit": 1}
    assert company.waiting_at == {"confirm_segregation", "evaluate_health_risk"}


def test_nothing_in_house_leaves_nothing_to_segregate(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=3)
    company.report("P-1 P-2 P-3")
    company.do("triage")
    assert company.waiting_at == {"investigate", "evaluate_health_risk"}
    company.do("investigate")
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    assert company.waiting_at == {"verify_and_close"}
    company.do("verify_and_close")
    assert company.totals == {"left_without_field_action": 3}


def test_a_count_that_differs_is_resolved_before_it_is_called_segregated(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1 P-2")
    company.do("triage")
    company.do("confirm_segregation", segregated={"scanned": "P-1", "none": False, "counts": []})
    assert company.waiting_at == {"resolve_count_mismatch"}
    company.do("resolve_count_mismatch")
    assert company.waiting_at == {"investigate"}
    assert company.totals == {"held": 2}


def test_a_unit_that_nobody_expected_is_a_mismatch_too(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1")
    company.do("triage")
    company.do(
        "confirm_segregation", segregated={"scanned": "P-1\nP-3", "none": False, "counts": []}
    )
    assert company.waiting_at == {"resolve_count_mismatch"}


def test_a_unit_that_is_not_found_counts_as_having_left_our_control(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1 P-2")
    company.do("triage")
    found = {"scanned": "P-1", "none": False, "counts": []}
    company.do("confirm_segregation", segregated=found)
    company.do("resolve_count_mismatch", explanation="not_found", found_units=found)
    assert company.totals == {"held": 1, "not_found": 1}
    assert company.waiting_at == {"investigate", "evaluate_health_risk"}
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    assert company.totals == {"held": 1, "unresolved": 1}
    assert company.unit("P-2").custody == "unknown"


def test_a_unit_found_again_after_the_case_is_closed_is_not_shippable(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1 P-2")
    company.do("triage")
    found = {"scanned": "P-1", "none": False, "counts": []}
    company.do("confirm_segregation", segregated=found)
    company.do("resolve_count_mismatch", explanation="not_found", found_units=found)
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    company.do("investigate")
    company.propose(company.line("scrap", "P-1"))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.unit("P-2").usability == "nonconforming"
    with pytest.raises(EngineError, match="P-2"):
        company.ship("P-2")
    company.receive_return("P-2")
    with pytest.raises(NotUsable, match="nonconforming"):
        company.ship("P-2")


def test_a_missing_quantity_of_a_lot_leaves_the_rest_held(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.report("S-1")
    company.do("triage")
    stock = company.answers(company.task("confirm_segregation"), company.people.warehouse)
    [count] = stock["segregated"]["counts"]
    found = {"scanned": "", "none": False, "counts": [{**count, "counted": "37"}]}
    company.do("confirm_segregation", segregated=found)
    company.do("resolve_count_mismatch", explanation="not_found", found_units=found)
    assert company.totals == {"held": 37, "not_found": 3}
    company.do("investigate")
    assert company.pending == 37
    assert company.stock_that_may_ship(lot) == 0


def test_a_lost_unit_that_turns_up_is_held_again(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1 P-2")
    company.do("triage")
    found = {"scanned": "P-1", "none": False, "counts": []}
    company.do("confirm_segregation", segregated=found)
    company.do("resolve_count_mismatch", explanation="not_found", found_units=found)
    with pytest.raises(OnHold):
        company.ship("P-2")
    company.receive_return("P-2")
    assert company.totals == {"held": 2}


def test_segregation_overdue_for_eight_hours_is_told_to_the_managers(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    company.do("triage")
    company.later(hours=7, minutes=59)
    assert company.mailed("quarantine/escalate_segregation") == set()
    company.later(minutes=2)
    managers = {company.people.qa_manager.user_name, company.people.second_qa_manager.user_name}
    assert company.mailed("quarantine/escalate_segregation") == {
        f"{name}@holdfast.example" for name in managers
    }
    assert company.waiting_at == {"confirm_segregation"}
    company.do("confirm_segregation")
    assert company.waiting_at == {"investigate"}


def test_stock_is_held_at_triage_when_the_reporter_did_not_hold_it(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.report("S-1", hold_now=False)
    assert company.stock_that_may_ship(lot) == 40
    assert company.totals == {"in_house": 40}
    company.do("triage")
    assert company.stock_that_may_ship(lot) == 0
    assert company.totals == {"held": 40}


def test_more_of_a_held_lot_is_held_as_it_comes_in(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.report("S-1")
    company.receive_more(lot, 10)
    assert company.totals == {"held": 50}
    assert company.stock_that_may_ship(lot) == 0


def test_a_held_lot_is_not_built_in(company: Company) -> None:
    lot = company.make_component("SENS-1")
    company.report("SENS-1")
    with pytest.raises(OnHold):
        company.build(lot, ["P-1"])


def test_a_device_reported_as_built_from_a_held_lot_is_taken_in_and_held(company: Company) -> None:
    lot = company.make_component("SENS-1")
    company.report("SENS-1")
    company.build(lot, ["P-1"], reported=True)
    assert company.totals == {"held": 100}  # 99 left of the lot, and the device
    assert not company.may_ship("P-1")
    assert company.holding_cases("P-1") == {company.number}


def wrong(company: Company, found: object) -> dict[str, object]:
    return {
        "explanation": "record_wrong",
        "found_units": found,
        "never_existed_because": "Booked twice from delivery note 4711; the supplier sent 37.",
    }


def test_a_quantity_recorded_in_error_is_struck_out_and_no_longer_held(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.report("S-1")
    company.do("triage")
    stock = company.answers(company.task("confirm_segregation"), company.people.warehouse)
    [count] = stock["segregated"]["counts"]
    found = {"scanned": "", "none": False, "counts": [{**count, "counted": "37"}]}
    company.do("confirm_segregation", segregated=found)
    company.do("resolve_count_mismatch", **wrong(company, found))
    assert company.answer("resolve_count_mismatch").signature_id is not None
    assert company.totals == {"held": 37, "recorded_in_error": 3}
    assert company.waiting_at == {"investigate"}  # nothing has left our control
    assert company.stock_that_may_ship(lot) == 0
    company.receive_more(lot, 10)
    assert company.totals == {"held": 47, "recorded_in_error": 3}
    company.do("investigate")
    company.propose(company.line("scrap", lot="S-1", quantity=47))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    company.do("verify_and_close")
    assert company.totals == {"destroyed": 47, "recorded_in_error": 3}


def test_a_unit_recorded_in_error_passes_no_door_and_is_held_when_it_turns_up(
    company: Company,
) -> None:
    company.make_devices("SENS-1", UNITS)
    other = company.report("P-2")
    company.report("P-1 P-2")
    company.do("triage")
    found = {"scanned": "P-1", "none": False, "counts": []}
    company.do("confirm_segregation", segregated=found)
    company.do("resolve_count_mismatch", **wrong(company, found))
    assert company.totals == {"held": 1, "recorded_in_error": 1}
    assert company.holding_cases("P-2") == {company.number, other}
    assert not company.may_ship("P-2")
    assert company.unit("P-2").custody == "never_existed"
    first, company.number = company.number, other
    assert company.totals == {"recorded_in_error": 1}
    company.report("SENS-1")
    assert company.totals == {"held": 99}  # 97 of the lot and two devices: no phantom
    company.number = first
    company.receive_return("P-2")  # it turned up after all
    assert company.totals == {"held": 2}
    assert company.number in company.holding_cases("P-2")
    with pytest.raises(OnHold):
        company.ship("P-2")


def test_what_was_shipped_once_cannot_have_been_recorded_in_error(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=1)
    company.receive_return("P-1")
    company.report("P-1 P-2")
    company.do("triage")
    found = {"scanned": "P-2", "none": False, "counts": []}
    company.do("confirm_segregation", segregated=found)
    with pytest.raises(Invalid, match="P-1 was shipped, sent out or installed once"):
        company.do("resolve_count_mismatch", **wrong(company, found))


def test_whoever_counted_does_not_explain_the_difference(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1 P-2")
    company.do("triage")
    roles = frozenset({"warehouse", "qa_engineer"})
    both = replace(company.people.warehouse, roles=roles)
    found = {"scanned": "P-1", "none": False, "counts": []}
    company.do("confirm_segregation", by=both, segregated=found)
    with pytest.raises(DoneByTheSamePerson):
        company.do("resolve_count_mismatch", by=both)
