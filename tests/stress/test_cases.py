"""Eight people work at once, on one case and on many: nothing lost, nothing done twice."""

from collections import Counter
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select

from engine import clock
from engine.bpmn.models import Task
from engine.cases import commands, preparing
from engine.cases.models import Case, Line
from engine.cases.tasks import TaskAlreadyDone
from engine.people.models import WebSession
from tests.processes.company import Company
from tests.stress.crowd import THREADS, at_once, beside, check_consistent, patiently
from tests.support.personas import PASSWORD
from tests.webapp.conftest import Visitor
from webapp.ceremony import fingerprint
from webapp.create_app import create_app
from webapp.queries.task import place

pytestmark = pytest.mark.stress

BOARD = ("approve_quality", "approve_engineering", "approve_manufacturing", "approve_regulatory")


def proposed(company: Company, *lines: tuple[str, int]) -> None:
    """Bring a case to its board, with these lines of one lot."""
    company.make_lot("S-0001", sum(quantity for _, quantity in lines))
    company.to_disposition("S-0001")
    asked = [company.line(type_, lot="S-0001", quantity=quantity) for type_, quantity in lines]
    company.do("propose_disposition", lines={"lines": asked})


def sending(company: Company, task: Task, number: int) -> partial[Task]:
    """Open the page of a task as its person, ready to be sent."""
    mine = beside(company, number)
    person = getattr(company.people, task.role)
    answers = mine.answers(task, person)
    signing = mine.open_signing(task, answers, by=person)
    return partial(patiently, partial(
        mine.complete, task, answers, signing, by=person, key=f"{task.id} {number}"
    ))  # fmt: skip


def test_of_two_who_send_each_approval_one_is_told_that_it_was_done(company: Company) -> None:
    proposed(company, ("regrade", 40))
    tasks = [company.task(element) for element in BOARD]

    pages = [sending(company, task, number) for number, task in enumerate([*tasks, *tasks])]
    said = at_once(pages)

    assert Counter(type(one) for one in said) == {Task: 4, TaskAlreadyDone: 4}
    assert company.waiting_at == {"relabel_units"}
    company.reads(check_consistent)


def test_eight_lines_of_one_case_are_carried_out_at_once(company: Company) -> None:
    proposed(company, *[("scrap", 5)] * THREADS)
    company.do("approve_quality")
    company.do("approve_engineering")

    for element in ("decide_samples", "destroy_units", "witness_destruction"):
        tasks = [task for task in company.open_tasks() if task.element_id == element]
        assert len(tasks) == THREADS
        said = at_once([sending(company, task, number) for number, task in enumerate(tasks)])
        assert [type(one) for one in said] == [Task] * THREADS

    company.take_up_reports()
    assert company.waiting_at == {"verify_and_close"}
    assert company.totals == {"destroyed": 40}
    assert company.reads(
        lambda db: db.scalar(select(func.count()).select_from(Line).where(Line.state == "done"))
    ) == THREADS  # fmt: skip
    company.reads(check_consistent)


def test_eight_cases_go_on_side_by_side(company: Company) -> None:
    for number in range(THREADS):
        company.make_lot(f"S-{number}", 10)

    def walk(number: int) -> str:
        mine = beside(company, number)
        assert isinstance(patiently(partial(mine.report, f"S-{number}")), str)
        for element in ("triage", "confirm_segregation", "investigate"):
            assert isinstance(patiently(partial(mine.do, element)), Task)
        return mine.number

    numbers = at_once([partial(walk, number) for number in range(THREADS)])

    assert sorted(numbers) == [f"NC-2026-{number:04d}" for number in range(1, THREADS + 1)]
    held = company.reads(lambda db: db.scalars(select(Case.number).order_by(Case.number)).all())
    assert held == sorted(numbers)
    for number in numbers:
        assert beside(company, 0, number=number).waiting_at == {"propose_disposition"}
    company.reads(check_consistent)


# --- through the web -------------------------------------------------------------------------


def signed_in(app: Flask, company: Company, task: Task) -> Visitor:
    visitor = Visitor(app.test_client())
    with clock.at(company.at):
        assert visitor.sign_in(getattr(company.people, task.role)).status_code == 303
    return visitor


def page_to_sign(company: Company, visitor: Visitor, task: Task, number: int) -> partial[int]:
    """Type the answers in a browser of one's own and open the sign page; return the button."""
    person = getattr(company.people, task.role)
    answers = company.answers(task, person)
    with company.holdfast.database.begin() as db:
        session = db.scalar(
            select(func.max(WebSession.id)).where(WebSession.person_id == person.id)
        )
        commands.save_draft(db, place(task.id), answers, by=person, at=company.at)
        opened = preparing.prepare(
            db, task.id, answers, by=person, session_id=str(session), at=company.at
        )
    if opened is None:
        address, typed = f"/tasks/{task.id}/complete", {"checked": fingerprint(answers)}
    else:
        address = f"/tasks/{task.id}/sign/{opened.nonce}"
        typed = {"user_name": person.user_name, "password": PASSWORD}

    def press() -> int:
        with clock.at(company.at):
            for _ in range(40):
                sent = visitor.post(address, {**typed, "request_key": f"{task.id} {number}"})
                if "is saving something in this case" not in sent.text:
                    return sent.status_code
        return sent.status_code

    return partial(press)


def test_eight_browsers_do_eight_lines_of_one_case(company: Company) -> None:
    proposed(company, *[("scrap", 5)] * THREADS)
    company.do("approve_quality")
    company.do("approve_engineering")
    app = create_app(company.holdfast)

    for element in ("decide_samples", "destroy_units"):
        tasks = [task for task in company.open_tasks() if task.element_id == element]
        pages = []
        for number, task in enumerate(tasks):
            visitor = signed_in(app, company, task)
            pages.append(page_to_sign(company, visitor, task, number))
        assert at_once(pages) == [303] * THREADS

    waiting = Counter(task.element_id for task in company.open_tasks())
    assert waiting == {"witness_destruction": THREADS}
    company.reads(check_consistent)


def test_an_approval_sent_from_two_browsers_is_signed_once(company: Company) -> None:
    proposed(company, ("regrade", 40))
    app = create_app(company.holdfast)

    pages = []
    for number, task in enumerate([company.task(element) for element in BOARD] * 2):
        visitor = signed_in(app, company, task)
        pages.append(page_to_sign(company, visitor, task, number))
    said = at_once(pages)

    # who comes when nothing is left to send sees the receipt of what the other browser sent
    assert set(said) <= {303, 409}
    assert said.count(303) >= len(BOARD)
    assert company.waiting_at == {"relabel_units"}
    company.reads(check_consistent)


def test_one_button_pressed_by_eight_threads_is_one_step(company: Company) -> None:
    proposed(company, ("regrade", 40))
    app = create_app(company.holdfast)
    task = company.task("approve_quality")
    first = signed_in(app, company, task)
    press = page_to_sign(company, first, task, 1)

    said = at_once([press] * THREADS)

    assert set(said) == {303}
    assert press() == 303  # the browser's own second try comes when all is long done
    company.reads(check_consistent)
