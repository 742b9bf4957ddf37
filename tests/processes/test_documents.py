"""Stories of the evidence: what is sealed at the end, and that a stranger can check it."""

import re

from sqlalchemy import select

from engine.cases import verifying
from engine.evidence import documents, verify
from engine.evidence.signatures import Signature
from tests.processes.company import Company

SEALED = {
    "disposition/disposition_record",
    "disposition_line/destruction_certificate",
    "nonconformance/nonconformance_report",
}


def scrapped(company: Company, language: str = "en") -> None:
    company.make_lot("S-1", 40)
    company.report("S-1", language=language)
    company.do("triage")
    company.do("confirm_segregation")
    company.do("investigate")
    company.propose(company.line("scrap", lot="S-1", quantity=40))
    company.do("decide_samples")
    company.do("destroy_units")
    company.do("witness_destruction")
    company.do("verify_and_close")


def test_a_case_leaves_three_sealed_documents_that_hold(company: Company) -> None:
    scrapped(company)
    assert {one.kind for one in company.documents if one.state == "sealing"} == SEALED
    company.seal_documents()
    sealed = [one for one in company.documents if one.state == "sealed"]
    assert {one.kind for one in sealed} == SEALED
    for one in sealed:
        pdf = company.reads(lambda db, one=one: documents.content_of(db, one))
        checked = verify.verify_pdf(pdf, database=company.holdfast.database)
        assert checked.holds, checked.causes
    case = company.reads(lambda db: verifying.verify_case(db, company.case.stream))
    assert case.holds, case.causes


def test_the_records_of_a_chinese_case_are_in_chinese(company: Company) -> None:
    scrapped(company, language="zh")
    by_kind = {one.kind: one for one in company.documents if one.kind in SEALED}
    assert {one.language for one in by_kind.values()} == {"zh"}
    record = by_kind["disposition/disposition_record"].record or ""
    for words in ("处置", "报废", "冻结"):
        assert words in record
    assert "Disposition record" not in record
    assert "Scrap" not in record
    signed = company.reads(
        lambda db: db.scalars(
            select(Signature.sentence).where(Signature.stream == company.case.stream)
        ).all()
    )
    assert all(re.search(r"[\u4e00-\u9fff]", sentence) for sentence in signed)


def test_a_report_that_was_screened_out_leaves_a_sealed_record(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    company.do("triage", outcome="not_a_nonconformance", severity="minor")
    company.do("confirm_screening")
    assert company.case.state == "closed"
    company.seal_documents()
    (sealed,) = [one for one in company.documents if one.state == "sealed"]
    assert sealed.kind == "nonconformance/nonconformance_report"
    assert "Not a nonconformance" in (sealed.record or "")
    pdf = company.reads(lambda db: documents.content_of(db, sealed))
    assert verify.verify_pdf(pdf, database=company.holdfast.database).holds
