"""What other systems record: named in any way, once however often it is sent, all or nothing."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from engine.clock import now
from engine.db import Base
from engine.people.models import PersonAccount
from engine.people.token_models import InterfaceCall
from engine.serials import holds, parties
from engine.serials.models import Event, HoldBreach, Unit
from engine.serials.targets import HoldTarget
from engine.serials.vocabulary import KINDS
from tests.support.personas import People
from tests.webapp.interface import Caller, caller
from tests.webapp.test_records_api import LONG_AGO, lay_pumps
from webapp.api.recording import RECORDABLE
from webapp.compose import Holdfast

# told by a command of their own, or decided and signed in a case: never by a system
NOT_FROM_OUTSIDE = {
    "observed",  # what a partner saw: captured as EPCIS
    "sent_out",  # a move to a third party's place
    "lot_added",  # filled in by a file
    "did_not_occur",  # a withdrawal
    "regraded", "never_existed", "stock_split",  # carried out by a case
    "hold_placed", "hold_released", "hold_breached", "import_rolled_back",
}  # fmt: skip


@pytest.fixture
def mes(app: Flask, holdfast: Holdfast, people: People) -> Caller:
    with holdfast.database.begin() as db:
        lay_pumps(db, people)
        how: Any = {"by": people.warehouse, "at": LONG_AGO}
        parties.add_part(db, 1, "BOARD", "Board", control="serial", kind="component", **how)
        parties.add_part(db, 1, "GEL", "Gel", control="lot", kind="material", **how)
        hospital = parties.add_party(db, "HOSP", "Hospital", kind="consignee", **how)
        parties.add_location(db, hospital.id, "HOSP-1", "Ward", kind="consignee", **how)
    return caller(app, holdfast, people.warehouse)


@pytest.fixture
def quality(mes: Caller, app: Flask, holdfast: Holdfast, people: People) -> Caller:
    return caller(app, holdfast, people.qa_engineer)


def recorded(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json
    return told


def pointers(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [one["pointer"] for one in answer.json["problems"]]


def count(holdfast: Holdfast, model: type[Base]) -> int:
    with holdfast.database.read() as db:
        return db.scalar(select(func.count()).select_from(model)) or 0


def receive(*serials: str, **more: Any) -> dict[str, Any]:
    return {"part": {"part_no": "BOARD"}, "serials": list(serials), "location": "TARN-1", **more}


def test_every_event_can_be_recorded_from_outside_but_those_of_a_case() -> None:
    assert set(KINDS) - set(RECORDABLE) <= NOT_FROM_OUTSIDE


def test_a_run_is_received_built_and_reported_as_shipped(
    mes: Caller, app: Flask, holdfast: Holdfast, people: People
) -> None:
    recorded(mes.post("/events/received", receive("B-1", lot={"lot_no": "LB"})))
    gel = {"part": {"part_no": "GEL"}, "quantity": "5.5", "lot": {"lot_no": "LG"}}
    recorded(mes.post("/events/received", {**gel, "location": "TARN-1"}))
    line = caller(app, holdfast, people.production)
    run = recorded(line.post("/events/built", {
        "part": {"part_no": "PMP", "manufacturer": "TARN"}, "location": "TARN-1",
        "work_order": "WO-1",
        "units": [{"serial": "NEW-1", "installs": [
            {"unit": {"part_no": "BOARD", "serial": "B-1"}, "position": "main"}]}],
        "inputs": [{"lot": {"lot_no": "LG"}, "quantity": "0.5"}],
        "facts": {"equipment": ["OVEN-3"], "program": ["2.1"]},
    }))  # fmt: skip
    assert run["segment_id"] is not None
    unit = mes.get(f"/units/{run['unit_ids'][0]}").json
    assert (unit["serial"], unit["usability"]) == ("NEW-1", "unreleased")
    [install] = mes.get(f"/installs?host_id={unit['id']}").json["data"]
    assert (install["child"], install["position"]) == ("B-1", "main")
    left = mes.get("/stock?lot_no=LG&custody=in_house").json["data"]
    assert [one["quantity"] for one in left] == ["5"]
    told = recorded(mes.post("/events/shipment_reported", {
        "units": [{"serial": "NEW-1"}, {"serial": "NOBODY-KNOWS"}], "location": "HOSP-1",
        "document_no": "DN-1", "event_at": "2026-02-01T10:00:00+08:00",
    }))  # fmt: skip
    event = mes.get(f"/events/{told['event_id']}").json
    assert event["event_at"] == "2026-02-01T02:00:00+00:00"
    assert event["source"] == "wei.zhang"
    assert "NOBODY-KNOWS" in str(event["payload"])


@pytest.mark.parametrize(
    "name", [{"id": 3}, {"part_no": "PMP", "serial": "P-002"}, {"serial": "P-002"},
             {"part_no": "PMP", "manufacturer": "TARN", "serial": "P-002"},
             {"udi": "(01)04012345678901(21)P-002"}, {"external_id": "EQ-900"},
             {"external_id": "EQ-900", "source_system": "erp"}],
)  # fmt: skip
def test_a_unit_is_named_in_any_way(mes: Caller, name: dict[str, Any]) -> None:
    told = recorded(mes.post("/events/moved", {"units": [name], "location": "TARN-1"}))
    assert told["unit_ids"] == [3]


@pytest.mark.parametrize(
    "name", [{"id": 99}, {"serial": "p-002"}, {"part_no": "BOARD", "serial": "P-002"},
             {"udi": "(01)04012345678902(21)P-002"}, {"external_id": "eq-900"},
             {"external_id": "EQ-900", "source_system": "mes"}, {}, {"id": 3, "serial": "P-002"}],
)  # fmt: skip
def test_what_is_not_there_or_named_twice_is_told_at_its_place(
    mes: Caller, holdfast: Holdfast, name: dict[str, Any]
) -> None:
    before = count(holdfast, Event)
    two = {"units": [{"serial": "P-001"}, name], "location": "TARN-1"}
    answer = mes.post("/events/moved", two)
    assert [pointer.startswith("/units/1") for pointer in pointers(answer)] == [True]
    assert count(holdfast, Event) == before


def test_a_repeat_gets_the_first_answer_and_records_nothing(
    mes: Caller, holdfast: Holdfast
) -> None:
    first = mes.post("/events/received", receive("B-1"), key="one-and-the-same")
    again = mes.post("/events/received", receive("B-1"), key="one-and-the-same")
    assert (first.status_code, first.json) == (again.status_code, again.json)
    assert first.headers["Location"] == again.headers["Location"]
    other = mes.post("/events/received", receive("B-2"), key="one-and-the-same")
    assert other.status_code == 422
    assert "Idempotency-Key" in other.json["title"]
    with holdfast.database.read() as db:
        assert db.scalars(select(Unit.serial).where(Unit.serial.like("B-%"))).all() == ["B-1"]


def test_a_receipt_of_a_serial_number_that_no_label_carries_says_so(
    mes: Caller, holdfast: Holdfast
) -> None:
    pump = {"part": {"part_no": "PMP"}, "serials": ["X 1"], "location": "TARN-1"}
    answer = mes.post("/events/received", pump)
    assert answer.status_code == 422
    assert "“X 1” fits no GS1 label" in answer.json["title"]
    assert mes.get("/units?number=X 1").json["data"] == []


def test_the_keys_of_two_systems_never_meet(
    mes: Caller, app: Flask, holdfast: Holdfast, people: People
) -> None:
    other = caller(app, holdfast, people.inspector)
    recorded(mes.post("/events/received", receive("B-1"), key="counter-1"))
    recorded(other.post("/events/received", receive("B-2"), key="counter-1"))


def test_two_at_once_with_one_key_record_once(mes: Caller, holdfast: Holdfast) -> None:
    answers = []

    def send() -> None:
        answers.append(mes.post("/events/received", receive("B-1"), key="sent-by-two-threads"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["event_id"] for answer in answers}) == 1


def test_a_write_without_a_key_is_refused(mes: Caller) -> None:
    answer = mes.post("/events/received", receive("B-1"), key=" ")
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json["title"]


def test_many_are_recorded_together(mes: Caller) -> None:
    sent = [{"type": "received", **receive(f"B-{n}")} for n in range(20)]
    sent.append({"type": "moved", "units": [{"serial": "B-7"}], "location": "TARN-1"})
    told = recorded(mes.post("/events", {"events": sent}))
    assert [one["type"] for one in told["events"]] == ["received"] * 20 + ["moved"]


def test_when_one_of_many_is_refused_none_is_recorded_and_each_is_told(
    mes: Caller, holdfast: Holdfast
) -> None:
    before = count(holdfast, Event)
    answer = mes.post("/events", {"events": [
        {"type": "received", **receive("B-1")},
        {"type": "received", **receive("B-1")},  # recorded by the one before
        {"type": "moved", "units": [{"serial": "NOT-HERE"}], "location": "TARN-1"},
        {"type": "released", "units": [{"serial": "P-001"}]},  # the warehouse does not release
        {"type": "received", **receive("B-2")},
    ]})  # fmt: skip
    assert pointers(answer) == ["/events/1", "/events/2/units/0", "/events/3"]
    assert count(holdfast, Event) == before


def test_what_does_not_fit_is_told_for_every_row(mes: Caller) -> None:
    answer = mes.post("/events", {"events": [{"type": "party"}, {"type": "moved"}, 7]})
    assert pointers(answer) == ["/events/0/type", "/events/1/location", "/events/2"]


@pytest.mark.parametrize(
    ("when", "said"),
    [("2040-01-01T00:00:00Z", "lies in the future"), ("1949-12-31T23:59:59Z", "before 1950"),
     ("0001-01-01T00:00:00+14:00", "before 1950"), ("9999-12-31T23:59:59-14:00", "in the future")],
)  # fmt: skip
def test_what_cannot_have_happened_then_is_told_at_its_place(
    mes: Caller, holdfast: Holdfast, when: str, said: str
) -> None:
    before = count(holdfast, Event)
    moved = {"units": [{"serial": "P-001"}], "location": "TARN-1", "event_at": when}
    for address, body, at in (
        ("/events/moved", moved, "/event_at"),
        ("/events", {"events": [{"type": "moved", **moved}]}, "/events/0/event_at"),
    ):
        answer = mes.post(address, body)
        assert pointers(answer) == [at]
        assert said in answer.json["problems"][0]["sentence"]
    assert count(holdfast, Event) == before


def test_what_does_not_fit_is_told_in_the_language_of_the_tokens_person(
    app: Flask, holdfast: Holdfast, people: People
) -> None:
    with holdfast.database.begin() as db:
        db.get_one(PersonAccount, people.inspector.id).language = "zh"
    answer: Any = caller(app, holdfast, people.inspector).post("/events/inspected", {
        "units": [{"serial": ""}, {"id": 0}], "outcome": "perhaps", "documents": [7],
        "remark": "x" * 2001, "sample_size": "many", "event_at": "yesterday", "nonsense": 1,
    }).json  # fmt: skip
    said = {one["pointer"]: one["sentence"] for one in answer["problems"]}
    assert len(said) >= 7
    assert [text for text in said.values() if not re.search("[\u4e00-\u9fff]", text)] == []
    assert any("2000" in text for text in said.values())


def test_clocks_may_be_ahead_by_five_minutes(mes: Caller) -> None:
    moved = {"units": [{"serial": "P-001"}], "location": "TARN-1"}
    ahead = [(now() + timedelta(minutes=minutes)).isoformat() for minutes in (4, 6)]
    recorded(mes.post("/events/moved", {**moved, "event_at": ahead[0]}))
    assert pointers(mes.post("/events/moved", {**moved, "event_at": ahead[1]})) == ["/event_at"]


def test_a_moment_at_the_end_of_the_calendar_is_told_as_no_moment(mes: Caller) -> None:
    answer = mes.get("/units?changed_since=0001-01-01T00:00:00%2B14:00")
    assert answer.status_code == 422
    assert answer.json["problems"][0]["parameter"] == "changed_since"


def test_what_is_held_is_not_shipped_but_a_reported_shipment_is_recorded_as_a_breach(
    mes: Caller, holdfast: Holdfast, people: People
) -> None:
    with holdfast.database.begin() as db:
        db.execute(Unit.__table__.update().values(usability="conforming"))
        holds.place(
            db, stream="case:NC-2026-0001", case_number="NC-2026-0001", reason="crack",
            basis="test", target=HoldTarget.unit(3), by=people.qa_engineer, at=now(),
        )  # fmt: skip
    body = {"units": [{"id": 3}], "location": "HOSP-1", "document_no": "DN-9"}
    refused = mes.post("/events/shipped", body)
    assert refused.status_code == 422
    assert "NC-2026-0001" in refused.json["title"]
    assert count(holdfast, HoldBreach) == 0
    told = recorded(mes.post("/events/shipment_reported", body))
    assert len(told["breach_ids"]) == 1
    assert count(holdfast, HoldBreach) == 1


def test_an_event_is_withdrawn_once_and_the_latest_is_named(mes: Caller, quality: Caller) -> None:
    both = {"units": [{"serial": "P-001"}, {"serial": "P-002"}], "location": "TARN-1"}
    told = recorded(mes.post("/events/moved", both))
    address = f"/events/{told['event_id']}"
    right = recorded(quality.post(f"{address}/correct", {
        "reason": "Only one was moved.", "units": [{"serial": "P-001"}],
    }))  # fmt: skip
    again = quality.post(f"{address}/withdraw", {"reason": "No."})
    assert again.status_code == 422
    assert str(right["event_id"]) in again.json["title"]
    recorded(
        quality.post(f"/events/{right['event_id']}/withdraw", {"reason": "Nothing was moved."})
    )


@pytest.mark.parametrize(
    ("address", "said", "at"),
    [
        ("locations", {"party_id": None, "code": "X", "name": "X", "kind": "warehouse"}, "party"),
        ("parts", {"manufacturer": None, "part_no": "X", "name": "X", "kind": "device",
                   "control": "lot"}, "manufacturer"),
        ("parts", {"manufacturer": "TARN", "part_no": "X", "name": "X", "kind": "device",
                   "control": "lot", "uom": None}, "uom"),
        ("lots", {"part_id": None, "lot_no": "X"}, "part_no"),
    ],
)  # fmt: skip
def test_nothing_is_not_a_name_of_what_must_be_there(
    quality: Caller, address: str, said: dict[str, Any], at: str
) -> None:
    answer = quality.post(f"/{address}", said)
    assert answer.status_code == 422, answer.text
    assert [one["pointer"] for one in answer.json["problems"]] == [f"/{at}"]


@pytest.mark.parametrize("changes", [{"name": None}, {"manufacturer_id": None}, {"uom": None}])
def test_what_must_be_there_is_not_changed_to_nothing(
    quality: Caller, changes: dict[str, Any]
) -> None:
    read = quality.get("/parts/1")
    said = {"reason": "A slip.", "changes": changes}
    answer = quality.patch("/parts/1", said, etag=read.headers["ETag"])
    assert answer.status_code == 422, answer.text
    assert quality.get("/parts/1").json == read.json


def test_a_correction_of_the_place_keeps_the_rest(mes: Caller, quality: Caller) -> None:
    parties_place = {"party": "TARN", "code": "TARN-2", "name": "Rack", "kind": "warehouse"}
    assert mes.post("/locations", parties_place).status_code == 201
    told = recorded(mes.post("/events/received", receive("B-1")))
    recorded(quality.post(f"/events/{told['event_id']}/correct", {
        "reason": "It lies on the rack.", "location": "TARN-2",
    }))  # fmt: skip
    unit = mes.get(f"/units/{told['unit_ids'][0]}").json
    assert (unit["location"], unit["custody"], unit["usability"]) == (
        "TARN-2", "in_house", "unreleased",
    )  # fmt: skip


def test_what_was_recorded_and_what_was_refused_is_in_the_log(
    mes: Caller, holdfast: Holdfast, people: People
) -> None:
    mes.post("/events/received", receive("B-1"), key="key-in-the-log")
    mes.post("/events/received", receive("B-1"), key="refused-in-the-log")
    mes.get("/units")
    with holdfast.database.read() as db:
        rows = db.scalars(select(InterfaceCall).order_by(InterfaceCall.id)).all()
    assert [(row.status, row.idempotency_key) for row in rows] == [
        (201, "key-in-the-log"), (409, "refused-in-the-log"),
    ]  # fmt: skip
    assert {row.person_id for row in rows} == {people.warehouse.id}
    assert "already recorded" in rows[1].said


# --- master data -----------------------------------------------------------------------------


def test_master_data_is_described_and_changed_only_as_it_was_read(quality: Caller) -> None:
    made = quality.post("/parties", {"code": "NEW", "name": "New", "kind": "consignee"})
    assert made.status_code == 201
    address, tag = made.headers["Location"].removeprefix("/api/v1"), made.headers["ETag"]
    change = {"reason": "They moved.", "changes": {"address": "Jena"}}
    assert quality.patch(address, change).status_code == 428
    assert quality.patch(address, change, etag='"another"').status_code == 412
    assert quality.patch(address, change, etag=tag).json["address"] == "Jena"
    assert quality.patch(address, change, etag=tag).status_code == 412  # it has changed since
    assert quality.get(address).json["address"] == "Jena"


def test_the_same_number_twice_is_refused_and_named(quality: Caller) -> None:
    party = {"code": "NEW", "name": "New", "kind": "consignee"}
    first = quality.post("/parties", party).json["id"]
    again = quality.post("/parties", party)
    assert again.status_code == 409
    assert str(first) in again.json["title"]


def test_many_records_are_described_together_or_not_at_all(quality: Caller) -> None:
    new = {"entity": "party", "values": {"code": "A", "name": "A", "kind": "consignee"}}
    place = {"code": "A-1", "name": "A", "kind": "consignee", "party": "A"}
    wrong = {"entity": "location", "values": {**place, "party": "NOBODY"}}
    refused = quality.post("/records", {"records": [new, wrong, {"entity": "party", "values": {}}]})
    assert [p for p in pointers(refused) if not p.startswith("/records/2")] == [
        "/records/1/values/party"
    ]
    assert quality.get("/parties?number=A").json["data"] == []
    right = {"entity": "location", "values": place}
    assert quality.post("/records", {"records": [new, right]}).status_code == 201


def test_a_field_of_another_role_cannot_be_written(
    mes: Caller, app: Flask, holdfast: Holdfast, people: People
) -> None:
    supplier_quality = caller(app, holdfast, people.supplier_quality)
    agreed = {"part_no": "GEL", "supplier": "TARN", "valid_from": "2026-01-01"}
    priced = {**agreed, "price": "7", "currency": "EUR"}
    assert supplier_quality.post("/supplier-agreements", priced).status_code == 403
    assert supplier_quality.post("/supplier-agreements", agreed).status_code == 201
    assert mes.post("/supplier-agreements", agreed).status_code == 403
