"""Stories of a disposition line: each of the eight dispositions carried out to its end."""

import pytest

from engine.errors import Invalid
from engine.serials.errors import OnHold
from tests.processes.company import Company

UNITS = ["P-1", "P-2", "P-3"]


def test_units_used_as_they_are_are_released_under_concession(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2")
    company.propose(company.line("use_as_is", "P-1", "P-2"))
    company.do("confirm_concession")
    company.release()
    assert company.totals == {"released_under_concession": 2}
    assert company.may_ship("P-1")
    company.do("verify_and_close")
    assert company.case.state == "closed"


def test_a_concession_that_is_refused_returns_the_line_to_pending(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("use_as_is", lot="S-1", quantity=40))
    company.do("confirm_concession", confirmation="refused", rationale="Not met in China.")
    assert company.waiting_at == {"propose_disposition"}
    assert company.pending == 40
    assert company.stock_that_may_ship(company.lot_id("S-1")) == 0


def test_a_part_of_a_lot_is_used_as_it_is_and_only_that_part_goes_free(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("use_as_is", lot="S-1", quantity=15))
    company.do("confirm_concession")
    company.release()
    assert company.totals == {"held": 25, "released_under_concession": 15}
    assert company.stock_that_may_ship(lot) == 15
    assert company.waiting_at == {"propose_disposition"}
    assert company.pending == 25


def test_reworked_units_are_released_after_reinspection(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2 P-3")
    company.propose(company.line("rework", "P-1", "P-2", "P-3"))
    company.do("approve_rework_instruction")
    company.do("perform_rework", reworked=company.results("perform_rework", bad=["P-3"]))
    company.do("reinspect")
    company.release()
    assert company.totals == {"held": 1, "reworked": 2}
    assert company.may_ship("P-1")
    assert not company.may_ship("P-3")
    assert company.waiting_at == {"propose_disposition"}
    assert company.pending == 1


def test_a_lot_is_reworked_in_part_and_what_failed_stays_pending(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("rework", lot="S-1", quantity=40))
    company.do("approve_rework_instruction")
    company.do("perform_rework", reworked=company.results("perform_rework", bad_quantity=4))
    company.do("reinspect")
    company.release()
    assert company.totals == {"held": 4, "reworked": 36}
    assert company.stock_that_may_ship(lot) == 36
    assert company.pending == 4


def test_a_line_that_fails_reinspection_is_pending_again(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("rework", lot="S-1", quantity=40))
    company.do("approve_rework_instruction")
    company.do("perform_rework")
    company.do("reinspect", reinspection="failed", results="Three of ten below the limit.")
    assert company.waiting_at == {"propose_disposition"}
    assert company.totals == {"held": 40}
    assert company.pending == 40


def test_a_repair_needs_regulatory_affairs_before_the_work(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1")
    company.propose(company.line("repair", "P-1"))
    company.do("approve_rework_instruction")
    assert company.waiting_at == {"confirm_repair_conformity"}
    company.do("confirm_repair_conformity")
    company.do("perform_rework")
    company.do("reinspect")
    company.release()
    assert company.totals == {"repaired": 1}
    assert company.may_ship("P-1")


def test_a_repair_whose_conformity_is_refused_is_not_done(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("repair", lot="S-1", quantity=40))
    company.do("approve_rework_instruction")
    company.do("confirm_repair_conformity", confirmation="refused")
    assert company.waiting_at == {"propose_disposition"}
    assert company.pending == 40


def test_units_returned_to_the_supplier_leave_under_their_holds(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2")
    company.propose(company.line("return_to_supplier", "P-1", "P-2"))
    company.do("return_to_supplier", sent=company.results("return_to_supplier", bad=["P-2"]))
    assert company.totals == {"held": 1, "returned_to_supplier": 1}
    assert company.unit("P-1").custody == "in_transit"
    assert company.pending == 1


def test_a_lot_is_returned_to_its_supplier(company: Company) -> None:
    company.make_component("SENS-1", 100)
    company.to_disposition("SENS-1")
    company.propose(company.line("return_to_supplier", lot="SENS-1", quantity=60))
    company.do("return_to_supplier")
    assert company.totals == {"held": 40, "returned_to_supplier": 60}
    assert company.waiting_at == {"propose_disposition"}


def test_scrapped_units_are_destroyed_and_samples_are_kept_on_hold(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2 P-3")
    company.propose(company.line("scrap", "P-1", "P-2", "P-3"))
    company.do(
        "decide_samples",
        samples_kept=True,
        sample_quantity={"quantity": "1", "uom": "each"},
        sample_units="P-2",
        sample_place="Sample room, until the end of 2031",
    )
    company.do("destroy_units", destroyed=company.results("destroy_units", bad=["P-3"]))
    company.do("witness_destruction")
    assert company.totals == {"held": 1, "destroyed": 1, "kept_as_sample": 1}
    assert company.unit("P-1").custody == "destroyed"
    assert company.unit("P-2").usability == "scrapped"
    assert not company.may_ship("P-2")
    assert company.pending == 1


def test_a_scrapped_lot_keeps_samples(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("scrap", lot="S-1", quantity=40))
    company.do(
        "decide_samples",
        samples_kept=True,
        sample_quantity={"quantity": "5", "uom": "each"},
        sample_place="Sample room, until the end of 2031",
    )
    company.do("destroy_units")
    company.do("witness_destruction")
    assert company.totals == {"destroyed": 35, "kept_as_sample": 5}
    assert company.stock_that_may_ship(lot) == 0
    company.do("verify_and_close")
    assert company.stock_that_may_ship(lot) == 0  # a sample is scrap, held or not


def test_regraded_units_are_released_under_their_new_part(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2")
    company.propose(company.line("regrade", "P-1", "P-2"))
    company.do("relabel_units", relabelled=company.results("relabel_units", bad=["P-2"]))
    company.do("verify_labels")
    company.release()
    assert company.totals == {"held": 1, "regraded": 1}
    assert company.may_ship("P-1")
    assert company.pending == 1


def test_a_part_of_a_lot_is_regraded(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("regrade", lot="S-1", quantity=30))
    company.do("relabel_units", relabelled=company.results("relabel_units", bad_quantity=10))
    company.do("verify_labels")
    company.release()
    assert company.totals == {"held": 20, "regraded": 20}
    assert company.stock_that_may_ship(lot) == 20
    assert company.pending == 20


def test_sorting_releases_the_good_units_and_the_bad_stay_pending(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2 P-3")
    company.propose(company.line("sort", "P-1", "P-2", "P-3"))
    company.do("sort_units", results=company.results("sort_units", bad=["P-1"]))
    company.release()
    assert company.totals == {"held": 1, "released_after_sorting": 2}
    assert [company.may_ship(serial) for serial in UNITS] == [False, True, True]
    assert company.pending == 1


def test_sorting_a_lot_releases_the_good_quantity(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("sort", lot="S-1", quantity=40))
    company.do("sort_units", results=company.results("sort_units", bad_quantity=7))
    company.release()
    assert company.totals == {"held": 7, "released_after_sorting": 33}
    assert company.stock_that_may_ship(lot) == 33
    assert company.pending == 7


def test_sorting_that_finds_nothing_good_releases_nothing(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("sort", lot="S-1", quantity=40))
    company.do("sort_units", results=company.results("sort_units", bad_quantity=40))
    assert company.waiting_at == {"propose_disposition"}
    assert company.totals == {"held": 40}
    assert company.pending == 40


def test_units_without_a_fault_go_free(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.release()
    assert company.totals == {"released_no_fault": 1}
    assert company.may_ship("P-1")


def test_a_fault_that_is_there_after_all_returns_the_line(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("no_fault_found", lot="S-1", quantity=40))
    company.do("confirm_no_fault", confirmation="refused")
    assert company.waiting_at == {"propose_disposition"}
    company.propose(company.line("no_fault_found", lot="S-1", quantity=40))
    company.do("confirm_no_fault")
    company.release()
    assert company.totals == {"released_no_fault": 40}
    assert company.stock_that_may_ship(lot) == 40


def test_a_release_that_is_refused_returns_the_line_to_pending(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.do("authorise_release", release_decision="refused", refused_because="No record.")
    assert company.waiting_at == {"propose_disposition"}
    assert company.pending == 1
    assert not company.may_ship("P-1")


def test_a_release_frees_nothing_of_another_case(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    other = company.report("P-1")
    company.to_disposition("P-1 P-2")
    company.propose(company.line("no_fault_found", "P-1", "P-2"))
    company.do("confirm_no_fault")
    company.release()
    assert not company.may_ship("P-1")
    assert company.holding_cases("P-1") == {other}
    assert company.may_ship("P-2")


def test_what_another_case_holds_is_not_scrapped_under_it(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    other = company.report("P-1")
    company.to_disposition("P-1 P-2")
    with pytest.raises(OnHold, match=other):
        company.propose(company.line("scrap", "P-1"))
    company.propose(company.line("scrap", "P-2"))
    assert company.waiting_at == {"decide_samples"}


@pytest.mark.parametrize(
    ("disposition", "steps", "field"),
    [
        ("rework", ("approve_rework_instruction", "perform_rework"), "reworked"),
        ("return_to_supplier", ("return_to_supplier",), "sent"),
        ("regrade", ("relabel_units",), "relabelled"),
        ("scrap", ("decide_samples", "destroy_units"), "destroyed"),
    ],
)
def test_a_line_of_which_nothing_could_be_done_is_pending_again(
    company: Company, disposition: str, steps: tuple[str, ...], field: str
) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line(disposition, lot="S-1", quantity=40))
    for element in steps[:-1]:
        company.do(element)
    company.do(steps[-1], **{field: company.results(steps[-1], bad_quantity=40)})
    for element in ("witness_destruction", "reinspect", "verify_labels"):
        if element in company.waiting_at:
            company.do(element)
    if "authorise_release" in company.waiting_at:
        company.release()
    assert company.waiting_at == {"propose_disposition"}
    assert company.totals == {"held": 40}
    assert company.pending == 40


def test_lines_of_one_round_end_in_any_order(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2 P-3")
    company.propose(
        company.line("no_fault_found", "P-1"),
        company.line("scrap", "P-2"),
        company.line("use_as_is", "P-3"),
    )
    assert company.waiting_at == {"confirm_no_fault", "decide_samples", "confirm_concession"}
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    company.do("confirm_concession")
    company.release()
    assert company.waiting_at == {"confirm_no_fault"}  # the round waits for its last line
    company.do("confirm_no_fault")
    company.release()
    assert company.waiting_at == {"verify_and_close"}
    assert company.totals == {
        "released_under_concession": 1,
        "released_no_fault": 1,
        "destroyed": 1,
    }


def test_a_witness_who_counts_otherwise_is_stopped(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("scrap", lot="S-1", quantity=40))
    company.do("decide_samples")
    company.do("destroy_units")
    with pytest.raises(Invalid) as wrong:
        company.do("witness_destruction", counted={"quantity": "38", "uom": "each"})
    assert [problem.at for problem in wrong.value.problems] == ["counted"]
    assert company.waiting_at == {"witness_destruction"}


def test_not_everything_is_kept_as_a_sample(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1")
    company.propose(company.line("scrap", "P-1"))
    with pytest.raises(Invalid):
        company.do(
            "decide_samples",
            samples_kept=True,
            sample_quantity={"quantity": "1", "uom": "each"},
            sample_units="P-1",
            sample_place="Sample room",
        )
