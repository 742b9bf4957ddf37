"""Stories of the sealed documents of a recall: each is made at its step, and a forged row shows."""

import csv
import io
import json
from typing import Any

import pytest
from sqlalchemy import select

from engine.cases import balance, closing, sealing, verifying, versions
from engine.cases.models import BalanceUnit
from engine.evidence import documents, verify
from engine.evidence.documents import Document
from engine.evidence.sealing import seal_document
from engine.jobs import Job
from engine.serials import holds
from engine.serials.targets import HoldTarget
from tests.processes.company import Company
from tests.processes.recalling import (
    DECIDERS,
    approve_strategy,
    contain,
    decide,
    decide_jurisdictions,
    report_signal,
    say_no,
    to_decision,
)
from tests.processes.test_forgery import causes

REJECTED = {"decision": "reject", "reason": "A correction does not stop the drift."}
WITHOUT_ACTION = {
    "recall_decision/decision_record",
    "jurisdiction_decision/jurisdiction_record",
    "recall/closure_record",
}


def closed_without_action(company: Company, *, language: str = "en", **own: Any) -> None:
    """Bring a recall to its end by the shortest way: nothing is done anywhere, each "no" signed."""
    company.make_devices("SENS-1", ["P-1", "P-2"], shipped=2)
    report_signal(company, "P-1 P-2", language=language)
    contain(company, "P-1 P-2")
    decide(company, "none", severity="limited", likelihood="remote", **own)
    say_no(company, "EU")
    company.do("verify_and_close")


FORGED = [
    ("UPDATE jurisdiction_decision SET is_reportable = NOT is_reportable", "decision of a juris"),
    ("UPDATE jurisdiction_decision SET class_name = 'nmpa_3'", "decision of a jurisdiction"),
    ("UPDATE scope_version SET is_provisional = NOT is_provisional WHERE frozen_at IS NOT NULL",
     "The scope “2"),
    ("UPDATE posting SET to_account = 'destroyed' WHERE to_account = 'left_without_field_action'",
     "The postings give destroyed 2"),
    ("DELETE FROM attachment", "was taken from the case"),
    ("UPDATE answer SET answers = '{}' WHERE element_id = 'prepare_decision'",
     "The answer “prepare decision”"),
]  # fmt: skip


def of_kind(company: Company, kind: str) -> Document:
    return next(one for one in company.documents if one.kind == kind)


def test_a_recall_leaves_its_decisions_and_its_closure_as_sealed_documents(
    company: Company,
) -> None:
    closed_without_action(company)
    assert {one.kind for one in company.documents if one.state == "sealing"} == WITHOUT_ACTION
    closure = of_kind(company, "recall/closure_record")
    with company.holdfast.database.begin() as db:
        sealing = select(Job).where(Job.name == "seal_document")
        job = next(one for one in db.scalars(sealing) if one.body["document_id"] == closure.id)
        seal_document(db, job)
    pdf = company.reads(lambda db: documents.content_of(db, of_kind(company, closure.kind)))
    checked = verify.verify_pdf(pdf, database=company.holdfast.database)
    assert checked.holds, checked.causes

    file = next(one for one in company.documents if one.name.endswith("balance.csv"))
    text = company.reads(lambda db: documents.content_of(db, file)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(one["serial"], one["account"]) for one in rows] == [
        ("P-1", "left_without_field_action"),
        ("P-2", "left_without_field_action"),
    ]
    assert file.id in (closure.attached_ids or ())


def test_the_closure_record_tells_the_whole_action_in_the_language_of_the_case(
    company: Company,
) -> None:
    closed_without_action(company, language="zh")
    record = json.loads(of_kind(company, "recall/closure_record").record or "{}")
    headings = [one["heading"] for one in record["sections"]]
    for words in (
        "从信号到结案",
        "范围 2",
        "建议级别",
        "召回在各法域的性质",
        "按国家的数量平衡",
        "附件清单",
    ):
        assert words in headings
    assert record["case"]["closed_at"]


def test_jobs_release_the_holds_of_a_large_recall_that_closes_and_write_its_rows(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(balance, "MANY", 1)
    closed_without_action(company)
    assert company.case.state == "closed"
    assert not [one for one in company.documents if one.kind == "recall/closure_record"]
    with company.holdfast.database.begin() as db:
        case = db.merge(company.case, load=False)
        target = HoldTarget(kind="unit", id=db.scalars(select(BalanceUnit.unit_id)).first())
        how: dict[str, Any] = {"stream": case.stream, "case_number": case.number, "by": None}
        holds.place(db, target=target, reason="r", basis="b", at=company.at, **how)
        for verb in (closing.release_holds, closing.release_holds, sealing.seal_large):
            job = db.scalars(select(Job).where(Job.name == verb.__name__)).one()
            outcome = verb(db, job)
            job.done_count += 1
        assert isinstance(outcome, dict)
        assert holds.of_case(db, case.number) == []
    closure = of_kind(company, "recall/closure_record")
    assert {one.name for one in company.documents if one.id in closure.attached_ids} >= {
        f"{company.number} balance.csv"
    }
    checked = company.reads(lambda db: verifying.verify_case(db, company.case.stream))
    assert checked.holds, checked.causes


def test_each_round_of_the_decision_is_a_record_of_its_own(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"], shipped=2)
    report_signal(company, "P-1 P-2")
    contain(company, "P-1 P-2")
    company.do("evaluate_health_hazard")
    company.do("prepare_decision", action="correction")
    for who in DECIDERS:
        company.do(f"decide_as_{who}", **(REJECTED if who == "medical" else {}))
    company.do("prepare_decision", action="removal")
    for who in DECIDERS:
        company.do(f"decide_as_{who}")
    first, second = (
        (one.name, one.record or "")
        for one in company.documents
        if one.kind == "recall_decision/decision_record"
    )
    assert [first[0].partition(" ")[0], second[0].partition(" ")[0]] == [
        f"{company.number}-A1",
        f"{company.number}-A2",
    ]
    assert "Correction" in first[1]
    assert "Removal" not in first[1]
    assert "Removal" in second[1]
    assert "Correction" not in second[1]


def test_the_strategy_is_sealed_when_it_is_approved(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"], shipped=1)
    to_decision(company, "SENS-1")
    decide_jurisdictions(company)
    approve_strategy(company)
    sealed = of_kind(company, "recall/strategy_record")
    found = company.reads(lambda db: versions.versions(db, company.case, [sealed]))
    assert found[sealed.id].standing == versions.STANDS  # in a recall that is open
    record = sealed.record or ""
    assert "Field safety corrective action (FSCA)" in record
    assert "The pump is used at the bedside" in record


def test_a_forged_row_of_a_recall_is_named(company: Company) -> None:
    closed_without_action(company)
    found = company.reads(lambda db: verifying.verify_case(db, company.case.stream))
    assert found.holds, found.causes
    for statement, words in FORGED:
        assert words in causes(company, statement), statement
