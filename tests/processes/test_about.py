"""Stories of naming: of tasks that are called alike, everyone sees which line or round each is."""

from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine.cases.about import about
from engine.cases.inbox import my_tasks
from engine.cases.overview import case_page
from engine.outbox import Outgoing
from engine.serials.models import Unit
from tests.processes.company import Company
from tests.processes.visiting import visiting


def two_concessions(company: Company) -> None:
    """Have two lines of one round wait for the same step."""
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(
        company.line("use_as_is", lot="S-1", quantity=30),
        company.line("use_as_is", lot="S-1", quantity=10),
    )


def test_two_lines_at_the_same_step_are_told_apart(company: Company, app: Flask) -> None:
    two_concessions(company)
    first, second = (
        "Line 1 · Use as is (concession) · 30 of S-1",
        "Line 2 · Use as is (concession) · 10 of S-1",
    )
    tasks = company.open_tasks_at("confirm_concession")
    assert len(tasks) == 2
    doer = getattr(company.people, tasks[0].role)
    with visiting(company, app, doer) as visitor:
        for address in ("/", f"/nonconformances/{company.number}"):
            page = visitor.get(address).text
            assert first in page, address
            assert second in page, address
        heads = {visitor.get(f"/tasks/{task.id}").text.count(first) > 0 for task in tasks}
        assert heads == {True, False}


def test_the_mail_about_a_line_says_which(company: Company) -> None:
    two_concessions(company)
    bodies = company.reads(
        lambda db: list(
            db.scalars(select(Outgoing.body).where(Outgoing.layout == "layouts/task_opened"))
        )
    )
    told = {one.get("about") for one in bodies if one["task_name"] == "Confirm concession"}
    assert told == {
        "Line 1 · Use as is (concession) · 30 of S-1",
        "Line 2 · Use as is (concession) · 10 of S-1",
    }


def test_the_receipt_and_the_approvals_say_which_line_waits(company: Company, app: Flask) -> None:
    two_concessions(company)
    for task in company.open_tasks_at("confirm_concession"):
        company.do("confirm_concession", task=task)
    done = task.id
    with visiting(company, app, company.people.qa_manager) as visitor:
        for address in ("/approvals", f"/tasks/{done}/receipt"):
            page = visitor.get(address).text
            for line in ("Line 1 · ", "Line 2 · "):
                assert line in page, address


def test_every_decision_of_the_board_says_its_round(company: Company, app: Flask) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    lines = {"lines": [company.line("scrap", lot="S-1", quantity=40)]}
    company.do("propose_disposition", lines=lines)
    company.do("approve_quality", decision="reject", reason="Not shown.")
    company.do("approve_engineering")
    company.do("propose_disposition", lines=lines)
    with visiting(company, app, company.people.mrb_quality) as visitor:
        assert "Round 2" in visitor.get(f"/tasks/{company.task('approve_quality').id}").text
        steps = visitor.get(f"/nonconformances/{company.number}").text
    assert "Round 1" in steps
    assert "Round 2" in steps


def test_the_sealed_report_tells_alike_steps_apart_and_names_everyone_who_signed(
    company: Company,
) -> None:
    two_concessions(company)
    for element in ("confirm_concession", "authorise_release", "remove_tags"):
        for task in company.open_tasks_at(element):
            company.do(element, task=task)
    company.do("verify_and_close")
    report = next(
        one for one in company.documents if one.kind == "nonconformance/nonconformance_report"
    ).record
    assert report is not None
    for words in (
        "Line 1 · Use as is (concession) · 30 of S-1",
        "Line 2 · Use as is (concession) · 10 of S-1",
        "Decide for quality (Round 1)",
        "Signatures in this case",
        "I authorise the release that this record states.",
        "I verified that all work on this case is done and close it.",
        company.people.mrb_quality.printed_name,
        company.people.qa_manager.printed_name,
    ):
        assert words in report, words


def test_naming_a_page_of_tasks_costs_the_same_for_two_as_for_ten(company: Company) -> None:
    two_concessions(company)
    tasks = company.open_tasks_at("confirm_concession")

    def asked(count: int) -> int:
        said: list[str] = []

        def listen(*arguments: object) -> None:
            said.append(str(arguments[2]))

        def look(db: Session) -> int:
            event.listen(db.get_bind(), "before_cursor_execute", listen)
            try:
                return len(about(db, tasks[:count]))
            finally:
                event.remove(db.get_bind(), "before_cursor_execute", listen)

        assert company.reads(look) == count
        return len(said)

    assert asked(1) == asked(2) <= 6


def test_a_task_of_the_case_itself_needs_no_more_name(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    rows = company.reads(lambda db: my_tasks(db, company.people.qa_engineer, at=company.at).rows)
    assert [row.about for row in rows if row.element_id == "triage"] == [None]


def test_the_timeline_of_a_unit_names_who_signed_its_release(company: Company, app: Flask) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.to_disposition("P-1")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.release()
    unit_id = company.reads(lambda db: db.scalar(select(Unit.id).where(Unit.serial == "P-1")))
    with visiting(company, app, company.people.qa_manager) as visitor:
        page = visitor.get(f"/units-and-lots/units/{unit_id}").text
    releaser, remover = company.people.qa_manager, company.people.warehouse
    assert (
        f"released by {releaser.printed_name} (signed), tags removed by {remover.printed_name}"
        in page
    )


def test_steps_to_come_stand_in_the_order_of_the_flow(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    page = company.reads(
        lambda db: case_page(db, company.number, company.people.qa_manager, at=company.at)
    )
    planned = [step.element_id for step in page.steps if step.state == "not_started"]
    wanted = ["confirm_segregation", "investigate", "propose_disposition", "approve_quality",
              "verify_and_close"]  # fmt: skip
    assert [one for one in planned if one in wanted] == wanted
