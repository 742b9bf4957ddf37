"""Reported events from a complaint system: recorded once, corrected as read, seen by role."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from engine.people import Person
from engine.people.scopes import scopes
from engine.serials.dictionary import entity
from tests.support.personas import People
from tests.webapp.interface import Caller, caller
from webapp.api.reported_events import ReportedEventShown, ReportedSaid
from webapp.compose import Holdfast

AT = "/reported-events"
REPORTER = {"reporter_name", "reporter_address", "reporter_phone"}


@pytest.fixture
def system(app: Flask, holdfast: Holdfast, people: People) -> Caller:
    return caller(app, holdfast, people.complaint_handler, "reported_events.write",
                  "reported_events.read")  # fmt: skip


def told(**own: Any) -> dict[str, Any]:
    aware = datetime.now(UTC) - timedelta(hours=2)
    return {
        "complaint_number": "CMP-9", "device_name": "Pump", "outcome": "death", "country": "US",
        "received_on": aware.date().isoformat(), "what_happened": "It stopped.",
        "aware_at": aware.isoformat(), "aware_by": "Nina Berg", "aware_how": "by phone",
        "reporter_name": "Ward 3", **own,
    }  # fmt: skip


def sentences(answer: Any) -> dict[str, str]:
    return {one["pointer"]: one["sentence"] for one in answer.json["problems"]}


def test_a_complaint_that_is_sent_twice_is_recorded_once(system: Caller) -> None:
    body = told()
    first = system.post(AT, body, key="complaint-9")
    assert first.status_code == 201, first.json
    again = system.post(AT, body, key="complaint-9")
    assert again.json == first.json
    assert first.headers["Location"].endswith(first.json["number"])
    assert first.json["reportability"] == [{"jurisdiction": "US", "state": "undecided"}]
    assert system.post(AT, told(device_name="x"), key="complaint-9").status_code == 422
    assert [one["number"] for one in system.get(AT).json["data"]] == [first.json["number"]]


def test_what_is_wrong_with_a_complaint_is_said_in_the_words_of_the_page(system: Caller) -> None:
    wrong = system.post(AT, {"complaint_number": " ", "outcome": "?", "country": "XX",
                             "what_happened": "a\u202eb"})  # fmt: skip
    assert wrong.status_code == 422
    said = sentences(wrong)
    assert said["/complaint_number"] == "Enter the complaint number, ours or the reporter's"
    assert said["/outcome"] == "Choose the outcome; “not known” is an answer"
    assert said["/country"] == "Choose the country from the list, or leave it open"
    assert "cannot be printed" in said["/what_happened"]
    assert {"/device_name", "/received_on", "/aware_at", "/aware_by", "/aware_how"} < set(said)
    gone = system.post(AT, told(case_number="RC-1999-0001"))
    assert gone.status_code == 404
    assert system.get(AT).json["data"] == [], "it feeds the case, or nothing is recorded"


def test_a_correction_names_what_was_read_and_says_why(system: Caller) -> None:
    made = system.post(AT, told())
    one, tag = f"{AT}/{made.json['number']}", made.headers["ETag"]
    change = {"reason": "Misheard.", "changes": {"outcome": "malfunction"}}
    assert system.patch(one, change).status_code == 428
    assert sentences(system.patch(one, {**change, "reason": ""}, etag=tag)) == {
        "/reason": "Write why it is corrected"
    }

    done = system.patch(one, change, etag=tag)

    assert done.status_code == 200, done.json
    assert (done.json["version"], done.json["outcome"]) == (2, "malfunction")
    assert done.json["reporter_name"] == "Ward 3", "what is not named stays"
    assert system.patch(one, change, etag=tag).status_code == 412
    assert system.get(one).headers["ETag"] == done.headers["ETag"]
    nothing = system.patch(one, change, etag=done.headers["ETag"])
    assert "Nothing is changed" in sentences(nothing)["/reason"]


def test_a_corrected_event_comes_again_at_the_end_of_the_list(system: Caller) -> None:
    made = [system.post(AT, told(complaint_number=f"CMP-{number}")) for number in range(3)]
    page = system.get(f"{AT}?limit=2").json
    change = {"reason": "Misheard.", "changes": {"outcome": "other"}}
    system.patch(f"{AT}/{made[0].json['number']}", change, etag=made[0].headers["ETag"])

    rest = system.get(f"{AT}?limit=2&cursor={page['next']}").json

    assert [(one["complaint_number"], one["version"]) for one in rest["data"]] == [
        ("CMP-2", 1), ("CMP-0", 2)
    ]  # fmt: skip
    assert rest["next"] is None
    found = system.get(f"{AT}?complaint_number=CMP-1&outcome=death").json["data"]
    assert [one["complaint_number"] for one in found] == ["CMP-1"]


def test_who_complained_is_told_to_whoever_handles_complaints(
    app: Flask, holdfast: Holdfast, people: People, system: Caller
) -> None:
    number = system.post(AT, told()).json["number"]

    def reads(person: Person) -> set[str]:
        return set(caller(app, holdfast, person).get(f"{AT}/{number}").json)

    assert reads(people.regulatory_affairs) >= REPORTER
    assert reads(people.warehouse) & REPORTER == set()
    assert caller(app, holdfast, people.warehouse).post(AT, told()).status_code == 403


def test_the_interface_says_what_the_dictionary_says() -> None:
    kept = {field.kept for field in entity("reported_event").fields}
    inner = {"judged_version", "recorded_by_id", "supersedes_id"}
    assert set(ReportedEventShown().fields) - {"cases", "reportability"} == kept - inner
    changed = {field.kept for field in entity("reported_event").fields
               if field.changes == "correction"}  # fmt: skip
    assert set(ReportedSaid().fields) == changed - {"part_id"}
    assert "reported_event.record" in scopes()["reported_events.write"].actions
