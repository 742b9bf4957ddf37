"""The pages of a scope: what was named and what is affected are two facts, said everywhere."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from engine import clock
from engine.cases import commands
from engine.cases.models import Case
from engine.errors import Invalid
from engine.people import Person
from tests.processes.company import Company
from tests.processes.recalling import contain, propose_for, report_signal
from tests.processes.test_scope import DEVICES, rows
from tests.processes.visiting import enter
from tests.support.personas import PASSWORD

WHOLE = "so the whole lot is affected: 92 of the lot itself and 8 made from it."


@pytest.fixture
def app(company: Company, app: Flask) -> Iterator[Flask]:
    with clock.at(company.at):
        yield app


def raw_report(company: Company, scanned: str) -> dict[str, Any]:
    return {
        "source": "warehouse",
        "defect_code": "packaging",
        "description": "Pouch seal is open.",
        "suspects": {"scanned": scanned},
        "hold_now": True,
        "aware_at": {"local": f"{company.at:%Y-%m-%dT%H:%M}", "zone": "UTC"},
        "aware_by": "Ren Tao",
    }


def drafted(company: Company, person: Person, scanned: str) -> None:
    """Let a person have typed a report."""
    with company.holdfast.database.begin() as db:
        raw = raw_report(company, scanned)
        commands.save_draft(db, "start:nonconformance", raw, by=person, at=company.at)


def text_of(page: Any) -> str:
    """Return what a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def test_every_page_says_that_the_whole_lot_is_affected(company: Company, app: Flask) -> None:
    company.make_devices("SENS-1", DEVICES, shipped=2)
    reporter, engineer = company.people.qa_technician, company.people.qa_engineer
    drafted(company, reporter, "SENS-1 x 5")
    visitor = enter(app, reporter)

    check = text_of(visitor.get("/report/check"))
    assert "5 of lot SENS-1: that is what was named." in check
    assert WHOLE in check
    assert "put on hold at once: 98." in check
    assert "2 of 100 have left our control" in check

    saved = visitor.post("/report/save")
    receipt = text_of(visitor.get(saved.location))
    company.number = saved.location.rsplit("/", 1)[-1]
    assert "100 are affected, 98 of them on hold." in receipt
    assert WHOLE in receipt
    assert "100 affected" in receipt
    assert WHOLE in text_of(visitor.get(f"{saved.location}/units"))

    task = company.task("triage")
    triage = text_of(enter(app, engineer).get(f"/tasks/{task.id}"))
    assert WHOLE in triage
    assert "A part of it goes free only by a disposition" in triage
    company.do("triage")
    done = text_of(enter(app, engineer).get(f"/tasks/{task.id}/receipt"))
    assert WHOLE in done

    segregation = company.task("confirm_segregation")
    page = text_of(enter(app, company.people.warehouse).get(f"/tasks/{segregation.id}"))
    assert "Affected 100" in page
    assert "On hold 98" in page


def test_a_report_of_serials_says_nothing_of_a_lot(company: Company, app: Flask) -> None:
    company.make_devices("SENS-1", DEVICES)
    reporter = company.people.qa_technician
    drafted(company, reporter, "P-1\nP-2")
    visitor = enter(app, reporter)
    check = visitor.get("/report/check")
    assert "whole-lot" not in check.text
    assert "2 units by their serials" in text_of(check)
    saved = visitor.post("/report/save")
    assert "whole-lot" not in visitor.get(saved.location).text


def test_the_investigation_page_asks_what_every_description_is(
    company: Company, app: Flask
) -> None:
    row = {"description": "Pump without a label", "quantity": "2"}
    company.report(suspects={"scanned": "", "unidentified": [row]})
    company.do("triage")
    visitor = enter(app, company.people.qa_engineer)
    task = company.task("investigate")
    page = visitor.get(f"/tasks/{task.id}")
    assert "Pump without a label" in page.text
    [key] = [one["key"] for one in rows(company)["rows"]]
    assert f'value="{key}"' in page.text
    answer = visitor.post(f"/tasks/{task.id}", {"identified-0-key": key})
    assert answer.status_code == 422
    assert "Say for each description what became of it." in answer.text

    company.do(
        "investigate", identified=rows(company, outcome="not_identified", reason="No record.")
    )
    units = text_of(visitor.get(f"/nonconformances/{company.number}/units"))
    assert "Pump without a label" in units
    assert "Not found" in units


def test_answers_changed_after_they_were_checked_are_not_sent(company: Company, app: Flask) -> None:
    company.make_devices("SENS-1", DEVICES)
    reporter = company.people.qa_technician
    drafted(company, reporter, "P-1")
    visitor = enter(app, reporter)
    visitor.get("/report/check")
    drafted(company, reporter, "P-1\nP-2")  # in another window

    refused = visitor.post("/report/save")
    assert refused.status_code == 409
    assert "changed in another window" in text_of(refused)
    assert 'href="/report/check"' in refused.text
    with company.holdfast.database.read() as db:
        assert db.scalar(select(func.count()).select_from(Case)) == 0

    assert "2 units by their serials" in text_of(visitor.get("/report/check"))
    assert visitor.post("/report/save").status_code == 303


def test_a_task_is_not_completed_with_answers_nobody_checked(company: Company, app: Flask) -> None:
    company.make_devices("SENS-1", DEVICES)
    company.report("P-1")
    task, engineer = company.task("triage"), company.people.qa_engineer
    answers = company.answers(task, engineer)
    visitor = enter(app, engineer)

    def typed(**own: object) -> None:
        with company.holdfast.database.begin() as db:
            raw = {**answers, **own}
            commands.save_draft(db, f"task:{task.id}", raw, by=engineer, at=company.at)

    typed()
    visitor.get(f"/tasks/{task.id}/check")
    typed(rationale="Typed in another window.")
    assert visitor.post(f"/tasks/{task.id}/complete").status_code == 409
    assert company.waiting_at == {"triage"}
    visitor.get(f"/tasks/{task.id}/check")
    assert visitor.post(f"/tasks/{task.id}/complete").status_code == 303
    assert company.answer("triage").answers["rationale"] == "Typed in another window."


def test_more_of_a_lot_than_was_ever_recorded_is_warned_of_and_not_refused(
    company: Company, app: Flask
) -> None:
    company.make_devices("SENS-1", DEVICES)
    reporter = company.people.qa_technician
    drafted(company, reporter, "SENS-1 x 99999")
    visitor = enter(app, reporter)
    check = text_of(visitor.get("/report/check"))
    assert "99,999 of lot SENS-1 are named, but only 100 were ever recorded." in check
    assert visitor.post("/report/save").status_code == 303
    drafted(company, reporter, "SENS-1 x 100")
    assert "were ever recorded" not in text_of(visitor.get("/report/check"))


def test_a_label_with_a_wrong_check_digit_is_told_on_the_report(
    company: Company, app: Flask
) -> None:
    with pytest.raises(Invalid, match="check digit"):
        company.report("(01)04012345678902(21)SN-1")


def test_the_page_of_a_freeze_that_was_signed_says_so_to_who_signed_it(
    company: Company, app: Flask
) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.make_lot("SET-1", 5)
    number = report_signal(company, "P-1")
    contain(company, "P-1")
    scope = propose_for(company, "P-1, SET-1", "Second supplier notice")
    by = company.people.regulatory_affairs
    signer = enter(app, by)
    at = f"/recalls/{number}/scopes/{scope}/freeze"
    signer.get(at)
    page = signer.post(at).headers["Location"]
    signer.get(page)
    typed = {"user_name": by.user_name, "password": PASSWORD}
    lab = signer.post(page, typed).headers["Location"]

    again = signer.get(page)

    assert (again.status_code, again.headers["Location"]) == (303, lab)
    assert f"Scope {scope} is signed." in signer.get(lab).text
    assert enter(app, company.people.qa_manager).get(page).status_code == 410
    never = page.replace(page.rpartition("/")[2], "never-drawn-up")
    assert signer.get(never).status_code == 410
