"""Stories of people meeting at one task, and of signing what has changed meanwhile."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.cases.models import Answer
from engine.cases.signing import Signing
from engine.cases.tasks import TaskAlreadyDone, TaskClaimed, claim
from engine.commands import KeyUsedForSomethingElse
from engine.errors import BusyWith
from engine.evidence.ceremony import PendingExpired, RecordChanged, WrongCredentials
from engine.evidence.failures import SigningLocked, note_failure
from engine.evidence.signatures import Signature
from tests.processes.company import Company

UNITS = ["P-1", "P-2"]


def test_the_second_of_two_people_is_told_who_was_first(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    task = company.task("triage")
    first, second = company.people.qa_engineer, company.people.second_qa_engineer
    answers = company.answers(task, first)
    company.complete(task, answers, None, by=first)
    with pytest.raises(TaskAlreadyDone, match="Chen Mei"):
        company.complete(task, answers, None, by=second)


def test_whoever_meets_a_colleague_at_one_case_is_told_who_it_is(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    task, people = company.task("triage"), company.people
    database = company.holdfast.database
    if database.writer.dialect.name == "sqlite":
        pytest.skip("SQLite says nothing of whom it waits for: see tests/engine/test_locks.py")
    with database.begin(by_id=people.qa_engineer.id) as db:
        claim(db, task.id, by=people.qa_engineer, at=company.at)
        with (
            pytest.raises(BusyWith, match="Chen Mei has been saving something here since"),
            database.begin(by_id=people.second_qa_engineer.id) as other,
        ):
            claim(other, task.id, by=people.second_qa_engineer, at=company.at)
    with database.begin() as db, pytest.raises(TaskClaimed, match="Chen Mei"):
        claim(db, task.id, by=people.second_qa_engineer, at=company.at)


def test_the_same_page_sent_twice_counts_once(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    company.do("triage")
    company.do("confirm_segregation")
    company.do("investigate")
    task = company.task("propose_disposition")
    engineer = company.people.qa_engineer
    lines = {"lines": [company.line("scrap", lot="S-1", quantity=40)]}
    answers = company.answers(task, engineer, lines=lines)
    signing = company.open_signing(task, answers, by=engineer)
    for _ in range(2):
        company.complete(task, answers, signing, by=engineer, key="one page")
    assert count(company, Answer, Answer.element_id == "propose_disposition") == 1
    assert count(company, Signature, Signature.stream == company.case.stream) == 1


def test_a_report_sent_twice_opens_one_case(company: Company) -> None:
    company.make_lot("S-1", 40)
    first = company.report("S-1", key="one page")
    assert company.report("S-1", key="one page") == first


def test_other_answers_under_the_same_page_are_refused(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    task = company.task("triage")
    engineer = company.people.qa_engineer
    answers = company.answers(task, engineer)
    company.complete(task, answers, None, by=engineer, key="one page")
    with pytest.raises(KeyUsedForSomethingElse):
        company.complete(task, {**answers, "severity": "minor"}, None, by=engineer, key="one page")


def test_a_record_that_changed_while_it_was_read_is_not_signed(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2")
    lines = {"lines": [company.line("no_fault_found", "P-1")]}
    company.do("propose_disposition", lines=lines)
    task = company.task("approve_quality")
    member = company.people.mrb_quality
    answers = company.answers(task, member)
    signing = company.open_signing(task, answers, by=member)
    company.report_shipment("P-2")  # the balance in the record is another one now
    with pytest.raises(RecordChanged):
        company.complete(task, answers, signing, by=member)
    company.do("approve_quality")


def test_a_colleague_who_signs_at_the_same_time_does_not_void_the_page(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1 P-2")
    company.do("propose_disposition", lines={"lines": [company.line("no_fault_found", "P-1")]})
    task = company.task("approve_quality")
    member = company.people.mrb_quality
    answers = company.answers(task, member)
    signing = company.open_signing(task, answers, by=member)
    company.do("approve_engineering")
    company.complete(task, answers, signing, by=member)
    assert "approve_quality" not in company.waiting_at


def test_a_sign_page_lasts_five_minutes(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1")
    task = company.task("propose_disposition")
    engineer = company.people.qa_engineer
    answers = company.answers(
        task, engineer, lines={"lines": [company.line("no_fault_found", "P-1")]}
    )
    signing = company.open_signing(task, answers, by=engineer)
    company.at += timedelta(minutes=5, seconds=1)
    with pytest.raises(PendingExpired):
        company.complete(task, answers, signing, by=engineer)
    assert "propose_disposition" in company.waiting_at


def test_three_wrong_passwords_lock_signing_and_tell_quality(company: Company) -> None:
    company.make_devices("SENS-1", UNITS)
    company.to_disposition("P-1")
    task = company.task("propose_disposition")
    engineer = company.people.qa_engineer
    lines = {"lines": [company.line("no_fault_found", "P-1")]}
    answers = company.answers(task, engineer, lines=lines)
    signing = company.open_signing(task, answers, by=engineer)
    assert signing is not None
    wrong = Signing(signing.nonce, "not it", signing.session_id, engineer.user_name)
    for _ in range(3):
        with pytest.raises(WrongCredentials):
            company.complete(task, answers, wrong, by=engineer)
        with company.holdfast.database.begin() as db:
            note_failure(db, by=engineer, session_id=wrong.session_id, at=company.at)
    with pytest.raises(SigningLocked):
        company.complete(task, answers, signing, by=engineer)
    managers = ("qa_manager", "second_qa_manager", "management_representative")
    assert company.mailed("layouts/signing_locked") == {
        f"{getattr(company.people, one).user_name}@holdfast.example" for one in managers
    }
    # a colleague is not locked
    company.do("propose_disposition", by=company.people.second_qa_engineer, lines=lines)


def count(company: Company, table: type[Answer] | type[Signature], where: object) -> int:
    return company.reads(lambda db: db.scalar(select(func.count(table.id)).where(where)))
