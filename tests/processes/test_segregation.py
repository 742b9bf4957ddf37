"""Stories of segregation of duties: one rule, wherever a task is taken and when it is done."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Select, Subquery, func, select
from sqlalchemy.orm import Session

from engine.bpmn import runtime
from engine.bpmn.errors import DoneByTheSamePerson
from engine.bpmn.segregation import barred
from engine.cases import commands, preparing
from engine.cases.correcting import correct_answer
from engine.cases.ending import REOPEN
from engine.cases.segregation import answered
from engine.cases.tasks import claim, hand_over
from engine.people import Person
from tests.processes.company import Company
from tests.processes.test_ending import closed, sign

BOTH = frozenset({"qa_engineer", "mrb_quality", "qa_manager"})


def scrap(company: Company) -> dict[str, object]:
    return {"lines": [company.line("scrap", lot="S-1", quantity=40)]}


def to_board(company: Company, *, by: Person) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.do("propose_disposition", by=by, lines=scrap(company))


def refused() -> AbstractContextManager[object]:
    return pytest.raises(DoneByTheSamePerson, match="“propose disposition” on this case")


def refused_everywhere(company: Company, element: str, who: Person) -> None:
    """Assert that `who` can neither take, be given, prepare nor complete the task."""
    task, at, manager = company.task(element), company.at, company.people.qa_manager
    tries: list[Callable[[Session], object]] = [
        lambda db: claim(db, task.id, by=who, at=at),
        lambda db: hand_over(db, task.id, to=who, reason="Leave", by=manager, at=at),
        lambda db: preparing.prepare(
            db, task.id, company.answers(task, who), by=who, session_id="s", at=at
        ),
        lambda db: commands.complete_task(db, task.id, {}, by=who, at=at, key="another page"),
        # and where a command forgot to ask, the runner of the diagram asks
        lambda db: runtime.complete_task(db, task.id, variables={}, by=who, at=at),
    ]
    for one in tries:
        with company.holdfast.database.begin() as db, refused():
            one(db)
    assert element in company.waiting_at


def test_whoever_proposed_is_refused_at_every_door_with_one_sentence(company: Company) -> None:
    both = replace(company.people.qa_engineer, roles=BOTH)
    to_board(company, by=both)
    refused_everywhere(company, "approve_quality", both)
    company.do("approve_quality")


def test_whoever_corrected_the_proposal_does_not_approve_it(company: Company) -> None:
    to_board(company, by=company.people.qa_engineer)
    corrector = replace(company.people.qa_manager, roles=BOTH)
    old = company.answer("propose_disposition")
    raw = {name: value for name, value in old.answers.items() if name != "lines"}
    with company.holdfast.database.begin() as db:
        correct_answer(
            db, old.id, raw, reason="A word was missing.", by=corrector, at=company.at,
            key=company.new_key(),
        )  # fmt: skip
    refused_everywhere(company, "approve_quality", corrector)
    # who gave the answer that was corrected stays barred
    refused_everywhere(company, "approve_quality", replace(company.people.qa_engineer, roles=BOTH))
    company.do("approve_quality")


def test_whoever_proposed_before_a_case_was_reopened_does_not_approve_after(
    company: Company,
) -> None:
    closed(company)
    first = replace(company.people.qa_engineer, roles=BOTH)
    sign(company, REOPEN)
    company.do("triage")
    company.do("confirm_segregation")
    company.do("investigate")
    lines = {"lines": [company.line("no_fault_found", "P-1")]}
    company.do("propose_disposition", by=company.people.second_qa_engineer, lines=lines)
    refused_everywhere(company, "approve_quality", first)
    company.do("approve_quality")


def test_what_one_did_in_another_case_bars_nobody(company: Company) -> None:
    both = replace(company.people.qa_engineer, roles=BOTH)
    to_board(company, by=both)
    company.make_devices("SENS-1", ["P-1"])
    company.to_disposition("P-1")
    lines = {"lines": [company.line("no_fault_found", "P-1")]}
    company.do("propose_disposition", by=company.people.second_qa_engineer, lines=lines)
    company.do("approve_quality", by=both)


def test_who_did_what_in_a_case_is_read_once_however_many_tasks_wait_for_another(
    company: Company,
) -> None:
    to_board(company, by=company.people.qa_engineer)
    tasks = [company.task("approve_quality"), company.task("approve_engineering")]
    read: list[int] = []

    def ask(db: Session) -> dict[UUID, dict[int, str]]:
        def way(asked: Subquery) -> Select[Any]:
            read.append(db.scalar(select(func.count()).select_from(asked)) or 0)
            return answered(asked)

        db.info["also_did"] = (way,)
        return barred(db, tasks)

    doer = {company.people.qa_engineer.id: "propose_disposition"}
    assert company.reads(ask) == {task.id: doer for task in tasks}
    assert read == [1]
