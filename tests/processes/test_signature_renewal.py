"""Stories of a correction: a new version, its signatures void and asked again, sealed anew."""

from dataclasses import replace
from typing import Any

import pytest

from engine.bpmn.errors import DoneByTheSamePerson
from engine.cases.closing import StillRunning
from engine.cases.correcting import (
    AlreadyCorrected,
    Corrected,
    DecidedTheWay,
    NotYourAnswer,
    correct_answer,
)
from engine.cases.models import Answer
from engine.errors import Invalid
from engine.evidence.documents import Document
from engine.evidence.signatures import SignatureVoided
from engine.people import Person
from tests.processes.company import Company

RECORD = "disposition/disposition_record"
PROPOSAL = {"lines"}


def to_board(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    lines = {"lines": [company.line("scrap", lot="S-1", quantity=40)]}
    company.do("propose_disposition", lines=lines)


def approved(company: Company) -> None:
    to_board(company)
    company.do("approve_quality")
    company.do("approve_engineering")


def correct(
    company: Company,
    answer: Answer,
    *,
    by: Person | None = None,
    reason: str = "The number was mistyped.",
    **new: Any,
) -> Corrected:
    raw = {name: value for name, value in answer.answers.items() if name not in PROPOSAL} | new
    with company.holdfast.database.begin() as db:
        return correct_answer(
            db, answer.id, raw, reason=reason, by=by or company.people.qa_manager,
            at=company.at, key=company.new_key(),
        )  # fmt: skip


def records(company: Company) -> list[Document]:
    return [one for one in company.documents if one.kind == RECORD]


def voided(company: Company) -> set[int]:
    return company.reads(lambda db: {one.signature_id for one in db.query(SignatureVoided)})


def test_a_correction_is_a_new_version_and_the_old_one_stays(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    old = company.answer("investigate")
    done = correct(company, old, by=company.people.qa_engineer, escape="The peel test samples.")
    assert done.voided_count == 0
    new = company.answer("investigate")
    assert (new.version, new.supersedes_id) == (2, old.id)
    assert (new.reason, new.answers["escape"]) == (
        "The number was mistyped.", "The peel test samples.",
    )  # fmt: skip
    with pytest.raises(AlreadyCorrected):
        correct(company, old)


def test_a_correction_needs_a_reason_and_who_gave_the_answer_or_a_manager(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    with pytest.raises(Invalid, match="reason"):
        correct(company, company.answer("investigate"), reason=" ")
    with pytest.raises(NotYourAnswer):
        correct(company, company.answer("investigate"), by=company.people.second_qa_engineer)


def test_what_decided_the_way_of_the_case_is_not_corrected(company: Company) -> None:
    approved(company)
    with pytest.raises(DecidedTheWay):
        correct(company, company.answer("approve_quality"), decision="reject")


def test_a_corrected_proposal_voids_and_asks_again_every_signature_on_it(company: Company) -> None:
    approved(company)
    done = correct(
        company, company.answer("propose_disposition"), left_pending_because="Nothing is left."
    )
    assert done.voided_count == 3  # the author's and both of the board
    again = [task for task in company.open_tasks() if task.element_id == "sign_again"]
    assert sorted(task.role for task in again) == ["mrb_engineering", "mrb_quality", "qa_engineer"]
    assert len(records(company)) == 1


def test_a_corrected_concession_keeps_what_was_asked_because_of_its_lines(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    lines = {"lines": [company.line("use_as_is", lot="S-1", quantity=40)]}
    company.do("propose_disposition", lines=lines)
    old = company.answer("propose_disposition")
    correct(company, old, concession_limits="Until the end of March 2027.")
    new = company.answer("propose_disposition")
    changed = {n for n in new.answers if new.answers[n] != old.answers.get(n)}
    assert changed == {"concession_limits"}
    assert set(new.answers) == set(old.answers)


def test_the_last_signature_given_again_makes_a_new_sealed_version(company: Company) -> None:
    approved(company)
    [first] = records(company)
    correct(company, company.answer("approve_quality"), reason="Typing error")
    correct(company, company.answer("approve_engineering"), reason="Typing error")
    first_task, second_task = company.open_tasks_at("sign_again")
    company.do("sign_again", task=first_task)
    assert len(records(company)) == 1
    company.do("sign_again", task=second_task)
    sealed, renewed = records(company)
    assert sealed.id == first.id
    assert set(sealed.signature_ids or ()) == voided(company)
    assert len(renewed.signature_ids or ()) == 2
    assert not set(renewed.signature_ids or ()) & voided(company)


def test_a_document_waits_for_the_signature_that_is_asked_again(company: Company) -> None:
    to_board(company)
    company.do("approve_quality")
    correct(company, company.answer("approve_quality"), reason="Typing error")
    company.do("approve_engineering")
    assert records(company) == []
    company.do("sign_again")
    [record] = records(company)
    assert len(record.signature_ids or ()) == 2
    assert not set(record.signature_ids or ()) & voided(company)


def test_a_signature_given_again_can_be_voided_and_asked_once_more(company: Company) -> None:
    approved(company)
    correct(company, company.answer("approve_quality"), reason="Typing error")
    company.do("sign_again")
    correct(company, company.answer("approve_quality"), reason="Another typing error")
    company.do("sign_again")
    documents = records(company)
    assert len(documents) == 3
    assert not set(documents[-1].signature_ids or ()) & voided(company)


def test_who_was_barred_from_the_first_signature_is_barred_from_the_next(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    both = replace(company.people.qa_engineer, roles=frozenset({"qa_engineer", "mrb_quality"}))
    lines = {"lines": [company.line("scrap", lot="S-1", quantity=40)]}
    company.do("propose_disposition", by=both, lines=lines)
    company.do("approve_quality")
    correct(company, company.answer("approve_quality"), reason="Typing error")
    with pytest.raises(DoneByTheSamePerson):
        company.do("sign_again", by=both)


def test_a_withdrawn_signature_is_resolved_by_the_quality_manager(company: Company) -> None:
    approved(company)
    correct(company, company.answer("approve_quality"), reason="Typing error")
    company.do("sign_again", standing="withdrawn", reason="I would not approve it like this.")
    assert "resolve_withdrawal" in company.waiting_at
    company.do("resolve_withdrawal")
    assert len(records(company)) == 1


def test_a_case_does_not_close_while_a_signature_is_asked_again(company: Company) -> None:
    approved(company)
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    correct(company, company.answer("approve_quality"), reason="Typing error")
    with pytest.raises(StillRunning, match="Signature renewal"):
        company.do("verify_and_close")
    company.do("sign_again")
    company.do("verify_and_close")
    assert company.case.state == "closed"
