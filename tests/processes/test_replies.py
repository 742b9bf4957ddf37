"""Stories of the hospital's page: what a consignee answers, and what comes of it."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from engine import clock
from engine.cases import balance
from engine.cases.replies.models import NoticeLink
from tests.processes.answering import WHO, Hospital, hidden, notify, recalled
from tests.processes.company import Company
from tests.support.files import png
from tests.support.web import app_over
from tests.webapp.conftest import Visitor

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(company: Company) -> Flask:
    return app_over(company.holdfast)


@pytest.fixture
def hospital(company: Company, app: Flask) -> Hospital:
    return recalled(company, app)


# --- the way through ---------------------------------------------------------------------------


def test_a_hospital_reads_its_notice_and_answers_for_each_unit(hospital: Hospital) -> None:
    page = hospital.get()
    for words in ("may fail", "run too fast", "Quarantine them.", "P-0002", "+49 89 1234 567"):
        assert words in page.text

    receipt = hospital.reply(
        **{hospital.field("P-0001"): "quarantined", hospital.field("P-0002"): "used"}, i2="yes",
        patients_informed="1", replacement="Two pumps",
    )  # fmt: skip
    [reply] = hospital.replies
    assert reply.number in receipt.text
    assert reply.sha256 in receipt.text
    assert [one["is_done"] for one in reply.instructions] == [False, True, False]
    assert reply.patients_informed_count == 1
    assert hospital.account("P-0001") == "confirmed_at_consignee"
    assert hospital.account("P-0002") == "used"
    assert hospital.account("P-0003") == "in_transit"  # nobody said anything of it
    assert hospital.postings("P-0001")[-1] == (
        "in_transit", "confirmed_at_consignee", f"reply {reply.number}",
    )  # fmt: skip
    assert hospital.notice.state == "answered"
    assert hospital.findings == set()


def test_what_is_sent_twice_is_one_reply(hospital: Hospital) -> None:
    check = hospital.fill_in(rest="", none="yes")
    first = hospital.post("/send", {}, at=check)
    again = hospital.post("/send", {}, at=check)
    assert first.location == again.location
    assert len(hospital.replies) == 1


def test_who_has_none_left_leaves_no_unit_accounted_for(hospital: Hospital) -> None:
    hospital.reply(none="yes")
    assert {hospital.account(f"P-000{n}") for n in (1, 2, 3)} == {"not_found"}
    assert balance.ACCOUNTS["not_found"].is_open  # unknown is never zero


def test_a_later_reply_posts_the_difference_and_keeps_both(
    hospital: Hospital, company: Company
) -> None:
    unit = hospital.field("P-0001")
    hospital.reply(**{unit: "quarantined"})
    form = hospital.get("/reply")
    assert 'value="quarantined" selected' in form.text
    hospital.reply(**{unit: "returned"})
    first, second = hospital.replies
    assert second.supersedes_id == first.id
    assert [to for _, to, _ in hospital.postings("P-0001")][-2:] == [
        "confirmed_at_consignee", "return_announced",
    ]  # fmt: skip
    assert hospital.findings == set()  # what was set aside and came back is news, not a difference
    assert "was changed later" in hospital.get("/receipt/1").text


def test_two_replies_with_different_numbers_are_a_task_for_a_person(
    hospital: Hospital, company: Company
) -> None:
    unit = hospital.field("P-0001")
    hospital.reply(**{unit: "used"})
    hospital.reply(**{unit: "quarantined"})
    assert hospital.account("P-0001") == "confirmed_at_consignee"
    assert hospital.findings == {"differs"}
    company.do("settle_reply", stands="earlier")
    assert hospital.account("P-0001") == "used"
    assert [one.channel for one in hospital.replies] == ["link", "link", "telephone"]
    assert "settle_reply" not in company.waiting_at


def test_a_number_that_is_not_on_the_list_is_recorded_and_looked_into(
    hospital: Hospital, company: Company
) -> None:
    company.make_devices("SENS-9", ["X-1"], shipped=1)  # another recall's, or nobody's
    check = hospital.fill_in(**{"list.quarantined": "P-0001 - P-0002\nX-1\nGHOST-7"})
    assert "Not on your list: X-1, GHOST-7" in check.text
    hospital.post("/send", {}, at=check)
    assert hospital.account("P-0002") == "confirmed_at_consignee"
    assert hospital.findings == {"not_listed"}
    assert "settle_reply" in company.waiting_at


def test_files_come_with_the_reply_and_stay_with_the_case(
    hospital: Hospital, company: Company
) -> None:
    form = hospital.get("/reply")
    typed = {**hidden(form), **WHO, "none": "yes", "files": (io.BytesIO(png(3)), "shelf.png")}
    sent = hospital.ask("POST", "/reply", data=typed)
    check = hospital.get(sent.location)
    assert "shelf.png" in check.text
    hospital.post("/send", {}, at=check)
    [reply] = hospital.replies
    assert [one.id for one in company.documents if one.name == "shelf.png"] == reply.document_ids


def test_a_reply_that_came_by_fax_is_written_down_with_its_scan(
    hospital: Hospital, company: Company
) -> None:
    by = Visitor(hospital.app.test_client())
    at = f"/recalls/{company.number}/consignees/1/replies"
    with clock.at(company.at):
        by.sign_in(company.people.customer_service)
        by.get(f"{at}/new")
        typed = {
            "channel": "fax", "name": "R. Shaw", "role": "Pharmacist", "rest": "quarantined",
            "list.used": "P-0002", "files-file": (io.BytesIO(png(4)), "fax.png"),
        }  # fmt: skip
        assert by.post(f"{at}/new", typed).status_code == 303
        assert "P-0002" in by.get(f"{at}/check").text
        assert by.post(f"{at}/record", {"request_key": "one-fax-1"}).status_code == 303
        page = by.get(at).text
    [reply] = hospital.replies
    assert (reply.channel, reply.by_id) == ("fax", company.people.customer_service.id)
    assert hospital.account("P-0002") == "used"
    assert hospital.account("P-0003") == "confirmed_at_consignee"
    assert "fax.png" in page
    assert hospital.notice.state == "answered"


# --- quantities of lots ------------------------------------------------------------------------


def of_lot(company: Company, app: Flask) -> tuple[Hospital, int]:
    lot = company.make_lot("S-1", 40, shipped=12)
    company.report("S-1")
    company.do("triage")
    return notify(company, app), lot


def test_a_lot_is_answered_by_quantity(company: Company, app: Flask) -> None:
    hospital, lot = of_lot(company, app)
    hospital.reply(**{f"l{lot}.quarantined": "5", f"l{lot}.used": "4"})
    totals = company.totals
    assert totals["confirmed_at_consignee"] == 5
    assert totals["used"] == 4
    assert totals["in_transit"] == 3


def test_more_than_was_shipped_is_recorded_and_flagged(company: Company, app: Flask) -> None:
    hospital, lot = of_lot(company, app)
    check = hospital.fill_in(**{f"l{lot}.quarantined": "10", f"l{lot}.used": "5"})
    assert "More than we shipped to you: lot S-1" in check.text
    hospital.post("/send", {}, at=check)
    assert hospital.findings == {"more_than_shipped"}
    totals = company.totals
    assert totals["confirmed_at_consignee"] + totals["used"] == 12  # no more than there is
    assert totals["held"] == 28


def test_a_second_count_of_a_lot_moves_only_what_changed(company: Company, app: Flask) -> None:
    hospital, lot = of_lot(company, app)
    hospital.reply(**{f"l{lot}.quarantined": "12"})
    hospital.reply(**{f"l{lot}.quarantined": "4", f"l{lot}.returned": "8"})
    assert company.totals["return_announced"] == 8
    assert hospital.findings == set()
    hospital.reply(**{f"l{lot}.quarantined": "6", f"l{lot}.returned": "6"})
    assert hospital.findings == {"differs"}


# --- passing on --------------------------------------------------------------------------------


def test_the_wrong_department_passes_it_on_by_a_link_of_its_own(
    hospital: Hospital, company: Company
) -> None:
    named = {"name": "K. Ito", "email": "ito@hosp.example", "said_by": "Post room"}
    answer = hospital.post("/pass-on", named, at=hospital.get("/pass-on"))
    assert "ito@hosp.example" in answer.text
    assert company.mailed("layouts/notice_forwarded") == {"ito@hosp.example"}
    own, colleague = hospital.links
    assert colleague.forwarded_from_id == own.id
    assert hospital.get().status_code == 200  # a wrong address shuts nobody out


def test_a_link_writes_to_a_few_addresses_only(hospital: Hospital) -> None:
    for n in range(6):
        named = {"name": "A", "email": f"a{n}@x.example", "said_by": "B"}
        answer = hospital.post("/pass-on", named, at=hospital.get("/pass-on"))
    assert answer.status_code == 422
    assert len(hospital.links) == 6


def test_a_distributor_informs_its_customers_and_each_answers_for_itself(
    company: Company, app: Flask
) -> None:
    distributor = recalled(company, app, is_distributor=True)
    made = distributor.post("/customers", {"name": "R. Shaw"}, at=distributor.get("/customers"))
    token = made.text.split("/n/")[1][:43] if "readonly" not in made.text else ""
    token = token or made.text.split('class="mono">')[1].split("/n/")[1][:43]
    shop = Hospital(company, app, distributor.notice_id, token)
    receipts = [
        shop.reply(customer=name, **{"list.quarantined": serial})
        for name, serial in (("City Clinic", "P-0001"), ("City Clinic", "P-0002"))
    ]
    assert distributor.account("P-0001") == "confirmed_at_consignee"
    assert len({one.customer_link_id for one in distributor.replies}) == 2  # a name is no identity
    assert all("P-0002" not in receipts[0].text for _ in "x")
    assert distributor.notice.state == "sent"  # it has not answered itself

    distributor.reply(
        **{distributor.field(f"P-000{n}"): "passed_on" for n in (1, 2, 3)},
        passed_on_to="Two clinics", customer_count="2", customer_informed="2",
    )  # fmt: skip
    assert distributor.account("P-0001") == "confirmed_at_consignee"  # as its customer says
    assert distributor.account("P-0003") == "passed_on"
    assert "City Clinic" in distributor.get("/customers").text
    assert distributor.replies[-1].customer_informed_count == 2


# --- what is over, and what nobody may ---------------------------------------------------------


def test_an_expired_link_says_whom_to_call_and_sends_a_new_one(
    hospital: Hospital, company: Company
) -> None:
    company.at += timedelta(days=181)
    over = hospital.get()
    assert over.status_code == 410
    assert "+49 89 1234 567" in over.text
    refused = hospital.post("/new-link", {}, at=over)
    assert refused.status_code == 422  # a blind POST sends nothing
    assert hospital.post("/new-link", {"name": "R. Shaw"}, at=over).status_code == 422  # no address
    _give_address(hospital)
    assert hospital.post("/new-link", {"name": "R. Shaw"}, at=over).status_code == 200
    assert company.mailed("layouts/notice_link_anew") == {"ward@hosp.example"}


def _give_address(hospital: Hospital) -> None:
    from engine.serials import contacts

    company = hospital.company
    with company.holdfast.database.begin() as db:
        contacts.add_contact(
            db, company.places["HOSP_party"], role="recall", name="Ward", channel="email",
            address="ward@hosp.example", language="en", by=company.people.qa_manager, at=company.at,
        )  # fmt: skip


def test_a_revoked_link_opens_nothing(hospital: Hospital, company: Company) -> None:
    from engine.cases.replies import links

    with company.holdfast.database.begin() as db:
        links.revoke(db, hospital.links[0].id, by=company.people.qa_manager, at=company.at)
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


def test_a_seal_is_for_one_link_and_one_form(hospital: Hospital, app: Flask) -> None:
    other = notify(hospital.company, app, number=2, party="LAB_party")
    form = hospital.get("/reply")
    elsewhere = other.ask("POST", "/reply", data={**hidden(form), **WHO, "none": "yes"})
    assert elsewhere.status_code == 400
    twisted = {**hidden(form), **WHO, "none": "yes", "request_key": "another-key"}
    assert hospital.ask("POST", "/reply", data=twisted).status_code == 400


def test_a_link_shows_and_answers_its_own_units_only(hospital: Hospital, app: Flask) -> None:
    other = notify(hospital.company, app, number=2, party="LAB_party")
    for page in ("", "/list", "/list.csv", "/reply"):
        assert "P-0001" not in other.get(page).text
    receipt = hospital.reply(none="yes")
    assert receipt.status_code == 200
    assert other.get("/receipt/1").status_code == 404
    other.reply(**{"list.used": "P-0001"})
    assert hospital.account("P-0001") == "not_found"  # as the hospital said, which it lies with


def test_a_wrong_token_is_counted_and_waits(hospital: Hospital) -> None:
    right, hospital.token = hospital.token, "x" * 43
    answers = [hospital.get().status_code for _ in range(25)]
    assert answers[0] == 404
    assert answers[-1] == 429
    hospital.token = right
    assert hospital.get().status_code == 200  # a stranger locks nobody out


def test_one_link_sends_only_so_much(hospital: Hospital) -> None:
    codes = [hospital.fill_in(none="yes").status_code for _ in range(63)]
    assert codes[0] == 200
    assert codes[-1] == 429


def test_the_token_is_nowhere_kept(hospital: Hospital, company: Company) -> None:
    def rows(db: object) -> str:
        links = db.query(NoticeLink).all()  # type: ignore[attr-defined]
        return " ".join(str(vars(one)) for one in links)

    assert hospital.token not in company.reads(rows)


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


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("count", [20, 400])
def test_a_page_is_at_most_40_kb(company: Company, app: Flask, count: int, language: str) -> None:
    hospital = recalled(company, app, units=count, language=language)
    sheet = len((ROOT / "webapp/static/css/notice.css").read_bytes())
    typed = {"rest": "quarantined", "list.used": "P-0001 - P-0003", "note": "N" * 400}
    check = hospital.fill_in(**typed)
    sent = hospital.get(hospital.post("/send", {}, at=check).location)
    for page in (hospital.get(), hospital.get("/reply"), hospital.get("/list"), check, sent):
        assert len(page.data) + sheet <= 40 * 1024


def test_a_hospital_reads_chinese(company: Company, app: Flask) -> None:
    hospital = recalled(company, app, language="zh")
    page = hospital.get()
    assert 'lang="zh-Hans"' in page.text
    assert "What we shipped" not in page.text
    assert "What we shipped" in hospital.get("?lang=en").text
