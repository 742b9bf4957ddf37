"""Stories of the recount: held stock is counted again every week, blind."""

import pytest

from engine.cases import identifying
from engine.cases.closing import StillRunning
from forms import library
from tests.processes.company import Company


def held_for_a_week(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.later(days=6, hours=23)
    assert "recount_held_stock" not in company.waiting_at
    company.later(hours=2)


def test_held_stock_is_counted_again_after_a_week(company: Company) -> None:
    held_for_a_week(company)
    assert company.waiting_at == {"propose_disposition", "recount_held_stock"}
    company.later(hours=1)
    company.task("recount_held_stock")  # asked once
    company.do("recount_held_stock")
    assert company.waiting_at == {"propose_disposition"}
    company.later(days=7, hours=1)
    assert "recount_held_stock" in company.waiting_at


def test_the_counter_is_not_told_what_is_expected() -> None:
    form = library.form("recount", "recount_held_stock")
    [count] = [field for field in form.fields if field.kind == "segregation"]
    assert count.options["blind"] is True


def test_what_a_recount_misses_leaves_what_is_held(company: Company) -> None:
    held_for_a_week(company)
    task = company.task("recount_held_stock")
    [count] = company.answers(task, company.people.warehouse)["segregated"]["counts"]
    short = {"scanned": "", "none": False, "counts": [{**count, "counted": "38"}]}
    company.do("recount_held_stock", segregated=short)
    assert "resolve_count_mismatch" in company.waiting_at
    company.do("resolve_count_mismatch", explanation="not_found", found_units=short)
    assert company.totals == {"held": 38, "not_found": 2}
    assert company.pending == 38
    assert "evaluate_health_risk" in company.waiting_at


def test_a_case_does_not_close_while_a_recount_is_open(company: Company) -> None:
    held_for_a_week(company)
    company.propose(company.line("scrap", lot="S-1", quantity=40))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    with pytest.raises(StillRunning, match="Recount"):
        company.do("verify_and_close")
    company.do("recount_held_stock")
    company.do("verify_and_close")
    assert company.case.state == "closed"


def test_stock_that_is_not_held_is_not_counted(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("scrap", lot="S-1", quantity=40))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    company.later(days=8)
    assert company.waiting_at == {"verify_and_close"}


def identified_late(company: Company) -> None:
    """Have the investigation find out, after the quarantine, that P-2 is the pump without label."""
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3"])
    row = {"description": "Pump without a label"}
    company.report(suspects={"scanned": "P-1", "unidentified": [row]})
    company.do("triage")
    company.do("confirm_segregation")
    [one] = company.reads(lambda db: identifying.descriptions(db, company.case))
    said = {"key": f"subject-{one.id}", "outcome": "identified", "scanned": "P-2"}
    company.do("investigate", identified={"rows": [said]})


def test_what_the_investigation_identifies_is_segregated_and_counted(company: Company) -> None:
    identified_late(company)
    assert company.totals == {"held": 2}
    assert company.waiting_at == {"propose_disposition", "recount_held_stock"}
    company.propose(company.line("no_fault_found", "P-1", "P-2"))
    company.do("confirm_no_fault")
    company.release()
    with pytest.raises(StillRunning, match="Recount"):
        company.do("verify_and_close")
    none = {"scanned": "", "none": True, "counts": []}
    company.do("recount_held_stock", segregated=none)
    company.do("verify_and_close")
    assert company.case.state == "closed"


def test_further_suspects_of_the_investigation_are_segregated_and_counted(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    company.report("P-1")
    company.do("triage")
    company.do("confirm_segregation")
    more = {"scanned": "P-2", "unidentified": []}
    company.do("investigate", others_affected=True, other_suspects=more)
    assert company.waiting_at == {"propose_disposition", "recount_held_stock"}
    company.do("recount_held_stock")
    scanned = company.answer("recount_held_stock").answers["segregated"]["units"]
    assert {unit["serial"] for unit in scanned} == {"P-1", "P-2"}
    assert company.waiting_at == {"propose_disposition"}


def test_an_open_count_takes_in_what_is_found_meanwhile(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    company.report("P-1")
    company.do("triage")
    company.do("confirm_segregation")
    company.later(days=7, hours=1)
    assert "recount_held_stock" in company.waiting_at
    more = {"scanned": "P-2", "unidentified": []}
    company.do("investigate", others_affected=True, other_suspects=more)
    company.do("recount_held_stock")  # one, which expects both
    assert "resolve_count_mismatch" not in company.waiting_at


def test_an_investigation_that_finds_nothing_more_asks_for_no_count(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"], shipped=1)
    company.report("P-2")
    company.do("triage")
    company.do("confirm_segregation")
    more = {"scanned": "P-1", "unidentified": []}
    company.do("investigate", others_affected=True, other_suspects=more)
    assert "recount_held_stock" not in company.waiting_at  # what is not here cannot be counted
