"""Every record of the store, read from outside: found, paged, and only what one may see."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from engine.clock import now
from engine.serials import other_names, parties
from engine.serials.dictionary import entities
from engine.serials.models import SupplierAgreement
from engine.serials.receive import receive_units
from tests.support.personas import People
from tests.webapp.interface import Caller, caller
from webapp.api.describing import description
from webapp.compose import Holdfast
from webapp.queries.records import READABLE

LONG_AGO = datetime(2026, 1, 6, tzinfo=UTC)
# what is of a file that is being taken in, what is read elsewhere, and what watches the interfaces
# themselves and is read at addresses of its own or on the pages under Interfaces
NOT_RECORDS = {
    "canary_run", "deny_list", "door", "downtime_form", "reconciliation_difference",
    "reconciliation_run", "reconciliation_source", "webhook_subscription",
    "import_approval", "import_batch", "import_correction", "import_file", "import_line",
    "import_mapping", "import_problem", "legacy_case", "priority_serial", "trace_run",
    "trace_run_node", "reported_event",
    "trace_run_stock", "trace_run_unit", "reading",
}  # fmt: skip


@pytest.fixture
def erp(app: Flask, holdfast: Holdfast, people: People) -> Caller:
    with holdfast.database.begin() as db:
        lay_pumps(db, people)
    return caller(app, holdfast, people.warehouse)


def lay_pumps(db: Session, people: People) -> None:
    how: Any = {"by": people.warehouse, "at": LONG_AGO}
    maker = parties.add_party(db, "TARN", "Tarn", kind="site", **how)
    store = parties.add_location(db, maker.id, "TARN-1", "Store", kind="warehouse", **how)
    pump = parties.add_part(
        db, maker.id, "PMP", "Pump", control="serial", kind="device", di="04012345678901", **how
    )
    lot = parties.ensure_lot(db, pump.id, "L-7", **how)
    receive_units(
        db, pump.id, [f"P-{n:03}" for n in range(7)], location_id=store.id, lot_id=lot.id, **how
    )
    unit_id = 3
    other_names.name_also(db, "unit", unit_id, named_by="erp", value="EQ-900", **how)
    db.add(
        SupplierAgreement(
            part_id=pump.id, supplier_id=maker.id, price=7, currency="EUR",
            valid_from=date(2026, 1, 1),
        )
    )  # fmt: skip


def serials(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["serial"] for row in answer.json["data"]]


def test_every_kind_of_record_can_be_read(erp: Caller) -> None:
    assert {one.name for one in entities()} - set(READABLE) <= NOT_RECORDS
    for readable in READABLE.values():
        assert erp.get(f"/{readable.address}").status_code == 200, readable.address


def test_what_is_answered_is_what_is_described(erp: Caller) -> None:
    with erp.app.test_request_context():
        spec = description()
    for readable in READABLE.values():
        said = spec["paths"][f"/api/v1/{readable.address}"]["get"]["responses"]["200"]
        schema = said["content"]["application/json"]["schema"]
        checked = jsonschema_rs.validator_for({**schema, "components": spec["components"]})
        checked.validate(erp.get(f"/{readable.address}").json)


def test_pages_hold_every_row_once_while_rows_are_added(
    erp: Caller, holdfast: Holdfast, people: People
) -> None:
    first = erp.get("/units?limit=3")
    with holdfast.database.begin() as db:
        receive_units(db, 1, ["A-000", "Z-999"], location_id=1, by=people.warehouse, at=now())
    second = erp.get(f"/units?limit=3&cursor={first.json['next']}")
    rest = erp.get(f"/units?limit=300&cursor={second.json['next']}")  # more at once now
    assert rest.json["next"] is None
    assert serials(first) + serials(second) + serials(rest) == [
        *(f"P-{n:03}" for n in range(7)),
        "A-000",
        "Z-999",
    ]


def test_a_cursor_is_good_for_its_own_filters_only(erp: Caller) -> None:
    cursor = erp.get("/units?limit=2").json["next"]
    for query in (f"begins=P&cursor={cursor}", "cursor=made-up", "cursor=WyJhIl0"):
        answer = erp.get(f"/units?{query}")
        assert answer.status_code == 422
        assert answer.json["problems"][0]["parameter"] == "cursor"
    assert erp.get(f"/lots?cursor={cursor}").status_code == 422


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("number=P-003", ["P-003"]),
        ("number=p-003", []),  # case means something
        ("begins=P-00&limit=2", ["P-000", "P-001"]),
        ("begins=%25", []),
        ("external_id=EQ-900", ["P-002"]),
        ("external_id=EQ-900&source_system=erp", ["P-002"]),
        ("external_id=EQ-900&source_system=mes", []),
        ("udi=(01)04012345678901(21)P-004", ["P-004"]),
        ("part_no=PMP&number=P-001", ["P-001"]),
        ("part_no=OTHER", []),
        ("lot_no=L-7&number=P-001", ["P-001"]),
        ("custody=at_consignee", []),
        ("changed_since=2026-01-07T00:00:00Z", []),
        ("changed_since=2026-01-05T00:00:00%2B08:00&number=P-006", ["P-006"]),
    ],
)
def test_units_are_found_by_any_name_and_narrowed(
    erp: Caller, query: str, found: list[str]
) -> None:
    assert serials(erp.get(f"/units?{query}")) == found


@pytest.mark.parametrize(
    "query", ["colour=red", "custody=lost", "limit=0", "limit=9999", "changed_since=yesterday",
              "part_id=99999999999999999999", "number=%00", "changed_since=2026-01-01T00:00:00"],
)  # fmt: skip
def test_a_question_that_makes_no_sense_names_its_parameter(erp: Caller, query: str) -> None:
    answer = erp.get(f"/units?{query}")
    assert answer.status_code == 422
    assert [one["parameter"] for one in answer.json["problems"]] == [query.partition("=")[0]]


def test_master_data_that_changed_is_found_by_when(
    erp: Caller, holdfast: Holdfast, people: People
) -> None:
    since = (now() - timedelta(minutes=1)).isoformat().replace("+", "%2B")
    assert erp.get(f"/parties?changed_since={since}").json["data"] == []
    with holdfast.database.begin() as db:
        parties.add_party(db, "NEW", "New", kind="consignee", by=people.warehouse, at=now())
    assert [p["code"] for p in erp.get(f"/parties?changed_since={since}").json["data"]] == ["NEW"]


def test_one_record_has_a_tag_and_all_its_names(erp: Caller) -> None:
    answer = erp.get("/units/3")
    assert answer.json["external_ids"] == [{"source": "erp", "value": "EQ-900"}]
    assert (answer.json["part_no"], answer.json["location"]) == ("PMP", "TARN-1")
    tag = answer.headers["ETag"]
    assert erp.get("/units/3", headers={"If-None-Match": tag}).status_code == 304
    assert erp.get("/units/999").status_code == 404


def test_a_hidden_field_is_in_no_answer_and_in_no_filter(
    erp: Caller, app: Flask, holdfast: Holdfast, people: People
) -> None:
    seen = caller(app, holdfast, people.supplier_quality).get("/supplier-agreements").json["data"]
    hidden = erp.get("/supplier-agreements").json["data"]
    assert seen[0]["price"] == "7"
    assert "price" not in hidden[0]
    assert "currency" not in hidden[0]
    assert erp.get("/supplier-agreements?price=7").status_code == 422


def test_sentences_are_in_the_language_asked_for(erp: Caller) -> None:
    answer = erp.get("/units/999", headers={"Accept-Language": "zh-CN"})
    assert answer.json["title"] == "没有此记录。请核对编号，或用其他系统中的名称查找。"
