"""A class I removal of 3,000 pumps from 40 hospitals, from the supplier's lot to its closure."""

import pytest
from sqlalchemy import select

from engine.cases import verifying
from engine.cases.notices.models import NoticeLetter
from tests.processes.company import Company
from tests.processes.recalling import (
    add_hospital,
    answer_notices,
    approve_strategy,
    board_scraps_what_is_held,
    decide_jurisdictions,
    deliver,
    end_oversight,
    notify,
    open_gates,
    tell_consignees,
    to_decision,
    verify_effectiveness,
)
from tests.stress.test_size import timed

pytestmark = pytest.mark.stress

COUNTRIES = ("US", "CN", "IE", "CA", "GB")  # each is told in a language that letters are in
HOSPITALS, EACH = 40, 72


def test_three_thousand_pumps_come_back_from_forty_hospitals(company: Company) -> None:
    pumps = [f"P-{number:04d}" for number in range(3_000)]
    sent = pumps[: HOSPITALS * EACH]
    with timed("building and delivering"):
        lot = company.make_component("SENS-1", 3_010)
        company.build(lot, pumps)
        for number in range(HOSPITALS):
            code = f"H{number:02d}"
            add_hospital(company, code, COUNTRIES[number % len(COUNTRIES)])
            deliver(company, code, *sent[number * EACH : (number + 1) * EACH])
    with timed("signal to decision"):
        to_decision(company, "SENS-1")
    with timed("countries and strategy"):
        decide_jurisdictions(company, US={"class_name": "fda_class_i"})
        approve_strategy(company)
        company.do("publish_announcement")
        notify(company, "CN", "EU", "US", "CA", "GB")
    with timed("letters"):
        tell_consignees(company)
        open_gates(company)
    states = company.reads(lambda db: db.scalars(select(NoticeLetter.state)).all())
    assert len(states) == HOSPITALS
    with timed("replies and checks"):
        answer_notices(company)
        verify_effectiveness(company, level="level_a")
    assert company.totals == {"held": 130, "confirmed_at_consignee": 2_880}
    with timed("returns, board and destruction"):
        company.receive_return(*sent)
        company.do("review_returns", board=True)
        board_scraps_what_is_held(company, *pumps)
        company.do("review_returns", board=False)
    with timed("reconciliation to closure"):
        company.do("reconcile")
        end_oversight(company)
        company.do("verify_and_close")
        company.seal_documents()
    assert company.case.state == "closed"
    assert company.totals == {"destroyed": 3_010}
    assert not company.incidents
    found = company.reads(lambda db: verifying.verify_case(db, company.case.stream))
    assert found.holds, found.causes
