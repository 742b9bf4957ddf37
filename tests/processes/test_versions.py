"""Stories of sealed versions: the page says which one stands, and why another does not."""

import json

from engine import clock
from engine.cases.ending import REOPEN, VOID
from engine.cases.versions import versions
from engine.evidence.documents import Document
from tests.processes.company import Company
from tests.processes.test_ending import closed, sign
from tests.processes.test_signature_renewal import approved, correct
from tests.webapp.conftest import Visitor
from webapp.create_app import create_app


def standing(company: Company, name: str) -> list[tuple[int, str]]:
    """Return number and standing of each version of the documents whose kind ends in `name`."""
    kept = [one for one in company.documents if one.kind.endswith(name)]
    known = company.reads(lambda db: versions(db, company.case, kept))
    return [(known[one.id].number, known[one.id].standing) for one in kept]


def shown(company: Company) -> str:
    """Return the page of the case's documents."""
    with clock.at(company.at):
        visitor = Visitor(create_app(company.holdfast).test_client())
        visitor.sign_in(company.people.auditor)
        return visitor.get(f"/nonconformances/{company.number}/documents").text


def newest(company: Company, name: str) -> Document:
    return [one for one in company.documents if one.kind.endswith(name)][-1]


def test_a_sealed_record_stands_until_a_signature_on_it_is_void_and_is_then_superseded(
    company: Company,
) -> None:
    approved(company)
    company.seal_documents()
    assert standing(company, "disposition_record") == [(1, "stands")]
    assert "this one stands" in shown(company)

    correct(company, company.answer("approve_quality"), reason="Typing error")
    assert standing(company, "disposition_record") == [(1, "voided")]
    assert "a signature on it is void" in shown(company)

    company.do("sign_again")
    company.seal_documents()
    assert standing(company, "disposition_record") == [(1, "superseded"), (2, "stands")]
    page = shown(company)
    assert "superseded by version 2" in page
    second = newest(company, "disposition_record")
    assert json.loads(second.record or "")["version"] == 2
    assert second.download_name == f"{company.number}-D1_disposition-record_v2.pdf"


def test_the_report_of_a_reopened_case_does_not_stand(company: Company) -> None:
    closed(company)
    company.seal_documents()
    assert standing(company, "nonconformance_report") == [(1, "stands")]
    sign(company, REOPEN, reason="The fault was seen again.")
    assert standing(company, "nonconformance_report") == [(1, "reopened")]
    assert "the case was reopened" in shown(company)


def test_the_report_of_a_case_that_was_reopened_and_voided_does_not_stand(company: Company) -> None:
    closed(company)
    company.seal_documents()
    sign(company, REOPEN, reason="The fault was seen again.")
    sign(company, VOID, reason="The fault was of another case.")
    assert standing(company, "nonconformance_report") == [(1, "case_void")]
    assert "the case was reopened and then voided" in shown(company)
