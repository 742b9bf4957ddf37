"""Stories of notices: the letter that goes out, and who does not answer."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.bpmn.models import Instance
from engine.cases import facts, scopes
from engine.cases.models import Case
from engine.cases.notices import outreach, sending, sent
from engine.cases.notices.models import LetterRun, Notice, NoticeLetter, NoticeText
from engine.evidence import jws
from engine.evidence.ledger import LedgerEntry
from engine.outbox import Outgoing
from tests.processes.company import Company
from tests.processes.noticing import Notices


@pytest.fixture
def notices(company: Company) -> Notices:
    return Notices(company)


def test_a_letter_goes_out_when_both_have_signed_its_text_and_it_is_released(
    company: Company, notices: Notices
) -> None:
    notices.open({"MERCY": ["P-1", "P-2"]})
    assert company.waiting_at >= {"draft_text"}
    notices.approve(until_released=False)
    assert notices.all(NoticeLetter) == []
    assert notices.of("MERCY").state == "open"

    company.do("release_letters")
    notices.work()

    letter = notices.all(NoticeLetter)[0]
    notice = notices.of("MERCY")
    assert (letter.state, letter.channel, letter.address) == (
        "stored", "mail", "stores@mercy.example",
    )  # fmt: skip
    assert (notice.state, notice.first_sent_at) == ("sent", company.at)
    mail = company.reads(
        lambda db: db.scalars(select(Outgoing).where(Outgoing.key == letter.outgoing_key)).one()
    )
    raw = company.holdfast.documents.open(mail.sent_sha256)
    assert b"URGENT: MEDICAL DEVICE RECALL" in raw
    assert raw.count(b"Content-Disposition: attachment") == 3
    payload = jws.verified(
        company.holdfast.documents.open(letter.jws_sha256).decode(),
        company.holdfast.database.info["seal"].certificates,
    )
    assert [one["serial"] for one in payload["units"]] == ["P-1", "P-2"]
    initiated = company.reads(
        lambda db: facts.latest(db, company.case, "initiation", jurisdiction="US")
    )
    assert initiated is not None
    entry = company.reads(
        lambda db: db.scalars(
            select(LedgerEntry).where(LedgerEntry.action == "letters_stored")
        ).one()
    )
    assert letter.pdf_sha256 in entry.content


def test_a_consignee_whose_language_is_missing_is_sent_nothing(
    company: Company, notices: Notices
) -> None:
    notices.open({"RENHE": ["P-1"], "ALSTER": ["P-2"]})
    assert {(one.jurisdiction, one.language) for one in notices.all(NoticeText)} == {("CN", "zh")}
    assert "verify_translation" not in company.waiting_at
    notices.approve()
    sent_to = {one.notice_id for one in notices.all(NoticeLetter)}
    assert sent_to == {notices.of("RENHE").id}
    assert notices.of("ALSTER").state == "open"


def test_who_never_answers_is_tried_three_times_and_then_settled_with_a_signature(
    company: Company, notices: Notices
) -> None:
    notices.open({"MERCY": ["P-1"]})
    notices.approve()
    for attempt in (1, 2, 3):
        assert "reach_consignee" not in company.waiting_at
        company.later(days=3)
        company.do(
            "reach_consignee", tried_at={"local": f"{company.at:%Y-%m-%dT%H:%M}", "zone": "UTC"}
        )
        notice = notices.of("MERCY")
        where = notice.case_id, notice.party_id
        tried = company.reads(lambda db, where=where: outreach.attempts_of(db, *where))
        assert len(tried) == attempt
    assert notices.of("MERCY").state == "escalated"
    company.do("settle_without_reply")
    notice = notices.of("MERCY")
    assert (notice.state, notice.closed_at) == ("closed", company.at)
    ended = company.reads(lambda db: db.get_one(Instance, notice.instance_id).status)
    assert ended == "completed"


def test_a_reply_ends_the_notice_wherever_it_stands(company: Company, notices: Notices) -> None:
    notices.open({"MERCY": ["P-1"], "STGOAR": ["P-2"], "RENHE": ["P-3"]})
    notices.reply("STGOAR")  # before any letter went out
    for task in company.open_tasks_at("draft_text"):
        company.do("draft_text", task=task)
    for element in ("verify_translation", "approve_text_regulatory", "approve_text_medical"):
        for task in company.open_tasks_at(element):
            company.do(element, task=task)
    for task in company.open_tasks_at("release_letters"):
        company.do("release_letters", task=task)
    notices.work()
    notices.reply("RENHE")  # while it is waited for
    company.later(days=3)
    notices.reply("MERCY")  # while somebody tries to reach it
    assert "reach_consignee" not in company.waiting_at
    ended = company.reads(
        lambda db: [db.get_one(Instance, one.instance_id).status for one in notices.all(Notice)]
    )
    assert ended == ["completed"] * 3


def test_a_wider_scope_tells_each_consignee_what_was_added_for_it(
    company: Company, notices: Notices
) -> None:
    notices.open({"MERCY": ["P-1"]})
    notices.approve()
    company.make_devices("SENS-2", ["P-9"])
    notices.ship("MERCY", ["P-9"])
    how = {"by": company.people.qa_manager, "at": company.at}
    with company.holdfast.database.begin() as db:
        case = db.get_one(Case, company.case.id)
        before = scopes.standing(db, case)
        wider = scopes.propose(db, case, "SENS-1 or SENS-2", reason="same supplier", **how)
        after = scopes.freeze(db, case, wider, is_provisional=False, **how).version
        assert before is not None
        assert sending.send_differences(db, case, before, after, **how) == 1
    notices.work()
    first, second = notices.all(NoticeLetter)
    assert second.change == {"added": ["P-9"], "cleared": []}
    assert (second.state, second.supersedes_id) == ("stored", first.id)
    assert first.change is None


def test_a_letter_without_an_address_is_printed_posted_and_handed_over(
    company: Company, notices: Notices
) -> None:
    notices.open({"STGOAR": ["P-1"]})
    notices.approve()
    letter = notices.all(NoticeLetter)[0]
    assert (letter.channel, letter.sent_at) == ("print", None)
    clerk = company.people.customer_service
    with company.holdfast.database.begin() as db:
        sent.post(db, letter.id, courier="DHL", number="JD01", by=clerk, at=company.at)
    assert notices.of("STGOAR").state == "sent"
    company.at += timedelta(days=1)
    with company.holdfast.database.begin() as db:
        sent.came_back(db, letter.id, why="moved away", by=clerk, at=company.at)
    assert "reach_consignee" in company.waiting_at


def test_a_drill_has_no_way_out(company: Company, notices: Notices) -> None:
    notices.open({"MERCY": ["P-1"]}, is_drill=True)
    notices.approve()
    letter = notices.all(NoticeLetter)[0]
    assert (letter.state, letter.channel, letter.outgoing_key) == ("stored", None, None)
    assert notices.of("MERCY").state == "sent"
    assert company.mailed("layouts/consignee_letter") == set()


def test_a_run_is_paused_goes_on_and_prints_again_what_failed(
    company: Company, notices: Notices
) -> None:
    notices.open({"MERCY": ["P-1"]})
    notices.approve(until_released=False)
    company.do("release_letters")
    run = notices.all(LetterRun)[0]
    people = company.people

    def steer(verb: Any) -> Any:
        with company.holdfast.database.begin() as db:
            return verb(db, run.id, by=people.regulatory_affairs, at=company.at)

    steer(sending.pause)
    notices.work()
    assert notices.all(NoticeLetter)[0].state == "waiting"
    with company.holdfast.database.begin() as db:  # a glyph that no font has
        text = db.scalars(select(NoticeText)).one()
        text.words = {**text.words, "headline": "\U0001f9ff\ue000"}
    steer(sending.resume)
    notices.work()
    failed = notices.all(NoticeLetter)[0]
    assert (failed.state, failed.sent_at) == ("failed", None)
    with company.holdfast.database.begin() as db:
        text = db.scalars(select(NoticeText)).one()
        text.words = {**text.words, "headline": "Flow may stop"}
    assert steer(sending.retry_failed) == 1
    notices.work()
    assert notices.all(NoticeLetter)[0].state == "stored"
    assert notices.all(LetterRun)[0].ended_at is not None


def test_a_country_that_is_held_back_waits_and_the_others_go_out(
    company: Company, notices: Notices
) -> None:
    notices.open({"MERCY": ["P-1"], "RENHE": ["P-2"]}, undecided=["US"])
    for element in (
        "draft_text", "verify_translation", "approve_text_regulatory", "approve_text_medical",
        "release_letters",
    ):  # fmt: skip
        for task in company.open_tasks_at(element):
            company.do(element, task=task)
    notices.work()
    assert (notices.of("RENHE").state, notices.of("MERCY").state) == ("sent", "open")
    with company.holdfast.database.begin() as db:
        case = db.get_one(Case, company.case.id)
        notices.decide(db, case, "US")
        assert sending.send_due(db, case, by=None, at=company.at) == 1
    notices.work()
    assert notices.of("MERCY").state == "sent"
