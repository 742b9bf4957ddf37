"""The boards of obligations: what is owed and why, recorded as submitted, over all recalls."""

from flask import Flask

from engine.cases.obligations import keeping
from tests.processes import recalling
from tests.processes.company import Company
from tests.processes.visiting import visiting


def test_what_a_recall_owes_is_shown_with_its_reckoning_and_met_with_a_receipt(
    company: Company, app: Flask
) -> None:
    lot = company.make_lot("S-0001", 12)
    for code, country in (("SUZHOU", "CN"), ("LOST", None)):
        recalling.add_hospital(company, code, country)
        recalling.deliver(company, code, lot=lot, of_it=3)
    number = recalling.to_decision(company, "S-0001")
    address, before = f"/recalls/{number}/obligations", f"{company.at:%Y-%m-%dT%H:%M}"
    with visiting(company, app, company.people.auditor) as auditor:
        page = auditor.get(address).text
    for words in (
        "Not decided: runs as if reportable",
        "Country not known",
        "24 hours →",
        "does not say whether 1日 is the next day or 24 hours",
        "总局令29 第十六条",
    ):
        assert words in page
    assert "Record what was submitted" not in page

    row = company.reads(lambda db: keeping.of_case(db, company.case))[0]
    with visiting(company, app, company.people.regulatory_affairs) as reader:
        wrong = reader.post(f"{address}/{row.id}/submitted", {"sent_at": "", "channel": "mail"})
        assert (wrong.status_code, "Enter a date and a time." in wrong.text) == (422, True)
        sent = {"sent_at": before, "channel": "paper", "receipt": "苏械召 2026-07"}
        assert reader.post(f"{address}/{row.id}/submitted", sent).status_code == 303
        assert "苏械召 2026-07" in reader.get(address).text
        told = {"jurisdiction": "CN", "name": "plan_change", "moment": before,
                "evidence": "Decision of the board", "request_key": "key-of-the-fact"}  # fmt: skip
        assert reader.post(f"{address}/facts", told).status_code == 303
        assert "Change of the recall plan" in reader.get(address).text
        everywhere = reader.get("/obligations").text
        assert f"/recalls/{number}/obligations" in everywhere
        assert "1 submitted" in everywhere
        assert "苏械召 2026-07" in reader.get("/obligations?show=met").text
