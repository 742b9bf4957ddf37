"""Stories of what is decided in each jurisdiction: its legal name, its class, or a signed no."""

import re
from dataclasses import replace

import pytest
from flask import Flask

from engine.bpmn.errors import DoneByTheSamePerson
from engine.cases.recalls import authorities, jurisdictions, showing
from engine.errors import Invalid
from engine.serials.models import Party
from tests.processes.company import Company
from tests.processes.recalling import (
    add_hospital,
    approve_strategy,
    board_scraps_what_is_held,
    code_of,
    decide_jurisdictions,
    deliver,
    say_no,
    to_decision,
)
from tests.processes.visiting import visiting


def test_no_action_is_signed_with_its_reason_in_each_jurisdiction_and_closes(
    abroad: Company,
) -> None:
    company = abroad
    to_decision(company, "SENS-1", action="none", severity="limited", likelihood="remote")
    say_no(company, "CN", "EU")
    decided = company.reads(lambda db: jurisdictions.decided(db, company.case))
    assert all(one.reason and not one.is_action for one in decided.values())
    assert company.waiting_at == {"propose_disposition"}
    board_scraps_what_is_held(company, "P-4")
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 97, "left_without_field_action": 3}


def test_a_market_withdrawal_is_an_action_and_no_refusal(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1", action="market_withdrawal", severity="limited")
    decide_jurisdictions(
        company,
        EU={"legal_name": "eu_withdrawal", "is_reportable": False},
        CN={"legal_name": "cn_recall", "class_name": "nmpa_3"},
    )
    assert company.waiting_at == {"draft_strategy"}
    approve_strategy(company)
    told = company.reads(lambda db: authorities.notifications_of(db, company.case))
    assert [one.jurisdiction for one in told] == ["CN"]


def test_one_person_alone_reports_nothing(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    union = {code_of(company, one): one for one in company.open_tasks_at("decide_jurisdiction")}[
        "EU"
    ]
    both = replace(
        company.people.regulatory_affairs, roles=frozenset({"regulatory_affairs", "qa_manager"})
    )
    answers = {"legal_name": "eu_fsca", "is_reportable": False}
    company.do("decide_jurisdiction", task=union, by=both, **answers)
    assert "EU" not in company.reads(lambda db: jurisdictions.decided(db, company.case))
    with pytest.raises(DoneByTheSamePerson):
        company.do("confirm_no_report", by=both)
    company.do("confirm_no_report", decision="refused")
    assert "EU" not in company.reads(lambda db: jurisdictions.decided(db, company.case))
    decide_jurisdictions(company)
    decided = company.reads(lambda db: jurisdictions.decided(db, company.case))
    assert decided["EU"].is_reportable


def test_a_class_belongs_to_what_has_one_in_that_law(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    with pytest.raises(Invalid, match="class"):
        decide_jurisdictions(company, CN={"class_name": ""})
    with pytest.raises(Invalid):
        decide_jurisdictions(
            company, CN={"legal_name": "cn_no_defect", "class_name": "", "is_reportable": True}
        )


def test_a_consignee_of_no_known_country_is_an_open_question(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    party = add_hospital(company, "NOWHERE", None)
    deliver(company, "NOWHERE", "P-1")
    to_decision(company, "SENS-1")
    assert company.waiting_at == {"identify_country"}
    company.do("identify_country", country="CN")
    assert company.reads(lambda db: db.get(Party, party).country) == "CN"
    assert company.waiting_at == {"decide_jurisdiction"}
    decide_jurisdictions(company)
    assert [one.row.key for one in company.reads(lambda db: showing.shown(db, company.case))] == [
        "CN"
    ]


def test_what_was_sent_as_a_quantity_of_a_lot_counts_where_it_is_decided(
    company: Company, app: Flask
) -> None:
    company.make_lot("SET-1", 500, shipped=460)
    number = to_decision(company, "SET-1")
    [there] = company.reads(lambda db: showing.shown(db, company.case))
    assert (there.row.key, there.unit_count, there.quantity, there.consignee_count) == (
        "EU", 0, 460, 1,
    )  # fmt: skip
    [task] = company.open_tasks_at("decide_jurisdiction")
    with visiting(company, app, company.people.regulatory_affairs) as visitor:
        beside = visitor.get(f"/tasks/{task.id}").text
        overview = visitor.get(f"/recalls/{number}").text
    assert re.search(r"Quantity of lots ever sent there</dt><dd>460<", beside)
    assert '0 <span class="meta">+ 460</span>' in overview
