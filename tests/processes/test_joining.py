"""Stories of two recalls that become one, and of one that another replaces."""

import json
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from engine.bpmn.models import Instance
from engine.cases import scopes, verifying
from engine.cases.balance import ACCOUNTS, totals
from engine.cases.models import Case
from engine.cases.notices.models import Notice, NoticeLetter
from engine.cases.recalls import joining, succession
from engine.cases.recalls.ending_record import LAYOUT
from engine.cases.recalls.joining import BeingJoined, NotContainedYet, NotTogether, NotWider
from engine.cases.recalls.succession import GoesOnElsewhere
from engine.cases.replies import links
from engine.evidence.documents import Document
from engine.evidence.sealing import seal_document
from engine.jobs import Job
from tests.processes.company import Company
from tests.processes.joining import WHY, join
from tests.processes.recalling import (
    TEXT,
    add_hospital,
    answer_notices,
    approve_strategy,
    contain,
    decide_jurisdictions,
    deliver,
    report_signal,
    to_decision,
    work,
)
from tests.processes.reported import Events
from tests.processes.visiting import visiting


def two_recalls(company: Company) -> tuple[str, str]:
    """Give a recall whose one hospital has answered, and a second for another lot of the cause."""
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3"])
    company.make_devices("SENS-2", ["Q-1", "Q-2"])
    add_hospital(company, "SUZHOU", "CN")
    add_hospital(company, "WUXI", "CN")
    deliver(company, "SUZHOU", "P-1", "P-2")
    deliver(company, "WUXI", "Q-1")
    ends = to_decision(company, "SENS-1")
    decide_jurisdictions(company)
    approve_strategy(company)
    work(company)
    with company.holdfast.database.begin() as db:  # as when its letter went out
        db.execute(update(Notice).values(first_sent_at=company.at, state="sent"))
    answer_notices(company, "SUZHOU")
    stays = to_decision(company, "SENS-2")
    decide_jurisdictions(company)
    approve_strategy(company)
    work(company)
    return ends, stays


def case_of(company: Company, number: str) -> Case:
    return company.reads(lambda db: db.scalars(select(Case).where(Case.number == number)).one())


def _leaves_a_record_of_its_own(company: Company, other: Case, *, into: str) -> None:
    """See the ended recall's record sealed: who decided what, where all lay, where it goes on."""
    query = select(Document).where(Document.stream == other.stream, Document.kind == LAYOUT)
    with company.holdfast.database.begin() as db:
        document = db.scalars(query).one()
        jobs = db.scalars(select(Job).where(Job.name == "seal_document"))
        seal_document(db, next(one for one in jobs if one.body["document_id"] == document.id))
    document = company.reads(lambda db: db.scalars(query).one())
    assert document.state == "sealed"
    record = json.loads(document.record or "")
    goes_on, told = record["sections"][0]["rows"], json.dumps(record["sections"])
    assert [into in goes_on[1][1], WHY in goes_on[2][1]] == [True, True]
    lay, signer = ACCOUNTS["confirmed_at_consignee"].label, company.people.executive.printed_name
    for what in (lay, signer, "Signatures in this case", "Strategy of the recall"):
        assert what in told, what
    files = select(Document.name).where(Document.id.in_(document.attached_ids or ()))
    names = company.reads(lambda db: db.scalars(files).all())
    assert f"{other.number} balance.csv" in names


def _put_right_the_awareness(company: Company, number: str) -> datetime:
    """Have a recall be known from a slip on, and corrected; return when it was known of."""
    number, company.number = company.number, number
    events = Events(company)
    known = events.awareness()
    event = events.record(aware_at=known - timedelta(days=300))
    events.link(event)
    events.take_away(event)
    events.put_right(known)
    company.number = number
    return known


def letters_to(company: Company, hospital: str) -> list[NoticeLetter]:
    sent = (
        select(NoticeLetter)
        .join(Notice, Notice.id == NoticeLetter.notice_id)
        .where(Notice.party_id == company.places[f"{hospital}_party"])
    )
    return company.reads(lambda db: list(db.scalars(sent.order_by(NoticeLetter.id))))


def test_merged_recalls_count_each_unit_once_and_tell_each_consignee_once(
    company: Company,
) -> None:
    ends, stays = two_recalls(company)
    with company.holdfast.database.begin() as db:
        notice = db.scalars(select(Notice).where(Notice.number == f"{ends}/N-0001")).one()
        token = links.new_token()
        links.issue(db, notice.id, token, at=company.at)
    known = _put_right_the_awareness(company, ends)
    join(company, ends, stays)
    assert Events(company).awareness() == known, "a merger takes the corrected one"
    work(company)
    other = case_of(company, ends)
    assert other.state == "closed"
    assert set(company.reads(lambda db: totals(db, other.id))) == {"transferred_to_recall"}
    assert company.totals["confirmed_at_consignee"] == 2  # as the hospital said to the other
    assert sum(company.totals.values()) == 200  # the sensors and pumps of both lots, once
    _leaves_a_record_of_its_own(company, other, into=stays)
    assert not company.may_ship("P-3")

    for element in TEXT:
        for task in company.open_tasks_at(element):
            company.do(element, task=task)
    assert letters_to(company, "SUZHOU") == []  # it knows all of it from the other
    assert len(letters_to(company, "WUXI")) == 1
    [old, new] = company.reads(
        lambda db: list(
            db.scalars(
                select(Notice)
                .where(Notice.party_id == company.places["SUZHOU_party"])
                .order_by(Notice.id)
            )
        )
    )
    assert old.continued_by_id == new.id
    assert (new.state, new.answered_at) == ("answered", old.answered_at)
    answering = company.reads(lambda db: links.find(db, token))
    assert answering is not None
    assert (answering.notice.id, answering.case.number) == (new.id, stays)
    running = select(Instance.business_key).where(
        Instance.ended_at.is_(None), Instance.business_key.startswith(ends)
    )
    assert not company.reads(lambda db: db.scalars(running).all())
    for number in (ends, stays):
        found = company.reads(lambda db, n=number: verifying.verify_case(db, f"case:{n}"))
        assert found.holds, found.causes


def narrow_and_wide(company: Company) -> tuple[str, str]:
    """Give a recall of two pumps that waits for a hospital, and one of their whole sensor lot."""
    company.make_devices("SENS-1", ["P-1", "P-2", "P-3"])
    add_hospital(company, "SUZHOU", "CN")
    deliver(company, "SUZHOU", "P-1")
    ends = to_decision(company, "P-1 P-2")
    decide_jurisdictions(company)
    approve_strategy(company)
    work(company)
    return ends, report_signal(company, "SENS-1")


def test_a_superseded_recall_goes_on_in_one_that_names_all_of_it(company: Company) -> None:
    ends, stays = narrow_and_wide(company)
    with pytest.raises(NotContainedYet):
        join(company, ends, stays, "superseded")
    contain(company, "SENS-1")
    join(company, ends, stays, "superseded")
    assert company.totals == {"held": 99, "at_consignee": 1}
    assert case_of(company, ends).state == "closed"
    assert not company.may_ship("P-2")
    company.number = ends
    answer_notices(company, "SUZHOU")  # what a late reply says counts where the recall goes on
    company.number = stays
    assert company.totals["confirmed_at_consignee"] == 1
    with pytest.raises(GoesOnElsewhere):
        join(company, ends, stays)


def test_a_recall_is_superseded_by_a_wider_one_only_and_merged_with_its_like(
    company: Company, app: Flask
) -> None:
    company.make_devices("SENS-1", ["P-1", "P-2"])
    company.make_devices("SENS-2", ["Q-1"])
    numbers = []
    for scope, is_drill in (("SENS-1", False), ("P-1 Q-1", False), ("P-2", True)):
        numbers.append(report_signal(company, scope, is_drill=is_drill))
        contain(company, scope)
    with pytest.raises(NotWider, match="units 1, lots 0"):
        join(company, numbers[1], numbers[0], "superseded")
    with pytest.raises(NotTogether):
        join(company, numbers[2], numbers[0])
    with visiting(company, app, company.people.qa_manager) as visitor:
        asked = {"into": numbers[0], "kind": "merged", "reason": WHY}
        sent = visitor.post(
            f"/recalls/{numbers[1]}/join", {**asked, "request_key": company.new_key()}
        )
        page = visitor.get(sent.location).text
    assert "nobody else is asked first" in page
    assert ".000000" not in page
    join(company, numbers[1], numbers[0])
    standing = company.reads(lambda db: scopes.standing(db, company.case))
    assert standing.number == 3
    assert company.reads(lambda db: succession.earlier(db, company.case.id)) == [2]


def test_a_large_recall_ends_in_another_by_a_job_that_checks_again(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "MANY", 1)
    company.make_devices("SENS-1", ["P-1", "P-2"])
    numbers = []
    for scope in ("SENS-1", "P-1"):
        numbers.append(report_signal(company, scope))
        contain(company, scope)
    wide, narrow = numbers
    join(company, narrow, wide, "superseded")
    assert case_of(company, narrow).state == "open"
    with pytest.raises(BeingJoined):
        join(company, narrow, wide)
    only = scopes_frozen(company, wide, "P-2")  # meanwhile the wider one is narrowed
    company.holdfast.run_jobs()
    assert case_of(company, narrow).state == "open"
    ended = case_of(company, narrow)
    problem = company.reads(lambda db: joining.why_not_joined(db, ended))
    assert problem is not None
    assert "units 1, lots 0" in str(problem)
    assert not company.may_ship("P-1")

    join(company, narrow, wide)
    company.holdfast.run_jobs()
    assert case_of(company, narrow).state == "closed"
    standing = company.reads(lambda db: scopes.standing(db, company.case))
    assert standing.number == only + 1
    assert not company.may_ship("P-1")
    assert company.reads(lambda db: joining.under_way(db, narrow)) is None
    for number in numbers:  # the signature that came to nothing stands beside the one that did
        found = company.reads(lambda db, n=number: verifying.verify_case(db, f"case:{n}"))
        assert found.holds, found.causes


def scopes_frozen(company: Company, number: str, text: str) -> int:
    with company.holdfast.database.begin() as db:
        case = db.scalars(select(Case).where(Case.number == number)).one()
        version = scopes.propose(db, case, text, reason="less", by=None, at=company.at)
        scopes.freeze(db, case, version, by=None, at=company.at, is_provisional=False)
        return version.number
