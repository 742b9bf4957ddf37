"""Tracing, cases and the dictionary from outside: what another system asks and is answered."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from engine.clock import now
from engine.serials import parties, tracing
from engine.serials.models import Party
from tests.support.personas import People
from tests.webapp.interface import Caller, caller
from tests.webapp.test_records_api import lay_pumps
from webapp.compose import Holdfast


@pytest.fixture
def plm(app: Flask, holdfast: Holdfast, people: People) -> Caller:
    with holdfast.database.begin() as db:
        lay_pumps(db, people)
    return caller(app, holdfast, people.qa_engineer)


def traced(plm: Caller, **body: Any) -> Any:
    answer = plm.post("/traces", body)
    assert answer.status_code == 201, answer.text
    assert plm.get(answer.headers["Location"].removeprefix("/api/v1")).json == answer.json
    return answer.json


def test_a_lot_is_traced_to_every_unit_of_it_page_by_page(plm: Caller) -> None:
    run = traced(plm, text="L-7")
    assert (run["unit_count"], run["root_count"]) == (7, 7)
    assert [row["contains"] for row in run["custody"]] == [7]
    assert len(run["result_sha256"]) == 64
    assert run["ledger_head"]

    first = plm.get(f"/traces/{run['id']}/units?limit=5").json
    rest = plm.get(f"/traces/{run['id']}/units?limit=5&cursor={first['next']}").json
    assert [one["serial"] for one in first["data"] + rest["data"]] == [
        f"P-{n:03}" for n in range(7)
    ]
    assert {(one["how"], one["is_certain"]) for one in first["data"]} == {("contains", True)}
    assert rest["next"] is None
    assert plm.get(f"/traces/{run['id']}/units?how=named").json["data"] == []
    assert plm.get(f"/traces/{run['id']}/stock").json["data"] == []


def test_an_expression_names_things_by_their_ids_and_keeps_their_real_names(plm: Caller) -> None:
    run = traced(plm, expression={"any": [{"unit": {"id": 3, "serial": "NOT-SO"}}]})
    assert run["expression"]["any"] == [{"unit": {"id": 3, "serial": "P-002"}}]
    again = traced(plm, expression=run["expression"])
    assert again["result_sha256"] == run["result_sha256"]


@pytest.mark.parametrize(
    ("expression", "pointer"),
    [
        ({"any": []}, "/expression/any"),
        ({"any": [{"lot": {"id": 999}}]}, "/expression/any/0/lot"),
        ({"any": [{"lot": {}}]}, "/expression/any/0"),
        ({"any": [{"nonsense": {"id": 1}}]}, "/expression/any/0"),
        ({"any": [{"serial_range": {"from": "P-9", "to": "P-1"}}]},
         "/expression/any/0/serial_range"),
        ({"any": [{"made": {"from": "yesterday"}}]}, "/expression/any/0/made/from"),
        ({"any": [{"all": [{"part": {"id": 999}}]}]}, "/expression/any/0/all/0/part"),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_told_at_its_place(
    plm: Caller, expression: Any, pointer: str
) -> None:
    answer = plm.post("/traces", {"expression": expression})
    assert answer.status_code == 422, answer.text
    assert any(one["pointer"].startswith(pointer) for one in answer.json["problems"]), answer.json


def test_what_can_mean_two_things_is_asked_back_and_traced_when_answered(plm: Caller) -> None:
    asked = plm.post("/traces", {"text": "P-001 - P-3"})
    assert asked.status_code == 422
    answers = {one["key"]: one["choices"][0]["value"] for one in asked.json["questions"]}
    assert answers
    assert plm.get("/traces").json["data"] == []

    run = traced(plm, text="P-001 - P-3", answers=answers)
    assert run["unit_count"] >= 1


def test_nothing_is_traced_of_what_is_not_recorded(plm: Caller) -> None:
    answer = plm.post("/traces", {"text": "NO-SUCH-NUMBER"})
    assert answer.status_code == 422
    assert plm.get("/traces").json["data"] == []
    both = {"text": "L-7", "expression": {"any": [{"lot": {"id": 1}}]}}
    assert plm.post("/traces", both).status_code == 422


def test_where_much_is_affected_a_job_traces_it(
    plm: Caller, holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "MANY", 3)
    answer = plm.post("/traces", {"text": "L-7"}, key="once-and-no-more")
    assert answer.status_code == 202, answer.text
    assert answer.json["state"] == "waiting"
    there = answer.headers["Location"].removeprefix("/api/v1")
    repeated = plm.post("/traces", {"text": "L-7"}, key="once-and-no-more")
    assert repeated.headers["Location"] == answer.headers["Location"]

    holdfast.run_jobs()
    done = plm.get(there).json
    assert done["state"] == "done"
    assert plm.get(f"/traces/{done['run_id']}").json["unit_count"] == 7


def test_each_unit_says_why_it_is_in_a_trace_or_why_not(plm: Caller) -> None:
    run = traced(plm, text="P-002")
    inside = plm.get(f"/traces/{run['id']}/units/3/why").json
    assert inside["is_affected"]
    assert [step["label"] for step in inside["path"]] == ["P-002"]
    outside = plm.get(f"/traces/{run['id']}/units/4/why").json
    assert not outside["is_affected"]
    assert outside["why_not"] == "other_parts"
    assert [lot["lot_no"] for lot in outside["own_lots"]] == ["L-7"]
    assert plm.get(f"/traces/{run['id']}/units/999/why").status_code == 404


def test_two_traces_differ_by_what_only_one_of_them_has(plm: Caller) -> None:
    one, whole = traced(plm, text="P-002"), traced(plm, text="L-7")
    found = plm.get(f"/traces/{one['id']}/compared/{whole['id']}").json
    assert not found["is_same"]
    assert found["units"] == {"added": 6, "gone": 0, "changed": 1, "unchanged": 0}
    address = f"/traces/{one['id']}/compared/{whole['id']}/units"
    first = plm.get(f"{address}?side=added&limit=4").json
    rest = plm.get(f"{address}?side=added&limit=4&cursor={first['next']}").json
    assert len(first["data"] + rest["data"]) == 6
    assert plm.get(f"/traces/{one['id']}/compared/{one['id']}").json["is_same"]
    assert plm.get(f"/traces/{one['id']}/compared/999").status_code == 404


def test_what_a_trace_found_is_downloaded(plm: Caller) -> None:
    run = traced(plm, text="L-7")
    file = plm.get(f"/traces/{run['id']}/file?format=csv")
    assert file.mimetype == "text/csv"
    assert len(file.text.strip().splitlines()) == 8
    rows = plm.get(f"/traces/{run['id']}/file?format=json")
    assert rows.mimetype == "application/json"
    assert "P-006" in rows.text


def test_running_a_trace_needs_its_own_scope(
    app: Flask, holdfast: Holdfast, people: People, plm: Caller
) -> None:
    reader = caller(app, holdfast, people.qa_engineer, "trace.read")
    refused = reader.post("/traces", {"text": "L-7"})
    assert (refused.status_code, refused.json["scope"]) == (403, "trace.run")
    run = traced(plm, text="L-7")
    assert reader.get(f"/traces/{run['id']}").status_code == 200


def test_the_dictionary_shows_only_fields_that_one_may_see(
    app: Flask, holdfast: Holdfast, people: People, plm: Caller
) -> None:
    def prices(who: Caller) -> set[str]:
        told = who.get("/dictionary/purchase_line").json["fields"]
        return {one["name"] for one in told} & {"unit_price", "currency"}

    assert prices(plm) == set()
    assert prices(caller(app, holdfast, people.purchasing)) == {"unit_price", "currency"}
    whole = plm.get("/dictionary").json
    assert {"unit", "lot", "party"} <= {one["name"] for one in whole["entities"]}
    assert plm.get("/dictionary/nonsense").status_code == 404


def test_a_price_is_not_written_by_who_may_not_see_it(
    app: Flask, holdfast: Holdfast, people: People, plm: Caller
) -> None:
    line = {"part": {"part_no": "PMP"}, "quantity": "2", "unit_price": "7", "currency": "EUR"}
    order = {"number": "PO-1", "supplier": "TARN", "lines": [line]}
    assert plm.post("/events/ordered", order).status_code == 403
    many = plm.post("/events", {"events": [{"type": "ordered", **order}]})
    assert [one["pointer"] for one in many.json["problems"]] == ["/events/0"]
    buyer = caller(app, holdfast, people.supplier_quality)
    assert buyer.post("/events/ordered", order).status_code == 201


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_who_record_the_same_at_once_the_second_is_told_so(
    app: Flask, holdfast: Holdfast, people: People, plm: Caller
) -> None:
    rivals = iter([True])

    def be_faster(session: Session, *_: object) -> None:
        is_it = any(isinstance(one, Party) and one.code == "DE-91" for one in session.new)
        if is_it and next(rivals, False):
            with holdfast.database.begin() as db:
                parties.add_party(
                    db, "DE-91", "Klinik", kind="consignee", by=people.purchasing, at=now()
                )

    event.listen(Session, "before_flush", be_faster)
    try:
        buyer = caller(app, holdfast, people.purchasing)
        said = {"code": "DE-91", "name": "Klinik", "kind": "consignee", "country": "DE"}
        answer = buyer.post("/parties", said)
    finally:
        event.remove(Session, "before_flush", be_faster)
    assert answer.status_code == 409, answer.text
    assert "recorded already" in answer.json["title"]
