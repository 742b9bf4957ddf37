"""Stories of a proposal that was turned down: everyone it concerns is told by whom and why."""

from io import BytesIO

from flask import Flask

from engine.cases.children import open_child
from engine.cases.models import Case
from tests.processes.company import Company
from tests.processes.visiting import visiting

REASON = "The registered shelf life was tested with an intact seal only."


def turned_down(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    line = company.line("use_as_is", lot="S-1", quantity=40)
    company.do("propose_disposition", lines={"lines": [line]})
    company.do("approve_quality", decision="reject", reason=REASON)


def test_who_still_decides_is_told_that_the_proposal_was_turned_down(
    company: Company, app: Flask
) -> None:
    turned_down(company)
    task = company.task("approve_engineering")
    with visiting(company, app, company.people.mrb_engineering) as visitor:
        page = visitor.get(f"/tasks/{task.id}").text
    for words in (company.people.mrb_quality.printed_name, REASON, "already turned down"):
        assert words in page


def test_who_proposes_again_reads_why_and_starts_from_the_rejected_lines(
    company: Company, app: Flask
) -> None:
    turned_down(company)
    company.do("approve_engineering")
    company.do("approve_regulatory")
    task = company.task("propose_disposition")
    with visiting(company, app, company.people.qa_engineer) as visitor:
        page = visitor.get(f"/tasks/{task.id}").text
    for words in (company.people.mrb_quality.printed_name, REASON, "turned down"):
        assert words in page
    assert 'value="use_as_is" selected' in page
    assert "As found by the investigation." in page
    assert 'value="40"' in page


def test_a_first_proposal_starts_empty(company: Company, app: Flask) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    task = company.task("propose_disposition")
    with visiting(company, app, company.people.qa_engineer) as visitor:
        page = visitor.get(f"/tasks/{task.id}").text
    assert "turned down" not in page
    assert 'value="use_as_is" selected' not in page


def test_who_closes_is_told_first_what_is_still_open_and_with_whom(
    company: Company, app: Flask
) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("scrap", lot="S-1", quantity=40))
    for element in ("decide_samples", "destroy_units", "witness_destruction"):
        company.do(element)
    answer = company.answer("triage")
    with company.holdfast.database.begin() as db:
        case = db.get_one(Case, answer.case_id)
        open_child(db, case, "recount", by=company.people.qa_manager, at=company.at)
    task = company.task("verify_and_close")
    with visiting(company, app, company.people.qa_manager) as visitor:
        page = visitor.get(f"/tasks/{task.id}").text
    assert "cannot be closed yet" in page
    assert f'href="/tasks/{company.task("recount_held_stock").id}"' in page


def test_a_witness_finds_the_way_to_a_wrong_record(company: Company, app: Flask) -> None:
    company.make_lot("S-1", 40)
    company.to_disposition("S-1")
    company.propose(company.line("scrap", lot="S-1", quantity=40))
    for element in ("decide_samples", "destroy_units"):
        company.do(element)
    task = company.task("witness_destruction")
    answer = company.answer("destroy_units")
    with visiting(company, app, getattr(company.people, task.role)) as visitor:
        page = visitor.get(f"/tasks/{task.id}").text
    assert f"/nonconformances/{company.number}/answers#answer-{answer.id}" in page
    assert "a quality manager can correct it" in page
    assert "You check: Destroy units · Line 1 · Scrap · 40 of S-1" in page


def test_a_task_that_signs_only_some_answers_does_not_promise_to_sign(
    company: Company, app: Flask
) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    triage = company.task("triage")
    with visiting(company, app, company.people.qa_engineer) as visitor:
        page = visitor.get(f"/tasks/{triage.id}").text
        assert "Continue to sign" not in page
        assert "May need a signature" in page
    company.do("triage")
    company.do("confirm_segregation")
    company.do("investigate")
    proposal = company.task("propose_disposition")
    with visiting(company, app, company.people.qa_engineer) as visitor:
        assert "Continue to sign" in visitor.get(f"/tasks/{proposal.id}").text


def test_a_file_that_is_too_large_leads_back_to_the_form(company: Company, app: Flask) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    address = f"/nonconformances/{company.number}/documents"
    app.config["MAX_CONTENT_LENGTH"] = 2_000
    with visiting(company, app, company.people.qa_engineer) as visitor:
        sent = visitor.client.post(address, data={"file": (BytesIO(b"x" * 5_000), "a.txt")})
    assert sent.status_code == 413
    assert "25 MB" in sent.text
    assert f'href="{address}"' in sent.text
