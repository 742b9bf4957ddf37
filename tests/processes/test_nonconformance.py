"""Stories of a nonconformance, from report to sealed record."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from engine.bpmn.errors import DoneByTheSamePerson
from engine.cases import balance, commands
from engine.cases.balance import BalanceIncomplete, Holding
from engine.cases.correcting import correct_answer
from engine.cases.tasks import CaseEnded
from engine.evidence import documents
from tests.processes.company import Company


def test_a_nonconforming_lot_is_scrapped_and_the_case_closed(company: Company) -> None:
    company.make_lot("S-0001", 40)
    company.report("S-0001")
    assert company.waiting_at == {"triage"}
    company.do("triage")
    assert company.waiting_at == {"confirm_segregation"}
    company.do("confirm_segregation")
    assert company.waiting_at == {"investigate"}
    company.do("investigate")
    assert company.waiting_at == {"propose_disposition"}
    company.do(
        "propose_disposition", lines={"lines": [company.line("scrap", lot="S-0001", quantity=40)]}
    )
    assert company.waiting_at == {"approve_quality", "approve_engineering"}
    company.do("approve_quality")
    company.do("approve_engineering")
    assert company.waiting_at == {"decide_samples"}
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    assert company.waiting_at == {"verify_and_close"}
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 40}


def test_a_duplicate_is_confirmed_by_a_second_person_and_frees_only_its_own_holds(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    first = company.report("P-1")
    company.report("P-1 P-2")
    company.do("triage", outcome="duplicate", duplicate_of=first)
    assert company.waiting_at == {"confirm_screening"}
    assert not company.may_ship("P-2")
    company.do("confirm_screening")
    assert company.case.state == "closed"
    assert company.totals == {"in_other_case": 2}
    assert company.may_ship("P-2")
    assert company.holding_cases("P-1") == {first}


def test_whoever_triaged_does_not_confirm_the_screening(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    both = replace(company.people.qa_engineer, roles=frozenset({"qa_engineer", "qa_manager"}))
    company.do("triage", by=both, outcome="not_a_nonconformance", severity="minor")
    with pytest.raises(DoneByTheSamePerson):
        company.do("confirm_screening", by=both)
    company.do("confirm_screening")
    assert company.totals == {"released_not_affected": 40}
    assert company.stock_that_may_ship(company.lot_id("S-1")) == 40


def test_what_nobody_could_identify_is_reported_with_a_photo_and_named_at_triage(
    company: Company,
) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    reporter = company.people.production
    photos = company.photos(reporter)
    company.report(
        by=reporter,
        suspects={"scanned": "", "unidentified": [{"description": "Pump without a label"}]},
        photos=photos,
    )
    assert company.totals == {}
    company.do(
        "triage",
        scope_correct=False,
        more_suspects={"scanned": "P-1"},
        scope_reason="The board inside carries the serial P-1.",
    )
    assert company.totals == {"held": 1}
    assert not company.may_ship("P-1")
    company.do("confirm_segregation")
    assert company.waiting_at == {"investigate"}


def test_a_case_does_not_close_while_a_unit_is_unaccounted_for(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    company.to_disposition("P-1")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.release()
    assert company.waiting_at == {"verify_and_close"}
    # another device of the same lot turns up at the hospital's
    company.make_devices("SENS-2", ["Q-1"])
    task = company.task("verify_and_close")
    with company.holdfast.database.begin() as db:
        affected_by_mistake(db, company)
    with pytest.raises(BalanceIncomplete, match="Not found: 1"):
        company.do("verify_and_close", task=task)
    assert company.case.state == "open"


def affected_by_mistake(db: Session, company: Company) -> None:
    """Bring a unit into the balance that no step has decided on."""
    part = Holding("scope", company.unit("Q-1").id, None, Decimal(1))
    case = db.merge(company.case)
    balance.post(db, case, [part], to="not_found", evidence="story", by=None, at=company.at)


def test_whoever_proposed_or_investigated_does_not_close(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.to_disposition("P-1")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.release()
    both = replace(company.people.qa_engineer, roles=frozenset({"qa_engineer", "qa_manager"}))
    with pytest.raises(DoneByTheSamePerson):
        company.do("verify_and_close", by=both)


def test_a_closed_case_refuses_every_change(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.to_disposition("P-1")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.release()
    closing = company.task("verify_and_close")
    company.do("verify_and_close")
    manager = company.people.qa_manager
    with pytest.raises(CaseEnded, match="closed"):
        company.complete(closing, {}, None, by=company.people.second_qa_manager)
    note = company.reads(lambda db: documents.store_file(db, name="note.txt", content=b"seen"))
    with company.holdfast.database.begin() as db, pytest.raises(CaseEnded):
        commands.attach(db, company.number, note, by=manager, at=company.at)
    with company.holdfast.database.begin() as db, pytest.raises(CaseEnded):
        correct_answer(
            db, company.answer("investigate").id, {}, reason="Typing error", by=manager,
            at=company.at, key="correction",
        )  # fmt: skip
