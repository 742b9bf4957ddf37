"""Stories of the recount: held stock is counted again every week, blind."""

import pytest

from engine.actions.close_case import StillRunning
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
