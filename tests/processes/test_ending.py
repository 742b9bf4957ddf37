"""Stories of a case that was opened in error, and of one that ended too soon."""

import pytest

from engine.cases import commands, scopes
from engine.cases.ending import (
    REOPEN,
    VOID,
    ContainedByYou,
    Ending,
    HasLeftControl,
    NotEnded,
    ReportedByYou,
    end,
    open_signing,
)
from engine.cases.models import Case
from engine.cases.recalls import joining
from engine.cases.recalls.joining import Joining
from engine.cases.signing import Signing
from engine.cases.tasks import CaseEnded
from engine.errors import Invalid, NotAllowed
from engine.people import Person
from tests.processes import recalling
from tests.processes.company import Company
from tests.support.personas import PASSWORD

UNITS = ["P-1", "P-2"]


def sign(company: Company, act: str, *, by: Person | None = None, reason: str = "Mistake.") -> None:
    """Void or reopen the case in the real ceremony."""
    person = by or company.people.qa_manager
    ending = Ending(company.number, act, reason)
    session = f"{act}-{person.id}"
    with company.holdfast.database.begin() as db:
        pending = open_signing(db, ending, by=person, session_id=session, at=company.at)
    signing = Signing(pending.nonce, PASSWORD, session, person.user_name)
    key = company.new_key()
    for _ in range(2):  # the page is sent twice
        with company.holdfast.database.begin() as db:
            end(db, ending, signing, by=person, at=company.at, key=key)


def closed(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2")
    company.propose(company.line("no_fault_found", "P-1"), company.line("scrap", "P-2"))
    company.do("confirm_no_fault")
    company.release()
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    company.do("verify_and_close")


def test_a_case_opened_in_error_is_voided_and_its_stock_goes_free(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    other = company.report("P-1")
    company.report("P-1 P-2")
    company.do("triage")
    sign(company, VOID)
    assert company.case.state == "void"
    assert company.waiting_at == set()
    assert company.totals == {"released_not_affected": 2}
    assert company.may_ship("P-2")
    assert company.holding_cases("P-1") == {other}


def test_voiding_ends_the_lines_that_are_being_carried_out(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2")
    company.propose(company.line("no_fault_found", "P-1"), company.line("scrap", "P-2"))
    task = company.task("confirm_no_fault")
    sign(company, VOID)
    assert company.waiting_at == set()
    with pytest.raises(CaseEnded, match="void"):
        company.complete(task, {}, None, by=company.people.inspector)


def test_whoever_reported_a_case_does_not_void_it(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1", by=company.people.qa_manager)
    with pytest.raises(ReportedByYou):
        sign(company, VOID)
    with pytest.raises(NotAllowed):
        sign(company, VOID, by=company.people.qa_engineer)
    sign(company, VOID, by=company.people.second_qa_manager)
    assert company.case.state == "void"


def test_whoever_had_a_recall_held_does_not_set_it_free_alone(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    recalling.report_signal(company, "SENS-1")
    recalling.contain(company, "SENS-1")
    assert not company.may_ship("P-1")
    with pytest.raises(ContainedByYou):
        sign(company, VOID)
    assert not company.may_ship("P-1")
    sign(company, VOID, by=company.people.second_qa_manager)
    assert company.case.state == "void"
    assert company.may_ship("P-1")


def test_who_proposed_a_scope_of_a_recall_does_not_void_it(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    recalling.report_signal(company, "P-1")
    recalling.contain(company, "P-1")
    proposer = company.people.second_qa_manager
    with company.holdfast.database.begin() as db:
        case = db.get_one(Case, company.case.id)
        scopes.propose(db, case, "P-1 P-2", reason="Notice", by=proposer, at=company.at)
    recalling.freeze_signed(company, 3, by=company.people.regulatory_affairs)
    with pytest.raises(ContainedByYou):
        sign(company, VOID, by=proposer)


def test_a_case_whose_product_left_control_is_not_voided(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=1)
    company.report("P-1 P-2")
    with pytest.raises(HasLeftControl):
        sign(company, VOID)


def test_voiding_needs_a_reason(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1")
    with pytest.raises(Invalid, match="reason"):
        sign(company, VOID, reason=" ")
    with pytest.raises(NotEnded):
        sign(company, REOPEN)


def test_a_reason_is_printable_and_of_a_length_that_is_read(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.report("P-1")
    manager = company.people.qa_manager
    for wrong in ("x" * 5_000, "no\u202eharm"):
        with pytest.raises(Invalid, match="reason"):
            sign(company, VOID, reason=wrong)
        asked = Joining("RC-2026-0001", "RC-2026-0002", "merged", wrong)
        with company.holdfast.database.begin() as db, pytest.raises(Invalid, match="reason"):
            joining.open_signing(db, asked, by=manager, session_id="x", at=company.at)
        with company.holdfast.database.begin() as db, pytest.raises(Invalid, match="text"):
            commands.comment(db, company.case, wrong, by=manager, at=company.at)


def test_a_reopened_case_holds_again_what_it_let_go(company: Company) -> None:
    closed(company)
    assert company.may_ship("P-1")
    sign(company, REOPEN, reason="The fault was seen again.")
    assert company.case.state == "open"
    assert company.totals == {"held": 1, "destroyed": 1}
    assert not company.may_ship("P-1")
    assert company.waiting_at == {"triage"}
    company.do("triage")
    company.do("confirm_segregation")
    company.do("investigate")
    assert company.pending == 1
    company.propose(company.line("scrap", "P-1"))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 2}


def test_a_reopened_case_finds_what_was_shipped_since(company: Company) -> None:
    closed(company)
    company.ship("P-1")
    sign(company, REOPEN, reason="The fault was seen again.")
    assert company.totals == {"in_transit": 1, "destroyed": 1}
    company.do("triage")
    assert company.waiting_at == {"investigate", "evaluate_health_risk"}


def test_a_reopened_lot_is_held_where_it_is_and_sought_where_it_went(company: Company) -> None:
    lot = company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("use_as_is", lot="S-1", quantity=40))
    company.do("confirm_concession")
    company.release()
    company.do("verify_and_close")
    company.ship(lot=lot, quantity=15)
    sign(company, REOPEN, reason="The fault was seen again.")
    assert sum(company.totals.values()) == 40
    assert company.totals["held"] == 25
    assert company.stock_that_may_ship(lot) == 0
    company.do("triage")
    assert "evaluate_health_risk" in company.waiting_at


def test_a_reopened_case_has_its_field_action_evaluated_once(company: Company) -> None:
    company.make_devices("SENS-1", UNITS, shipped=1)
    company.to_disposition("P-1 P-2")
    company.propose(company.line("no_fault_found", "P-2"))
    company.do("confirm_no_fault")
    company.release()
    company.do("evaluate_health_risk")
    company.do("evaluate_field_action")
    company.do("verify_and_close")
    sign(company, REOPEN, reason="The fault was seen again.")
    assert company.waiting_at == {"triage"}
    company.report_shipment("P-2")
    assert "evaluate_health_risk" not in company.waiting_at  # triage opens it
    company.do("triage")
    assert len(company.open_tasks_at("evaluate_health_risk")) == 1
