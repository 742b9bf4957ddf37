"""The pages of reported events: entered, checked, linked, decided on and signed."""

import re
from datetime import timedelta
from html import unescape

from flask import Flask

from engine.regulators.reportability import reporting
from tests.processes import recalling
from tests.processes.company import Company
from tests.processes.reported import Events
from tests.processes.visiting import enter, visiting
from tests.support.personas import PASSWORD
from tests.webapp.conftest import Visitor


def typed(company: Company, **own: str) -> dict[str, str]:
    return {
        "complaint_number": "CMP-7", "number_of": "ours", "device_name": "Pump",
        "received_on": f"{company.at:%Y-%m-%d}", "identification": "E-1",
        "what_happened": "It stopped. Patient Maria Sommer fell asleep.", "outcome": "death",
        "country": "US", "aware_at": f"{company.at:%Y-%m-%dT%H:%M}", "aware_by": "Nina Berg",
        "aware_how": "by phone", **own,
    }  # fmt: skip


def hidden(page: str, name: str) -> str:
    """Return what a hidden field of a page carries."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"there is no {name} on the page"
    return unescape(found[1])


def own_key(**form: str) -> dict[str, str]:
    """Return what a form sends under a key of its own."""
    return {**form, "request_key": f"key-of-{sorted(form.items())}"}


def checked(visitor: Visitor, address: str) -> dict[str, str]:
    page = visitor.get(address).text
    return {"checked": hidden(page, "checked")}


def test_an_event_is_typed_checked_and_recorded_for_the_case_it_began_at(
    company: Company, app: Flask, events: Events
) -> None:
    company.make_devices("SENS-E", ["E-1"])
    number = recalling.report_signal(company, "SENS-E")
    with visiting(company, app, company.people.complaint_handler) as visitor:
        new = f"/reported-events/new?case={number}"
        assert f"You began it at {number}" in visitor.get(new).text
        wrong = visitor.post(new, typed(company, outcome="", country="XX"))
        assert wrong.status_code == 422
        assert "Choose the outcome" in wrong.text
        sent = visitor.post(new, typed(company, outcome="death"))
        assert sent.location == f"/reported-events/new/check?case={number}"
        assert "CMP-7" not in visitor.get("/reported-events/new").text, "it is of that case alone"
        shown = visitor.get(sent.location).text
        assert "· E-1</b>" in shown
        assert "a patient&#39;s name" in shown
        assert "The awareness of the case" in shown
        record = f"/reported-events/new/record?case={number}"
        other = visitor.post(record, {"checked": "another", "feeds": number})
        assert other.location == sent.location, "only what was checked is recorded"

        form = {**checked(visitor, sent.location), "feeds": number}
        saved = visitor.post(record, form)

        page = visitor.get(saved.location).text
        assert saved.location == "/reported-events/RE-2026-0001"
        assert number in page
        assert "A patient's identity was warned of" in page
        shown = " ".join(page.split())
        assert "Runs as if reportable: MDR, 30-day report, due by 2026-04-01 23:59 GMT-4" in shown
        assert "day 0 not counted · 30 calendar days → 2026-04-01 · Wednesday" in shown
        overview = visitor.get(f"/recalls/{number}").text
        assert "RE-2026-0001" in overview
        listed = visitor.get("/reported-events?show=undecided&outcome=death&country=US&text=cmp")
        assert "RE-2026-0001" in listed.text
        assert "RE-2026-0001" not in visitor.get("/reported-events?show=unlinked").text
        assert "RE-2026-0001" in visitor.get("/reported-events/events.csv").text
        assert visitor.get("/search?q=re-2026-0001").location == saved.location
        unit_id = company.unit("E-1").id
        assert "RE-2026-0001" in visitor.get(f"/units-and-lots/units/{unit_id}").text
        assert "RE-2026-0001" in visitor.get(f"/reported-events?unit={unit_id}").text
        assert "RE-2026-0001" not in visitor.get(f"/reported-events?unit={unit_id + 99}").text
        twice = visitor.post(record, form)
        assert twice.location == saved.location, "sent twice it is one"
        visitor.post("/reported-events/new", typed(company))
        assert "is on record already" in visitor.get("/reported-events/new/check").text


def test_a_correction_of_a_corrected_event_is_told_what_changed_and_refused(
    company: Company, app: Flask, events: Events
) -> None:
    event = events.record()
    at = f"/reported-events/{event.number}/correct"
    with visiting(company, app, company.people.complaint_handler) as visitor:
        mine = typed(company, identification="", version="1", reason="misheard", country="DE")
        assert visitor.post(at, {**mine, "reason": ""}).status_code == 422
        assert visitor.post(at, mine).location == f"{at}/check"
        form = checked(visitor, f"{at}/check")
        events.correct(event, country="FR")

        refused = visitor.post(f"{at}/record", form)

        assert refused.status_code == 409
        assert "it is version 2 now" in refused.text
        again = visitor.get(at).text
        assert "was corrected since: it is version 2 now" in again
        assert hidden(again, "version") == "2"
        visitor.post(at, {**mine, "version": "2"})
        done = visitor.post(f"{at}/record", checked(visitor, f"{at}/check"))
        page = visitor.get(done.location).text
        assert "<del>France</del>" in page
        assert "<ins>Germany</ins>" in page


def test_links_are_made_and_taken_away_on_the_pages_of_event_and_case(
    company: Company, app: Flask, events: Events
) -> None:
    event = events.record()
    number = recalling.report_signal(company, "x")
    of_event, of_case = f"/reported-events/{event.number}", f"/nonconformances/{number}"
    with visiting(company, app, company.people.qa_engineer) as visitor:
        unknown = visitor.post(f"{of_case}/reported-events", own_key(events="RE-1999-0001"))
        assert unknown.status_code == 422
        assert "There is no reported event RE-1999-0001" in unknown.text
        visitor.post(f"{of_case}/reported-events", own_key(events=f"{event.number},"))
        assert event.number in visitor.get(f"{of_case}/reported-events").text
        why = visitor.post(f"{of_event}/cases/{number}/end", own_key(reason=""))
        assert "Write why it does not belong to this case" in why.text
        visitor.post(f"{of_event}/cases/{number}/end", own_key(reason="Another device."))
        assert "Another device." in visitor.get(of_event).text
        visitor.post(f"{of_event}/cases", own_key(case=number.lower()))
        assert event.number in visitor.get(f"{of_case}/history").text
        begun = visitor.get(f"/recalls/signal?reported_event={event.number}").text
        assert f'value="{event.number}"' in begun
        assert "The pump stopped without an alarm." in begun
        begun = visitor.get(f"/report?reported_event={event.number}").text
        assert f'value="{event.number}"' in begun


def test_regulatory_affairs_answers_the_questions_and_signs(
    company: Company, app: Flask, events: Events
) -> None:
    event = events.record(country="US")
    at = f"/reported-events/{event.number}/reportability/US"
    answers = {"answer.caused": "no", "answer.malfunction": "yes", "answer.remedial": "no",
               "answer.judged_not": "no", "answer.erroneous": "no"}  # fmt: skip
    with visiting(company, app, company.people.qa_manager) as visitor:
        assert visitor.get(at).status_code == 403
        regulatory = enter(app, company.people.regulatory_affairs)
        asked = regulatory.post(at, {**answers, "then": "suggest"}).text
        assert "<b>MDR, 30-day report</b>" in asked
        assert regulatory.post(at, answers).status_code == 422
        given = {**answers, "decision": "no", "reason": "It alarms first.", "replaces": ""}
        to_sign = regulatory.post(at, given).location
        page = regulatory.get(to_sign).text
        assert "compared with the text" in page
        sent = {name: hidden(page, name) for name in given}
        wrong = regulatory.post(to_sign, {**sent, "user_name": "x", "password": "wrong"})
        assert wrong.status_code == 422

        who = company.people.regulatory_affairs.user_name
        signed = regulatory.post(to_sign, {**sent, "user_name": who, "password": PASSWORD})

        assert signed.location == f"/reported-events/{event.number}"
        shown = regulatory.get(signed.location).text
        assert "It alarms first." in shown
        assert "Not reportable, against what was told" in shown  # it malfunctioned
        assert "It waits for a second person" in shown
        assert regulatory.get(to_sign).location == signed.location
        assert regulatory.get(f"{at}/second-look").status_code == 200
        manager = enter(app, company.people.qa_manager)
        beside = visitor.get(f"{at}/second-look").text
        assert "be likely to cause or contribute" in beside
        look = {"seen": hidden(beside, "seen"), "decision": "yes", "reason": "The alarm sounds."}
        assert manager.post(f"{at}/second-look", {**look, "reason": ""}).status_code == 422
        to_sign = manager.post(f"{at}/second-look", look).location
        who = company.people.qa_manager.user_name
        signing = own_key(**look, user_name=who, password=PASSWORD)
        assert manager.post(to_sign, signing).location == signed.location
        shown = manager.get(signed.location).text
        assert "A second person confirmed it." in shown
        assert "The alarm sounds." in shown
        listed = manager.get("/reported-events").text
        assert "likely to cause or contribute" in listed, "the answers stand beside the no"
        written = manager.get("/reported-events/events.csv").text
        assert "if it were to recur? Yes." in written


def test_what_an_earlier_version_asked_for_stands_on_the_page_beside_what_it_says_now(
    company: Company, app: Flask, events: Events
) -> None:
    event = events.record(country="CN", outcome="death")
    events.correct(event, outcome="other")
    with visiting(company, app, company.people.regulatory_affairs) as visitor:
        for page in ("", "/reportability/CN"):
            shown = visitor.get(f"/reported-events/{event.number}{page}").text
            assert "<b>from version 1</b>" in shown
            assert shown.index("death: 7 days") < shown.index("By what the event says now:")
        assert visitor.get(f"/reported-events/{event.number}/reportability/ZZ").status_code == 404


def test_a_wrong_awareness_is_offered_to_be_put_right_where_it_stands(
    company: Company, app: Flask, events: Events
) -> None:
    number = recalling.report_signal(company, "nothing yet")
    told = events.awareness()
    event = events.record(aware_at=told - timedelta(days=300))
    events.link(event)
    at = f"/nonconformances/{number}/awareness"
    with visiting(company, app, company.people.regulatory_affairs) as visitor:
        end = f"/reported-events/{event.number}/cases/{number}/end"
        gone = visitor.post(end, own_key(reason="wrong case"))
        for page in (
            gone.location,
            f"/recalls/{number}",
            f"/nonconformances/{number}/reported-events",
        ):
            assert at in visitor.get(page).text, page
        assert "does not feed it any more" in visitor.get(f"/recalls/{number}").text
        form = {"aware_at": f"{told:%Y-%m-%dT%H:%M}", "aware_by": "Nina Berg", "reason": "A slip."}
        assert visitor.post(at, {**form, "reason": ""}).status_code == 422
        assert visitor.post(at, {**form, "aware_at": "soon"}).status_code == 422
        years_ago = {**form, "aware_at": f"{told - timedelta(days=3_650):%Y-%m-%dT%H:%M}"}
        doubted = visitor.post(at, years_ago)
        assert doubted.status_code == 422
        assert "more than a year before the case was opened" in doubted.text
        sure = visitor.get(visitor.post(at, {**years_ago, "is_long_ago": "on"}).location).text
        assert hidden(sure, "is_long_ago") == "on", "it travels with the signature"
        page = visitor.post(at, form)
        shown = visitor.get(page.location).text
        assert "No due time that stands moves later" in shown
        kept = {name: hidden(shown, name) for name in ("aware_at", "aware_by", "reason")}
        signed = visitor.post(
            page.location.partition("?")[0],
            own_key(**kept, user_name=company.people.regulatory_affairs.user_name,
                    password=PASSWORD),
        )  # fmt: skip
        assert signed.status_code == 303, signed.text
    assert events.awareness() == told.replace(second=0, microsecond=0)


def test_an_event_begun_at_a_case_is_recorded_for_no_case_where_its_reader_says_so(
    company: Company, app: Flask, events: Events
) -> None:
    number = recalling.report_signal(company, "x")
    known = events.awareness()
    with visiting(company, app, company.people.complaint_handler) as visitor:
        new = f"/reported-events/new?case={number}"
        earlier = typed(company, aware_at=f"{known - timedelta(days=3):%Y-%m-%dT%H:%M}")
        at = visitor.post(new, earlier).location
        assert "The awareness of the case becomes" in visitor.get(at).text
        form = {**checked(visitor, at), "feeds": ""}

        saved = visitor.post(f"/reported-events/new/record?case={number}", form)

        assert "It feeds no case yet." in visitor.get(saved.location).text
        assert events.awareness() == known
        gone = visitor.post("/reported-events/new?case=NC-1999-0001", typed(company)).location
        assert "There is no such case any more" in visitor.get(gone).text


def test_a_reason_is_printable_and_of_a_length_that_is_read(
    company: Company, app: Flask, events: Events
) -> None:
    event = events.record(country="US")
    number = recalling.report_signal(company, "x")
    events.link(event, case=number)
    of_event = f"/reported-events/{event.number}"
    answers = {f"answer.{one.code}": "no" for one in reporting("US").questions}
    wrong = {"x" * 200_000: "must be 4000 characters or fewer", "no\u202eharm": "cannot be printed"}
    with visiting(company, app, company.people.regulatory_affairs) as visitor:
        for text, sentence in wrong.items():
            forms = {
                "/reportability/US": {**answers, "decision": "no", "reason": text},
                f"/cases/{number}/end": {"reason": text, "request_key": f"key of {sentence}"},
                "/correct": typed(company, version="1", reason=text),
            }
            for place, form in forms.items():
                refused = visitor.post(f"{of_event}{place}", form)
                assert refused.status_code == 422, place
                assert sentence in unescape(refused.text), place


def test_who_complained_stays_with_whoever_handles_complaints(
    company: Company, app: Flask, events: Events
) -> None:
    event = events.record(reporter_name="Anna Velde", reporter_phone="+49 30 1")
    events.correct(event, reporter_name="Anna Velden")
    with visiting(company, app, company.people.qa_engineer) as visitor:
        one = f"/reported-events/{event.number}"
        assert "<ins>Anna Velden</ins>" in visitor.get(one).text
        assert event.number in visitor.get("/reported-events?text=velden").text
        assert "Anna Velden" in visitor.get("/reported-events/events.csv").text
        warehouse = enter(app, company.people.warehouse)
        page = warehouse.get(one).text
        assert event.device_name in page
        assert "Velde" not in page
        assert "+49 30 1" not in page
        assert event.number not in warehouse.get("/reported-events?text=velden").text
        assert "Velde" not in warehouse.get("/reported-events/events.csv").text
