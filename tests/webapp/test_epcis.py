"""EPCIS over the interface: capture jobs, queries with their pages, and what is refused."""

import json
from pathlib import Path

import pytest

from engine.serials.epcis import documents
from tests.engine.serials.test_epcis import seen

WHOLE = {
    "@context": [documents.CONTEXT],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-03-02T08:00:00Z",
}


def document(*bodies):
    return {**WHOLE, "epcisBody": {"eventList": list(bodies)}}


@pytest.fixture
def partner(signed_in, people):
    visitor = signed_in(people.warehouse)
    visitor.get("/keyboard")
    visitor.client.environ_base["HTTP_X_CSRFTOKEN"] = visitor.token
    return visitor.client


def send(partner, sent, behaviour=None):
    headers = {"GS1-Capture-Error-Behaviour": behaviour} if behaviour else {}
    content = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    return partner.post(
        "/api/v1/epcis/capture", data=content, content_type="application/ld+json", headers=headers
    )


def test_a_document_becomes_a_job_whose_address_is_told(holdfast, partner):
    sent = send(partner, document(seen(["1"]), seen(["2"], number=2)))
    assert sent.status_code == 202
    assert sent.get_json()["running"]
    holdfast.run_jobs()
    job = partner.get(sent.headers["Location"]).get_json()
    assert (job["running"], job["success"], job["capturedCount"]) == (False, True, 2)
    assert {one["code"] for flag in job["flags"] for one in flag["flags"]} == {"not_ours"}
    again = send(partner, document(seen(["1"])))
    holdfast.run_jobs()
    job = partner.get(again.headers["Location"]).get_json()
    assert (job["capturedCount"], job["knownCount"]) == (0, 1)


def test_events_are_asked_for_page_by_page(holdfast, partner):
    send(partner, document(*(seen([f"{n}"], number=n) for n in range(1, 6))))
    holdfast.run_jobs()
    found, address = [], "/api/v1/epcis/events?perPage=2&EQ_bizStep=shipping"
    while address:
        answer = partner.get(address)
        assert answer.mimetype == "application/ld+json"
        assert documents.problems_of(answer.get_json()) == []
        found += answer.get_json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        link = answer.headers.get("Link")
        address = link[1 : link.index(">")] if link else None
    assert len({one["eventID"] for one in found}) == 5
    one = partner.get(f"/api/v1/epcis/events/{found[0]['eventID']}").get_json()
    assert documents.problems_of(one) == []
    assert documents.events_of(one) == [found[0]]


@pytest.mark.parametrize(
    ("sent", "behaviour", "status"),
    [
        (b"not json", None, 422),
        (b'{"type": NaN}', None, 422),
        (document({"type": "WishEvent"}), None, 422),
        (document(seen(["1"])), "perhaps", 422),
        (document({"type": "WishEvent"}), "proceed", 202),
    ],
)
def test_what_cannot_be_captured_is_refused_with_its_sentence(partner, sent, behaviour, status):
    answer = send(partner, sent, behaviour)
    assert answer.status_code == status
    assert answer.get_json()["title" if status != 202 else "captureID"]


def test_a_wrong_query_names_its_parameter(partner):
    wrong = partner.get("/api/v1/epcis/events?EQ_nonsense=1&perPage=0")
    assert wrong.status_code == 422
    assert {one["parameter"] for one in wrong.get_json()["problems"]} == {"EQ_nonsense", "perPage"}
    assert partner.get("/api/v1/epcis/queries").status_code == 404


def test_the_schema_is_the_standards_own():
    sample = Path(__file__).resolve().parents[3] / "shared" / "data" / "epcis" / "schema"
    if not sample.exists():
        pytest.skip("../shared/data/epcis is not beside the project")
    ours = documents.FILE.read_bytes()
    assert ours == (sample / "EPCIS-JSON-Schema.json").read_bytes()
