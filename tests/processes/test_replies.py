"""Stories of the hospital's page: what a consignee answers, and what comes of it."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine import clock
from engine.cases import balance, state_checks
from engine.cases.recalls.models import Gate
from engine.cases.replies import drafts, links
from engine.cases.replies.models import NoticeLink, Reply, ReplyDraft, ReplyFinding
from engine.evidence import ledger
from engine.evidence.findings import Result
from engine.people.throttle import FREE_FAILURES
from engine.serials import contacts
from tests.processes.answering import WHO, Hospital, hidden
from tests.processes.company import Company
from tests.processes.conftest import Notify
from tests.support.files import png
from tests.webapp.conftest import Visitor

ROOT = Path(__file__).parents[2]


# --- the way through ---------------------------------------------------------------------------


def test_a_hospital_reads_its_notice_and_answers_for_each_unit(hospital: Hospital) -> None:
    page = hospital.get()
    for words in ("may fail", "run too fast", "Quarantine them.", "+49 89 1234 567", "Apr 1, 2026"):
        assert words in page.text
    assert all(serial in page.text for serial in hospital.serials)

    receipt = hospital.reply(
        **hospital.says("quarantined", "used"), i2="yes", patients_informed="1", replacement="Two"
    )
    [reply] = hospital.replies
    assert reply.number in receipt.text
    assert reply.sha256 in receipt.text
    assert [one["is_done"] for one in reply.instructions] == [False, True, False]
    assert (reply.patients_informed_count, reply.replacement) == (1, "Two")
    assert hospital.account(0) == "confirmed_at_consignee"
    assert hospital.account(1) == "used"
    assert hospital.account(2) == "at_consignee"  # nobody said anything of it
    evidence = f"reply {reply.number}"
    assert hospital.postings(0)[-1] == ("at_consignee", "confirmed_at_consignee", evidence)
    assert hospital.notice.state == "answered"
    assert hospital.findings == set()


def test_what_is_sent_twice_is_one_reply(hospital: Hospital) -> None:
    check = hospital.fill_in(none="yes")
    first = hospital.post("/send", {}, at=check)
    again = hospital.post("/send", {}, at=check)
    assert first.location == again.location
    assert len(hospital.replies) == 1


def test_who_has_none_left_leaves_no_unit_accounted_for(hospital: Hospital) -> None:
    hospital.reply(none="yes")
    assert {hospital.account(n) for n in range(3)} == {"not_found"}
    assert balance.ACCOUNTS["not_found"].is_open  # unknown is never zero


def test_a_later_reply_posts_the_difference_and_keeps_both(hospital: Hospital) -> None:
    hospital.reply(**hospital.says("quarantined"))
    assert 'value="quarantined" selected' in hospital.get("/reply").text
    hospital.reply(**hospital.says("returned"))
    first, second = hospital.replies
    assert second.supersedes_id == first.id
    moves = [to for _, to, _ in hospital.postings(0)]
    assert moves == ["at_consignee", "confirmed_at_consignee", "return_announced"]
    assert hospital.findings == set()  # what was set aside and came back is news, no contradiction
    assert "was changed later" in hospital.get(f"/receipt/{first.version}").text


def test_a_unit_that_is_back_with_us_is_not_moved_by_what_is_said(
    hospital: Hospital, house: Company
) -> None:
    house.receive_return(hospital.serials[0])
    account = hospital.account(0)
    assert account not in ("at_consignee", "used")
    hospital.reply(**hospital.says("used"))
    assert hospital.account(0) == account
    assert hospital.findings == {"with_us"}


def test_who_destroyed_before_the_authority_let_it_be_is_believed_and_looked_into(
    hospital: Hospital, house: Company
) -> None:
    with house.holdfast.database.begin() as db:
        gate = Gate(
            case_id=house.case.id, jurisdiction="EU", what="destruction", rule="inform_first",
            closed_at=house.at,
        )  # fmt: skip
        db.add(gate)
    hospital.reply(**hospital.says("destroyed"))
    assert hospital.account(0) == "destroyed_at_consignee"
    assert hospital.findings == {"destroyed_too_early"}
    hospital.reply(**hospital.says("destroyed", "quarantined"))  # said again, it is no news
    with house.holdfast.database.begin() as db:
        found = select(ReplyFinding.kind).join(Reply, Reply.id == ReplyFinding.reply_id)
        assert len(db.scalars(found.where(Reply.notice_id == hospital.notice_id)).all()) == 1
        gate = db.get_one(Gate, gate.id)  # the company is shared by these stories
        gate.state, gate.opened_at = "opened", house.at


def test_files_come_with_the_reply_and_stay_with_the_case(
    hospital: Hospital, house: Company
) -> None:
    form = hospital.get("/reply")
    typed = {**hidden(form), **WHO, "none": "yes", "files": (io.BytesIO(png(3)), "shelf.png")}
    sent = hospital.ask("POST", "/reply", data=typed)
    check = hospital.get(sent.location)
    assert "shelf.png" in check.text
    hospital.post("/send", {}, at=check)
    [reply] = hospital.replies
    assert [one.id for one in house.documents if one.name == "shelf.png"] == reply.document_ids

    def told(db: Any) -> list[str]:
        result = Result()
        state_checks.check_files(result, db, house.case, ledger.entries(db, house.case.stream))
        return [cause for cause in result.causes if "shelf.png" in cause]

    assert house.reads(told) == []


def test_a_draft_nobody_sends_is_forgotten(hospital: Hospital, house: Company) -> None:
    hospital.fill_in(none="yes")
    drafts.drop_abandoned(house.holdfast.database, at=house.at + timedelta(days=31))
    assert house.reads(lambda db: db.query(ReplyDraft).count()) == 0


def test_a_reply_that_came_by_fax_is_written_down_with_its_scan(
    hospital: Hospital, house: Company
) -> None:
    by = Visitor(hospital.app.test_client())
    place = int(hospital.notice.number[-4:])
    at = f"/recalls/{house.number}/consignees/{place}/replies"
    with clock.at(house.at):
        by.sign_in(house.people.customer_service)
        by.get(f"{at}/new")
        typed = {
            "channel": "fax", "name": "R. Shaw", "role": "Pharmacist", "rest": "quarantined",
            "list.used": hospital.serials[1], "files-file": (io.BytesIO(png(4)), "fax.png"),
        }  # fmt: skip
        assert by.post(f"{at}/new", typed).status_code == 303
        assert hospital.serials[1] in by.get(f"{at}/check").text
        assert by.post(f"{at}/record", {"request_key": f"fax-reply-{place}"}).status_code == 303
        page = by.get(at).text
    [reply] = hospital.replies
    assert (reply.channel, reply.by_id) == ("fax", house.people.customer_service.id)
    assert hospital.account(1) == "used"
    assert hospital.account(2) == "confirmed_at_consignee"
    assert "fax.png" in page
    assert hospital.notice.state == "answered"


def test_no_reply_came_before_its_notice_was_sent(hospital: Hospital, house: Company) -> None:
    by = Visitor(hospital.app.test_client())
    at = f"/recalls/{house.number}/consignees/{int(hospital.notice.number[-4:])}/replies"
    with clock.at(house.at):
        by.sign_in(house.people.customer_service)
        by.get(f"{at}/new")
        early = house.at - timedelta(days=1)
        typed = {
            "channel": "telephone", "name": "R. Shaw", "role": "Pharmacist", "rest": "quarantined",
            "received_at": f"{early:%Y-%m-%dT%H:%M}",
        }  # fmt: skip
        page = by.post(f"{at}/new", typed)
    assert page.status_code == 422
    assert "no reply came before" in page.text


# --- quantities of lots ------------------------------------------------------------------------


def test_a_lot_is_answered_by_quantity(to_new: Notify) -> None:
    hospital = to_new(units=0, quantity=12)
    lot = hospital.lot_id
    hospital.reply(**{f"l{lot}.quarantined": "5", f"l{lot}.used": "4"})
    assert hospital.stock == {"confirmed_at_consignee": 5, "used": 4, "at_consignee": 3}
    hospital.reply(**{f"l{lot}.quarantined": "1", f"l{lot}.returned": "4", f"l{lot}.used": "4"})
    assert hospital.stock == {
        "confirmed_at_consignee": 1, "return_announced": 4, "used": 4, "at_consignee": 3,
    }  # fmt: skip
    assert hospital.findings == set()
    hospital.reply(**{f"l{lot}.quarantined": "6", f"l{lot}.used": "3"})
    assert hospital.findings == {"differs"}
    assert hospital.stock == {"confirmed_at_consignee": 6, "used": 3, "at_consignee": 3}


def test_more_than_was_shipped_is_recorded_and_flagged(to_new: Notify) -> None:
    hospital = to_new(units=0, quantity=12)
    lot = hospital.lot_id
    check = hospital.fill_in(**{f"l{lot}.quarantined": "10", f"l{lot}.used": "5"})
    assert "More than we shipped to you" in check.text
    hospital.post("/send", {}, at=check)
    assert hospital.findings == {"more_than_shipped"}
    assert sum(hospital.stock.values()) == 12  # no more than there is


def test_a_quantity_of_what_is_not_listed_comes_back_as_it_was_sent(hospital: Hospital) -> None:
    hospital.reply(**{"list.returned": "L7 x 12\nL9", **hospital.says("quarantined")})
    assert ">L7 x 12\nL9</textarea>" in hospital.get("/reply").text


def test_a_quantity_that_cannot_be_read_is_asked_about_at_its_box(to_new: Notify) -> None:
    hospital = to_new(units=1, quantity=20_000)
    lot, box = hospital.lot_id, f"LOT-{hospital.serials[0][:-5]}"
    unread = ["L8 x 1e9", "L8 x -3", "L8 x 12,000", "L8 x 0", f"{box} x 0", f"{box} x 12,000",
              "L8 x 9999999999", "A1 - Z9999999999", "X1 - X999999999",
              f"{hospital.serials[0]} x 5"]  # fmt: skip
    form = hospital.fill_in(**{"list.returned": "\n".join(unread)})
    assert form.status_code == 422
    assert form.text.count('class="error" id="e-list.returned"') == len(unread)
    assert all(f">“{text}” " in form.text for text in unread)
    assert "say under Remarks" in form.text
    twice = hospital.fill_in(**{f"l{lot}.used": "12,000"})
    assert "“12,000” can be read in two ways" in twice.text
    plain = f"X001 - X999\n{box} x 20001\nL10 x 5.5\n{hospital.serials[0]} x 1"
    check = hospital.fill_in(**{"list.returned": plain})
    assert "More than we shipped to you" in check.text
    assert f"{box} × 20001, X001 - X999, L10 × 5.5" in check.text


@pytest.mark.parametrize("how", ["link", "telephone"])
def test_what_is_said_of_all_wins_over_what_was_only_filled_in(
    hospital: Hospital, house: Company, how: str
) -> None:
    hospital.reply(**hospital.says("quarantined", "used", "quarantined"))
    u1, u2, u3 = hospital.says("", "", "")
    filled = {u1: "quarantined", u2: "used", u3: "quarantined", "again": "1"}
    typed = {**WHO, **filled, u3: "returned", "rest": "destroyed"}  # one box was changed
    if how == "link":
        assert 'name="again" value="1"' in hospital.get("/reply").text
        hospital.reply(**typed)
        form = hospital.get("/reply").text
    else:
        form = by_telephone(hospital, house, typed)
    assert [hospital.account(n) for n in range(3)] == [
        "destroyed_at_consignee", "destroyed_at_consignee", "return_announced",
    ]  # fmt: skip
    assert form.count(" selected") >= 3  # they differ: each stands in its own box


def by_telephone(hospital: Hospital, house: Company, typed: dict[str, str]) -> str:
    """Write a reply down to the end, and return the form that changes it."""
    by = Visitor(hospital.app.test_client())
    at = f"/recalls/{house.number}/consignees/{int(hospital.notice.number[-4:])}/replies"
    with clock.at(house.at):
        by.sign_in(house.people.customer_service)
        assert 'name="again" value="1"' in by.get(f"{at}/new").text
        assert by.post(f"{at}/new", {**typed, "channel": "telephone"}).status_code == 303
        assert "Destroyed" in by.get(f"{at}/check").text
        key = {"request_key": f"call-{hospital.notice.number}"}
        assert by.post(f"{at}/record", key).status_code == 303
        return by.get(f"{at}/new").text


def test_all_alike_stands_in_the_box_of_all_and_one_that_changes_wins(hospital: Hospital) -> None:
    hospital.reply(rest="quarantined", **{"list.returned": "L7 x 12"})
    form = hospital.get("/reply").text
    assert form.count(" selected") == 1
    [u1, *_] = hospital.says("")
    hospital.reply(rest="quarantined", again="1", **{u1: "used", "list.returned": "L7 x 12"})
    assert [hospital.account(n) for n in range(2)] == ["used", "confirmed_at_consignee"]


def test_having_none_and_all_of_them_asks_which_is_meant(hospital: Hospital) -> None:
    form = hospital.fill_in(none="yes", rest="quarantined")
    assert form.status_code == 422
    assert "Correct one of the two" in form.text


# --- passing on --------------------------------------------------------------------------------


def test_the_wrong_department_passes_it_on_by_a_link_of_its_own(
    hospital: Hospital, house: Company
) -> None:
    for n in range(6):
        named = {"name": "K. Ito", "email": f"ito{n}@hosp.example", "said_by": "Post room"}
        answer = hospital.post("/pass-on", named, at=hospital.get("/pass-on"))
    assert answer.status_code == 422  # a link writes to a few addresses only
    assert {f"ito{n}@hosp.example" for n in range(5)} <= house.mailed("layouts/notice_forwarded")
    own, *colleagues = hospital.links
    assert {one.forwarded_from_id for one in colleagues} == {own.id}
    assert len(colleagues) == 5
    assert hospital.get().status_code == 200  # a wrong address shuts nobody out


def test_a_name_of_several_lines_is_mailed_to_nobody(hospital: Hospital) -> None:
    named = {"name": "K. Ito\r\nBcc: x@y.example", "email": "ito@hosp.example", "said_by": "Post"}
    answer = hospital.post("/pass-on", named, at=hospital.get("/pass-on"))
    assert answer.status_code == 422
    assert len(hospital.links) == 1


def test_a_distributor_informs_its_customers_and_each_answers_for_itself(to_new: Notify) -> None:
    distributor = to_new(is_distributor=True)
    made = distributor.post("/customers", {"name": "R. Shaw"}, at=distributor.get("/customers"))
    token = made.text.split('class="mono">')[1].split("/n/")[1][:43]
    shop = Hospital(distributor.company, distributor.app, distributor.notice_id, token)
    first, second, _ = distributor.serials
    receipts = [
        shop.reply(customer="City Clinic", **{"list.quarantined": serial})
        for serial in (first, second)
    ]
    assert second not in receipts[0].text
    assert len({one.customer_link_id for one in distributor.replies}) == 2  # a name is no identity
    assert distributor.account(0) == "at_consignee"  # anybody may have the link
    assert distributor.notice.state == "sent"  # it has not answered itself
    listed = distributor.get("/customers")
    customer = str(distributor.replies[0].customer_link_id)
    shown = shop.post("/customers/confirm", {"customer": customer}, at=listed)
    assert shown.status_code in (400, 422, 403)  # a customer confirms nobody
    confirmed = distributor.post("/customers/confirm", {"customer": customer}, at=listed)
    assert confirmed.status_code == 303
    assert distributor.account(0) == "confirmed_at_consignee"
    assert distributor.account(1) == "at_consignee"

    distributor.reply(
        **distributor.says("passed_on", "passed_on", "passed_on"),
        passed_on_to="Two clinics", customer_count="2", customer_informed="2",
    )  # fmt: skip
    assert distributor.account(0) == "confirmed_at_consignee"  # as its customer says
    assert distributor.account(2) == "passed_on"
    another = distributor.post("/customers", {"name": "R. Shaw"}, at=distributor.get("/customers"))
    for page in (distributor.get("/customers").text, another.text):
        assert "City Clinic" in page
    assert distributor.replies[-1].customer_informed_count == 2
    assert distributor.findings == set()


# --- what is over, and what nobody may ---------------------------------------------------------


def test_an_expired_link_says_whom_to_call_and_sends_a_new_one(
    hospital: Hospital, house: Company
) -> None:
    house.at += timedelta(days=181)
    over = hospital.get()
    assert over.status_code == 410
    assert "+49 89 1234 567" in over.text
    assert hospital.post("/new-link", {}, at=over).status_code == 422  # a blind POST sends nothing
    assert hospital.post("/new-link", {"name": "R. Shaw"}, at=over).status_code == 422  # no address
    receiver = f"ward{hospital.notice_id}@hosp.example"
    with house.holdfast.database.begin() as db:
        contacts.add_contact(
            db, hospital.notice.party_id, role="recall", name="Ward", channel="email",
            address=receiver, language="en", by=house.people.qa_manager, at=house.at,
        )  # fmt: skip
    assert hospital.post("/new-link", {"name": "R. Shaw"}, at=over).status_code == 200
    assert receiver in house.mailed("layouts/notice_link_anew")


def test_a_revoked_link_opens_nothing(hospital: Hospital, house: Company) -> None:
    with house.holdfast.database.begin() as db:
        links.revoke(db, hospital.links[0].id, by=house.people.qa_manager, at=house.at)
    for page in ("", "/reply", "/list", "/list.csv", "/pass-on", "/receipt/1"):
        assert hospital.get(page).status_code == 410, page


def test_scanners_change_nothing(hospital: Hospital) -> None:
    """A mail scanner opens every address, and some press every button."""
    form = hospital.get("/reply")
    for page in ("", "/list", "/list.csv", "/reply", "/check", "/pass-on", "/receipt/1"):
        for method in ("GET", "HEAD"):
            hospital.ask(method, page)
    for page in ("/reply", "/send", "/pass-on", "/new-link"):
        assert hospital.ask("POST", page).status_code == 400  # no seal
        blind = hospital.post(page, {}, at=form)  # the form as it stands, nothing typed
        assert blind.status_code in (303, 422)
    assert hospital.replies == []
    assert len(hospital.links) == 1
    assert hospital.notice.state == "sent"


def test_an_odd_address_of_a_link_leads_nowhere_and_sets_no_cookie(hospital: Hospital) -> None:
    for method, page, status in (
        ("GET", "/nothing", 404),
        ("GET", "/receipt/99999999999999999999", 404),
        ("POST", "", 405),
        ("PUT", "/list", 405),
        ("DELETE", "/reply", 405),
    ):
        answer = hospital.ask(method, page)
        assert answer.status_code == status, page
        assert "Set-Cookie" not in answer.headers
        assert "tasks" not in answer.text


def test_a_seal_is_for_one_link_and_one_form(hospital: Hospital, to_new: Notify) -> None:
    form = hospital.get("/reply")
    sent = {**hidden(form), **WHO, "none": "yes"}
    assert to_new(units=1).ask("POST", "/reply", data=sent).status_code == 400
    twisted = {**sent, "request_key": "another-key"}
    assert hospital.ask("POST", "/reply", data=twisted).status_code == 400
    assert hospital.ask("POST", "/reply", data=sent).status_code == 303


def test_a_link_shows_its_own_units_only(hospital: Hospital, to_new: Notify) -> None:
    other = to_new(units=1)
    for page in ("", "/list", "/list.csv", "/reply"):
        assert hospital.serials[0] not in other.get(page).text
    hospital.reply(none="yes")
    assert other.get(f"/receipt/{hospital.replies[0].version}").status_code == 404


def test_a_wrong_token_is_counted_and_waits(hospital: Hospital) -> None:
    right, hospital.token = hospital.token, "x" * 43
    answers = [hospital.get().status_code for _ in range(23)]
    assert answers[0] == 404
    assert answers[-1] == 429
    hospital.token = right
    assert hospital.get().status_code == 200  # a stranger locks nobody out


def test_one_link_sends_only_so_much(
    hospital: Hospital, house: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FREE_FAILURES, "sending", 3)
    codes = [hospital.fill_in(none="yes").status_code for _ in range(6)]
    assert codes[0] == 200
    assert codes[-1] == 429


def test_the_token_is_nowhere_kept(hospital: Hospital, house: Company) -> None:
    def rows(db: Any) -> str:
        return " ".join(str(vars(one)) for one in db.query(NoticeLink).all())

    assert hospital.token not in house.reads(rows)


# --- what must not be on it --------------------------------------------------------------------


def test_a_patients_identity_is_warned_of_and_never_blocks(hospital: Hospital) -> None:
    check = hospital.fill_in(none="yes", note="Used on patient John Miller, DOB 3.2.1951")
    assert "patient's identity" in check.text
    assert "Send as it is" in check.text
    hospital.post("/send", {}, at=check)
    [reply] = hospital.replies
    assert reply.warnings == ["birth", "name"]


def test_pages_are_sealed_off(hospital: Hospital) -> None:
    for page in ("", "/reply", "/list", "/pass-on"):
        answer = hospital.get(page)
        assert "script" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert "Set-Cookie" not in answer.headers
        assert "<script" not in answer.text
        assert 'href="http' not in answer.text  # nothing leads elsewhere with the address


@pytest.mark.parametrize(("units", "language"), [(20, "en"), (20, "zh"), (210, "zh")])
def test_a_page_is_at_most_40_kb(to_new: Notify, units: int, language: str) -> None:
    hospital = to_new(units=units, quantity=12 if units > 20 else 0, language=language)
    sheet = len((ROOT / "webapp/static/css/notice.css").read_bytes())
    used = f"{hospital.serials[0]} - {hospital.serials[2]}"
    check = hospital.fill_in(rest="quarantined", note="N" * 400, **{"list.used": used})
    sent = hospital.get(hospital.post("/send", {}, at=check).location)
    for page in (hospital.get(), hospital.get("/reply"), hospital.get("/list"), check, sent):
        assert len(page.data) + sheet <= 40 * 1024


def test_a_hospital_reads_its_own_text_where_the_page_is_not_there_in_its_language(
    to_new: Notify,
) -> None:
    to_new(language="en")  # its jurisdiction has a text in English too
    page = to_new(language="de").get()
    assert '<div lang="de">' in page.text
    assert "Die Pumpe kann ohne Alarm anhalten" in page.text
    assert "What we shipped" in page.text


def test_a_hospital_reads_chinese(to_new: Notify) -> None:
    hospital = to_new(language="zh")
    page = hospital.get()
    assert 'lang="zh-Hans"' in page.text
    assert "What we shipped" not in page.text
    assert "What we shipped" in hospital.get("?lang=en").text
