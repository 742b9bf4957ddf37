"""What a recall owes: opened by its facts, as if reportable, never due later, and submitted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine.cases import facts
from engine.cases.obligations import acting, keeping
from engine.cases.obligations.acting import ObligationNotOpen, Submission
from engine.cases.obligations.models import Obligation, ObligationClock
from engine.cases.recalls.models import JurisdictionDecision
from engine.cases.reporting import schedule
from engine.errors import Invalid, NotAllowed
from engine.people import Person
from tests.processes.company import Company
from tests.processes.recalling import (
    add_hospital,
    decide_jurisdictions,
    deliver,
    say_no,
    to_decision,
)

T = TypeVar("T")
DAY = timedelta(days=1)


@pytest.fixture
def recall(company: Company) -> Company:
    """A recall whose action is decided: sets went to five places, one of no known country."""
    lot = company.make_lot("S-0001", 40)
    places = (("SLIGO", "IE"), ("SUZHOU", "CN"), ("OHIO", "US"), ("BAHIA", "BR"), ("LOST", None))
    for code, country in places:
        add_hospital(company, code, country)
        deliver(company, code, lot=lot, of_it=3)
    to_decision(company, "S-0001")
    return company


def act(company: Company, do: Callable[[Session], T]) -> T:
    with company.holdfast.database.begin() as db:
        return do(db)


def owed(company: Company) -> dict[str, Obligation]:
    """Return what is owed, by authority and name."""
    rows = company.reads(lambda db: keeping.of_case(db, company.case))
    return {f"{one.authority} {one.shared}" + (f" {one.number}" if one.number > 1 else ""): one
            for one in rows}  # fmt: skip


def submit(company: Company, name: str, *, by: Person | None = None, **sent: Any) -> None:
    said = {"sent_at": company.at, "channel": "mail", "receipt": "R-1", **sent}
    row, key = owed(company)[name], company.new_key()
    act(company, lambda db: acting.meet(
        db, company.number, row.id, Submission(**said), at=company.at, key=key,
        by=by or company.people.regulatory_affairs,
    ))  # fmt: skip


def tell(company: Company, code: str, name: str, moment: datetime, evidence: str = "Call") -> None:
    act(company, lambda db: acting.tell(
        db, company.number, code, name, moment, evidence=evidence,
        by=company.people.regulatory_affairs, at=company.at, key=company.new_key(),
    ))  # fmt: skip


def test_the_decision_opens_what_every_authority_is_owed_as_if_reportable(
    recall: Company,
) -> None:
    rows = owed(recall)
    assert {name for name in rows if not name.startswith(("ie ", "cn_", "users", "public"))} == {
        "fda us_806_report", "fda us_7_46_tell", "fda us_7_53_status",
        "br other_action", "unknown other_country",
    }  # fmt: skip
    assert set(rows) >= {
        "cn_province cn_16_form", "cn_registration cn_16_form", "users cn_notice",
        "public cn_14_announcement", "ie eu_fsca", "users eu_89_8_users",
    }  # fmt: skip
    decided = recall.at
    assert rows["fda us_7_46_tell"].alarm_at == decided + DAY
    assert rows["users cn_notice"].alarm_at == decided + DAY, (
        "the highest class until it is decided"
    )
    assert rows["fda us_806_report"].started_at is None, "nobody was told yet"
    assert rows["ie eu_fsca"].rule == "eu_87_8_delay"
    assert "decided" in rows["users cn_notice"].arithmetic["en"]
    assert "作出决定" in rows["users cn_notice"].arithmetic["zh"]
    assert "24 hours" in rows["users cn_notice"].arithmetic["why_en"]

    # a recall that is older than a rule owes what the rule says from then on
    act(recall, lambda db: db.add(JurisdictionDecision(
        case_id=recall.case.id, key="CA", code="CA", countries=["CA"], reached_by="units",
        opened_at=recall.at,
    )))  # fmt: skip
    database = recall.holdfast.database
    assert [keeping.reckon_all(database, at=recall.at) for _ in range(2)] == [1, 0]
    assert owed(recall)["health_canada ca_63_2"].alarm_at == decided + DAY


def test_a_decision_drops_what_is_not_owed_and_no_class_makes_anything_due_later(
    recall: Company,
) -> None:
    before = owed(recall)
    decide_jurisdictions(
        recall,
        CN={"class_name": "nmpa_3"},
        US={"legal_name": "us_none", "class_name": "", "is_reportable": False,
            "reason": "Evident before use."},
    )  # fmt: skip
    rows = owed(recall)
    assert rows["users cn_notice"].alarm_at == before["users cn_notice"].alarm_at
    assert rows["users cn_notice"].rule == "cn_15_class_1"
    for name in ("fda us_806_report", "fda us_7_46_tell", "fda us_7_53_status"):
        assert rows[name].state == "dropped"
    clocks = recall.reads(lambda db: db.scalars(
        select(ObligationClock.state).where(
            ObligationClock.obligation_id == rows["fda us_7_46_tell"].id
        ).order_by(ObligationClock.id)
    ).all())  # fmt: skip
    assert clocks == ["open", "dropped"], "its history is kept"


def test_no_statement_moves_a_due_time_later_or_changes_its_history(recall: Company) -> None:
    row = owed(recall)["fda us_7_46_tell"]
    for statement in (
        "UPDATE obligation SET alarm_at = :later WHERE id = :id",
        "UPDATE obligation SET alarm_at = NULL WHERE id = :id",
        "UPDATE obligation_clock SET alarm_at = :later WHERE obligation_id = :id",
        "DELETE FROM obligation_clock WHERE obligation_id = :id",
    ):
        values = {"id": row.id, "later": "2099-01-01 00:00:00.000000"}
        wanted = {name: value for name, value in values.items() if f":{name}" in statement}
        with pytest.raises(DBAPIError, match=r"locked|only grows"):
            act(recall, lambda db, s=statement, w=wanted: db.execute(text(s), w))
    assert owed(recall)["fda us_7_46_tell"].alarm_at == row.alarm_at


def test_a_fact_starts_a_clock_and_an_earlier_one_moves_it_earlier_only(recall: Company) -> None:
    planned = recall.at + 5 * DAY
    tell(recall, "EU", "planned_start", planned)
    draft = owed(recall)["ie eu_89_8_draft"]
    assert draft.alarm_at == planned
    tell(recall, "EU", "planned_start", planned + DAY)
    assert owed(recall)["ie eu_89_8_draft"].alarm_at == planned
    tell(recall, "EU", "planned_start", planned - DAY)
    assert owed(recall)["ie eu_89_8_draft"].alarm_at == planned - DAY
    for name, moment, evidence in (
        ("planned_start", planned, " "),
        ("plan_change", recall.at, "Call"),  # no clock of the EU
        ("draft_notice_sent", recall.at + DAY, "Call"),
    ):
        with pytest.raises(Invalid):
            tell(recall, "EU", name, moment, evidence)
    for hours in (0, 1):
        tell(recall, "US", "extension_initiation", recall.at - timedelta(hours=hours))
    assert {"fda us_806_amendment", "fda us_806_amendment 2"} <= set(owed(recall))


def test_a_slip_in_the_year_starts_no_clock(recall: Company) -> None:
    before = {name: one.alarm_at for name, one in owed(recall).items()}
    for name, moment in (
        ("planned_start", recall.at - 400 * DAY),
        ("planned_start", recall.at + 2000 * DAY),
    ):
        with pytest.raises(Invalid) as refused:
            tell(recall, "EU", name, moment)
        assert "Look at the year" in refused.value.problems[0].sentence
    assert {name: one.alarm_at for name, one in owed(recall).items()} == before


def test_what_was_submitted_has_its_receipt_and_the_next_report_is_open(recall: Company) -> None:
    with pytest.raises(NotAllowed):
        submit(recall, "fda us_7_53_status", by=recall.people.warehouse)
    for wrong in ({"receipt": " "}, {"sent_at": recall.at + DAY}, {"channel": "pigeon"},
                  {"sent_at": None}, {"sent_at": recall.at - 400 * DAY}):  # fmt: skip
        with pytest.raises(Invalid):
            submit(recall, "fda us_7_53_status", **wrong)
    start = recall.at
    act(recall, lambda db: facts.record(
        db, recall.case, "initiation",
        start.isoformat(), by=None, at=start, jurisdiction="US",
    ))  # fmt: skip
    first = owed(recall)["fda us_7_53_status"]
    assert first.alarm_at is not None
    assert owed(recall)["fda us_806_report"].rule == "us_806_report"
    assert owed(recall)["fda us_806_report"].alarm_at is not None, "the first letter went out"
    act(recall, lambda db: schedule.schedule(
        db, recall.case, every_days=14, by=None, at=recall.at
    ))  # fmt: skip
    shorter = owed(recall)["fda us_7_53_status"]
    assert shorter.alarm_at is not None
    assert first.alarm_at - shorter.alarm_at == 16 * DAY, "the strategy reports more often"
    submit(recall, "fda us_7_53_status")
    rows = owed(recall)
    assert (rows["fda us_7_53_status"].state, rows["fda us_7_53_status"].receipt) == ("met", "R-1")
    following = rows["fda us_7_53_status 2"]
    assert following.alarm_at is not None
    assert following.alarm_at - shorter.alarm_at == 14 * DAY
    with pytest.raises(ObligationNotOpen):
        submit(recall, "fda us_7_53_status")

    recall.do("identify_country", country="CA", how_known="Its invoice")
    rows = owed(recall)
    assert rows["unknown other_country"].state == "dropped"
    assert rows["health_canada ca_63_2"].alarm_at is not None


def test_a_signed_no_everywhere_owes_nothing_but_its_records(recall: Company) -> None:
    say_no(recall, "EU", "CN", "US")
    open_now = {name for name, one in owed(recall).items() if one.state == "open"}
    assert open_now == {"br other_action", "unknown other_country"}
