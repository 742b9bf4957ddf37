"""Stories of the status report: on its cadence, its figures move, another person signs it."""

from engine.cases.models import Case
from engine.cases.reporting import reports, schedule
from engine.cases.reporting.reports import Reported
from tests.processes.checking import answer, open_in, recall_that_is_out
from tests.processes.company import Company


def reported(company: Company) -> list[Reported]:
    return company.reads(lambda db: reports.of_case(db, company.case))


def test_a_status_report_opens_on_the_cadence_of_the_strategy(company: Company) -> None:
    recall_that_is_out(company, "status_report")
    company.do("prepare_status_report")
    company.do("approve_status_report")
    with company.holdfast.database.begin() as db:
        case = db.get_one(Case, company.case.id)
        schedule.schedule(db, case, every_days=14, by=company.people.qa_manager, at=company.at)
    company.later(days=13)
    assert "prepare_status_report" not in company.waiting_at
    company.later(days=2)
    company.later(hours=1)  # asked once
    assert len(company.open_tasks_at("prepare_status_report")) == 1


def test_each_figure_stands_beside_the_last_report(company: Company) -> None:
    recall_that_is_out(company, "status_report")
    company.do("prepare_status_report")
    company.do("approve_status_report")
    answer(company, f"{company.number}/N-0003")
    open_in(company, "status_report")
    second, first = reported(company)
    assert (first.figures.sum_of("responding"), first.before) == (0, None)
    assert second.before is not None
    assert second.figures.sum_of("responding") - second.before.sum_of("responding") == 1
    assert second.figures.sum_of("not_responding") == 11
    assert second.figures.affected == "100"  # two pumps, and the sensors that were not built in


def test_figures_are_taken_anew_before_they_are_signed_and_never_after(company: Company) -> None:
    recall_that_is_out(company, "status_report")
    answer(company, f"{company.number}/N-0001")
    company.do("prepare_status_report", figures="take_anew")
    [report] = reported(company)
    assert report.figures.sum_of("responding") == 1
    company.do("prepare_status_report")
    company.do("approve_status_report")
    answer(company, f"{company.number}/N-0002")
    [report] = reported(company)
    assert report.report.approved_at is not None
    assert report.figures.sum_of("responding") == 1
    company.seal_documents()
    assert any("Status report" in one.name for one in company.documents)
