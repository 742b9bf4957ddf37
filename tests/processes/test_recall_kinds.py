"""Whole recalls of other kinds: of lots, as a market withdrawal, and without any action."""

from sqlalchemy import select

from engine.cases.notices.models import Notice
from engine.cases.recalls import jurisdictions
from tests.processes.company import Company
from tests.processes.recalling import (
    add_hospital,
    answer_notices,
    approve_strategy,
    decide_jurisdictions,
    deliver,
    end_oversight,
    notify,
    open_gates,
    say_no,
    send_back,
    tell_consignees,
    to_decision,
    verify_effectiveness,
    work,
)


def sets_abroad(company: Company) -> int:
    """Make a lot of sterile sets, most of it in Ireland and in China; return the lot."""
    lot = company.make_lot("S-0001", 40)
    for code, country, count in (("SLIGO", "IE", 12), ("SUZHOU", "CN", 18)):
        add_hospital(company, code, country)
        deliver(company, code, lot=lot, of_it=count)
    return lot


def test_a_lot_of_sterile_sets_is_recalled_to_the_last_piece(company: Company) -> None:
    lot = sets_abroad(company)
    to_decision(company, "S-0001")
    assert company.totals == {"held": 10, "at_consignee": 30}
    decide_jurisdictions(company)
    approve_strategy(company)
    company.do("publish_announcement")
    notify(company, "CN", "EU")
    tell_consignees(company)
    open_gates(company)
    answer_notices(company, "SLIGO", outcome="used")
    answer_notices(company, "SUZHOU")
    assert company.totals == {"held": 10, "used": 12, "confirmed_at_consignee": 18}
    verify_effectiveness(company, level="level_a")
    send_back(company, "SUZHOU", lot, 18)
    assert company.totals == {"held": 28, "used": 12}
    company.do("review_returns", board=True)
    company.propose(company.line("scrap", lot="S-0001", quantity=28))
    for element in ("decide_samples", "destroy_units", "witness_destruction"):
        company.do(element)
    company.do("review_returns", board=False)
    company.do("reconcile")
    end_oversight(company)
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 28, "used": 12}


def test_a_market_withdrawal_takes_back_and_tells_no_authority(company: Company) -> None:
    lot = sets_abroad(company)
    to_decision(company, "S-0001", "market_withdrawal")
    say_no(company, "CN", "EU")
    assert company.waiting_at == {"draft_strategy"}
    approve_strategy(company)
    work(company)
    assert "prepare_notification" not in company.waiting_at
    tell_consignees(company)
    answer_notices(company)
    verify_effectiveness(company, level="level_e")
    send_back(company, "SLIGO", lot, 12)
    send_back(company, "SUZHOU", lot, 18)
    assert company.totals == {"held": 40}


def test_no_action_is_a_signed_no_with_its_reason_in_every_country(company: Company) -> None:
    sets_abroad(company)
    to_decision(company, "S-0001", "none")
    say_no(company, "CN", "EU")
    decided = company.reads(lambda db: jurisdictions.decided(db, company.case))
    assert {code: bool(one.reason) for code, one in decided.items()} == {"CN": True, "EU": True}
    assert not company.reads(lambda db: db.scalars(select(Notice)).all())
    company.propose(company.line("use_as_is", lot="S-0001", quantity=10))
    company.do("confirm_concession")
    company.release()
    company.do("verify_and_close")
    assert company.case.state == "closed"
    assert company.totals == {"left_without_field_action": 30, "released_under_concession": 10}
