"""Whole recalls: from a supplier's lot to the answers of the authorities."""

import pytest
from sqlalchemy import select

from engine.cases import facts
from engine.cases.checks import board
from engine.cases.notices.models import Notice, NoticeLetter
from engine.cases.recalls import jurisdictions
from engine.cases.reconciling import reconciliation
from engine.errors import Invalid
from tests.processes.company import Company
from tests.processes.recalling import (
    add_hospital,
    answer_notices,
    approve_strategy,
    board_scraps_what_is_held,
    decide_jurisdictions,
    deliver,
    end_oversight,
    freeze_signed,
    notify,
    open_gates,
    propose_for,
    tell_consignees,
    to_decision,
    verify_effectiveness,
    work,
)


def test_a_removal_goes_from_a_suppliers_lot_to_the_answers_of_the_authorities(
    abroad: Company,
) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    assert company.waiting_at == {"decide_jurisdiction"}
    decide_jurisdictions(company)
    decided = company.reads(lambda db: jurisdictions.decided(db, company.case))
    assert {code: one.legal_name for code, one in decided.items()} == {
        "CN": "cn_recall",
        "EU": "eu_fsca",
    }
    assert decided["CN"].class_name == "nmpa_1"
    approve_strategy(company)
    assert {"prepare_notification", "publish_announcement", "review_returns"} <= company.waiting_at
    company.do("publish_announcement")
    notify(company, "CN", "EU")
    tell_consignees(company)
    assert sent_to(company) == {"CN"}  # the draft for the Union is with the authority
    open_gates(company)
    assert sent_to(company) == {"CN", "EU"}
    assert "plan_checks" not in company.waiting_at
    answer_notices(company)
    assert company.totals["confirmed_at_consignee"] == 3
    verify_effectiveness(company, level="level_a")
    company.receive_return("P-1", "P-2", "P-3")
    company.do("review_returns", board=True)
    board_scraps_what_is_held(company, "P-1", "P-2", "P-3", "P-4")
    company.do("review_returns", board=False)
    assert company.waiting_at == {"reconcile"}
    company.do("reconcile")
    counted = company.reads(lambda db: reconciliation(db, company.case))
    assert (counted.produced, counted.gap) == (100, 0)  # the four in pumps are the pumps
    end_oversight(company)
    assert company.waiting_at == {"verify_and_close"}
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 100}
    told = company.reads(lambda db: {one.name for one in facts.standing(db, company.case)})
    assert {"awareness", "stop_ship", "decision", "initiation", "completion", "termination"} <= told
    [plan] = company.reads(lambda db: board.boards(db, company.case))
    assert [(one.first, one.last) for one in plan.rows] == [("effective", "effective")] * 2
    assert not company.incidents


def sent_to(company: Company) -> set[str]:
    """Return the jurisdictions where a letter went out."""
    out = select(Notice.jurisdiction).where(Notice.first_sent_at.is_not(None))
    return company.reads(lambda db: set(db.scalars(out)))


def test_a_wider_scope_reaches_whom_the_first_did_not_and_the_recall_waits_for_them(
    abroad: Company,
) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    decide_jurisdictions(company)
    approve_strategy(company)
    tell_consignees(company)
    company.make_devices("SENS-2", ["Q-1", "Q-2"])
    add_hospital(company, "OHIO", "US")
    deliver(company, "OHIO", "Q-1")
    deliver(company, "SUZHOU", "Q-2")
    wider = propose_for(company, "SENS-1, SENS-2", "Second notice of the supplier")
    answer_notices(company, "SLIGO")
    freeze_signed(company, wider, by=company.people.regulatory_affairs)
    answer_notices(company, "SUZHOU")
    assert "plan_checks" not in company.waiting_at  # the third is not asked yet
    tell_consignees(company)
    assert changes(company) == [{"added": ["Q-2"], "cleared": []}]
    assert sent_to(company) == {"CN"}  # nobody has said yet what it is in the United States
    decide_jurisdictions(company, US={"class_name": "fda_class_ii"})
    work(company)
    assert sent_to(company) == {"CN", "US"}
    answer_notices(company, "OHIO")
    assert "plan_checks" in company.waiting_at


def changes(company: Company) -> list[dict[str, list[str]]]:
    """Return what letters said of a change of the scope."""
    letters = select(NoticeLetter).order_by(NoticeLetter.id)
    return company.reads(lambda db: [one.change for one in db.scalars(letters) if one.change])


def test_a_recall_is_not_reconciled_while_a_unit_is_out(abroad: Company) -> None:
    company = abroad
    to_decision(company, "SENS-1")
    decide_jurisdictions(company, EU={"is_reportable": False}, CN={"is_reportable": False})
    approve_strategy(company)
    company.do("publish_announcement")
    company.do("review_returns", board=False)
    work(company)
    answer_notices(company)
    verify_effectiveness(company, level="level_e")
    assert company.waiting_at >= {"reconcile"}
    with pytest.raises(Invalid):
        company.do("reconcile")
