"""A database of the first release, a whole life in it, says the same after every step."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from engine.cases import balance
from engine.db import Database, Json, Quantity, UtcDateTime
from engine.evidence.canonical import canonical_text
from engine.migrations import config_on, load_models, upgrade
from engine.serials import backward, gate, queries, trace
from engine.serials.events import recording_sha256
from engine.serials.models import (
    Edge,
    EventFact,
    FieldChange,
    HoldBreach,
    ImportBatch,
    ImportLine,
    Install,
    ShipmentLine,
    UnitInput,
    UnitRoot,
)
from engine.serials.rebuild import rebuild
from engine.serials.targets import HoldTarget
from tests.engine.test_migrations import empty

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TYPES: Mapping[str, Any] = {
    "uuid": sa.Uuid(), "recording": sa.Uuid(), "payload": Json(), "raw": Json(), "values": Json(),
    "problems": Json(), "quantity": Quantity(), "qty": Quantity(),
}  # fmt: skip
PUMP_1, PUMP_2, BOARD_1, CHIP, BOARD_2 = 1, 2, 3, 4, 5
RESIN, RUN, BOARDS = 1, 2, 3
STORE, WARD = 1, 2


def event(id: int, type: str, *, corrects: int | None = None, **payload: Any) -> dict[str, Any]:
    return {
        "id": id, "uuid": UUID(int=id), "recording": UUID(int=100 + id), "type": type,
        "event_at": NOW + timedelta(hours=id), "recorded_at": NOW + timedelta(hours=id),
        "source": "holdfast", "location_id": STORE, "payload": payload, "corrects_id": corrects,
        "reason": "scanned twice" if corrects else None,
    }  # fmt: skip


def link(
    event_id: int, unit_id: int, role: str = "subject", *axes: str | None, at: int | None = None
) -> dict[str, Any]:
    custody, usability = (*axes, None, None)[:2]
    return {
        "unit_id": unit_id, "event_id": event_id, "role": role, "custody": custody,
        "usability": usability, "location_id": at,
    }  # fmt: skip


def spot(quantity: int, custody: str = "in_house", **more: Any) -> dict[str, Any]:
    return {
        "lot_id": RESIN, "location_id": STORE, "custody": custody, "usability": "conforming",
        "tranche_id": 0, "quantity": Decimal(quantity), **more,
    }  # fmt: skip


def unit(
    id: int, part_id: int, serial: str, custody: str, usability: str, at: int, **more: Any
) -> dict[str, Any]:
    return {
        "id": id, "part_id": part_id, "serial": serial, "lot_id": None, "seg_id": None,
        "custody": custody, "usability": usability, "location_id": at,
        "is_released": usability == "conforming", "version": 1, **more,
    }  # fmt: skip


def part(id: int, no: str, control: str, kind: str, *, released: bool) -> dict[str, Any]:
    return {
        "id": id, "manufacturer_id": 1, "part_no": no, "name": no, "kind": kind,
        "control": control, "uom": "pcs", "is_released": released,
    }  # fmt: skip


def told(id: int, action: str, **body: Any) -> dict[str, Any]:
    content = json.dumps({"body": {"kind": "party", "id": 2, "reason": None, **body}})
    return {
        "id": id, "stream": "data:main", "seq": id, "action": action, "by_id": 1,
        "at": NOW, "content": content, "hash": f"{id:064}",
    }  # fmt: skip


# a board is in one pump, comes out, and goes into another; a second board went in by mistake
WORLD: dict[str, list[dict[str, Any]]] = {
    "person_account": [{
        "id": 1, "user_name": "mei", "printed_name": "Mei", "title": "QA", "email": "m@x.example",
        "language": "zh", "time_zone": "UTC", "site": "main", "opened_at": NOW,
    }],
    "party": [
        {"id": 1, "code": "OWN", "kind": "site", "name": "Maker"},
        {"id": 2, "code": "C-1", "kind": "consignee", "name": "St Mary"},
    ],
    "location": [
        {"id": STORE, "party_id": 1, "code": "WH", "name": "Store", "kind": "warehouse"},
        {"id": WARD, "party_id": 2, "code": "W", "name": "Ward", "kind": "consignee"},
    ],
    "part": [
        part(1, "PUMP", "serial", "device", released=True),
        part(2, "PCBA", "serial", "component", released=False),
        part(3, "CHIP", "serial", "component", released=False),
        part(4, "RES", "lot", "material", released=True),
    ],
    "market_authorisation": [{
        "id": 1, "part_id": 1, "country": "GB", "licence_kind": "510k", "licence_no": "K1",
        "holder_id": 1,
    }],
    "trace_node": [
        {"id": RESIN, "kind": "lot"}, {"id": RUN, "kind": "segment"}, {"id": BOARDS, "kind": "lot"},
    ],
    "lot": [
        {"id": key, "part_id": of, "manufacturer_id": 1, "lot_no": no, "is_unknown": False,
         "is_released": released}
        for key, of, no, released in ((RESIN, 4, "R-1", True), (BOARDS, 2, "B-1", False))
    ],
    "event": [
        event(1, "received", documents=["DN-1", "DN-1 ", "PO-7"]),
        event(2, "received"),
        event(3, "received"),
        event(4, "built", work_order="WO-9", quantity=2),
        event(5, "installed"), event(6, "installed"), event(7, "removed"), event(8, "installed"),
        event(9, "installed"), event(10, "did_not_occur", corrects=9),
        event(11, "released"), event(12, "reworked"), event(13, "hold_placed"),
        event(14, "shipment_reported", document_no="DN-2", consignee=2),
        event(15, "hold_breached", broken_by=14),
    ],
    "event_link": [
        link(1, BOARD_1, "subject", "in_house", "unreleased", at=STORE),
        link(1, BOARD_2, "subject", "in_house", "unreleased", at=STORE),
        link(2, CHIP, "subject", "in_house", "unreleased", at=STORE),
        link(4, PUMP_1, "subject", "in_house", "unreleased", at=STORE),
        link(4, PUMP_2, "subject", "in_house", "unreleased", at=STORE),
        link(5, CHIP, "child", "in_house", at=STORE), link(5, BOARD_1, "host"),
        link(6, BOARD_1, "child", "in_house", at=STORE), link(6, PUMP_1, "host"),
        link(6, CHIP, "carried", "in_house", at=STORE),
        link(7, BOARD_1, "child"), link(7, PUMP_1, "host"),
        link(8, BOARD_1, "child", "in_house", at=STORE), link(8, PUMP_2, "host"),
        link(8, CHIP, "carried", "in_house", at=STORE),
        link(9, BOARD_2, "child", "in_house", at=STORE), link(9, PUMP_1, "host"),
        link(10, BOARD_2), link(10, PUMP_1),
        link(11, PUMP_1, "subject", None, "conforming"),
        link(11, PUMP_2, "subject", None, "conforming"),
        link(12, BOARD_2, "subject", None, "unreleased"),
        link(13, PUMP_2),
        link(14, PUMP_2, "subject", "at_consignee", at=WARD),
        link(14, BOARD_1, "carried", "at_consignee", at=WARD),
        link(14, CHIP, "carried", "at_consignee", at=WARD),
        link(15, PUMP_2),
    ],
    "event_node": [
        {"node_id": node, "event_id": of, "role": role}
        for node, of, role in (
            (BOARDS, 1, "subject"), (RESIN, 3, "subject"), (RESIN, 4, "input"), (RUN, 4, "output"),
            (RESIN, 12, "input"),
        )
    ],
    "segment": [{
        "id": RUN, "part_id": 1, "site_id": STORE, "work_order": "WO-9", "from_at": NOW,
        "to_at": NOW, "event_id": 4,
    }],
    "unit": [
        unit(PUMP_1, 1, "P-1", "in_house", "conforming", STORE, seg_id=RUN),
        unit(PUMP_2, 1, "P-2", "at_consignee", "conforming", WARD, seg_id=RUN),
        unit(BOARD_1, 2, "B-1", "at_consignee", "unreleased", WARD, lot_id=BOARDS),
        unit(CHIP, 3, "C-1", "at_consignee", "unreleased", WARD),
        unit(BOARD_2, 2, "B-2", "in_house", "unreleased", STORE, lot_id=BOARDS),
    ],
    "unit_root": [
        {"unit_id": PUMP_1, "root_id": PUMP_1, "seg_id": RUN, "lot_id": None},
        {"unit_id": PUMP_2, "root_id": PUMP_2, "seg_id": RUN, "lot_id": None},
        {"unit_id": BOARD_1, "root_id": PUMP_2, "seg_id": None, "lot_id": BOARDS},
        {"unit_id": CHIP, "root_id": PUMP_2, "seg_id": None, "lot_id": None},
        {"unit_id": BOARD_2, "root_id": BOARD_2, "seg_id": None, "lot_id": BOARDS},
    ],
    "install": [
        {"id": key, "child_id": child, "host_id": host, "position": "X1", "from_event_id": since,
         "to_event_id": until}
        for key, child, host, since, until in (
            (1, CHIP, BOARD_1, 5, None), (2, BOARD_1, PUMP_1, 6, 7), (3, BOARD_1, PUMP_2, 8, None),
            (4, BOARD_2, PUMP_1, 9, 10),
        )
    ],
    "unit_input": [{
        "id": 1, "unit_id": BOARD_2, "lot_id": RESIN, "qty": Decimal(1), "event_id": 12,
    }],
    "edge": [{"inp": RESIN, "out": RUN, "qty": Decimal(2), "uom": "kg", "event_id": 4}],
    "stock_posting": [
        spot(10, event_id=3), spot(-2, event_id=4), spot(2, "consumed", event_id=4),
    ],
    "lot_stock": [spot(8), spot(2, "consumed")],
    "shipment": [{
        "id": 1, "consignee_id": 2, "location_id": WARD, "shipped_at": NOW, "document_no": "DN-2",
        "event_id": 14,
    }],
    "shipment_line": [{
        "id": 1, "shipment_id": 1, "unit_id": PUMP_2, "tranche_id": 0, "event_id": 14,
    }],
    "hold": [{
        "id": 1, "stream": "case:NC-2026-0001", "case_number": "NC-2026-0001", "reason": "leaks",
        "basis": "report", "target_kind": "unit", "target_count": 1, "placed_at": NOW,
        "placed_event_id": 13,
    }],
    "hold_target": [{"hold_id": 1, "kind": "unit", "target_id": PUMP_2}],
    "hold_breach": [{
        "id": 1, "hold_id": 1, "unit_id": PUMP_2, "tranche_id": 0, "quantity": Decimal(1),
        "door": "ship", "event_id": 14, "found_at": NOW,
    }],
    "case_file": [{
        "id": 1, "number": "NC-2026-0001", "process": "nonconformance", "title": "Leaks",
        "subject": "P-2", "language": "en", "state": "open", "opened_by_id": 1, "opened_at": NOW,
        "version": 1,
    }],
    "posting": [
        {"id": key, "case_id": 1, "from_account": out, "to_account": into, "unit_id": PUMP_2,
         "quantity": Decimal(1), "event_id": of, "evidence": "told", "at": NOW}
        for key, out, into, of in ((1, "scope", "held", None), (2, "held", "at_consignee", 14))
    ],
    "import_file": [{"sha256": "ab", "content": b""}],
    "import_batch": [{
        "id": 1, "kind": "units", "file_name": "u.csv", "file_sha256": "ab", "source": "erp",
        "state": "loaded", "line_count": 1, "problem_count": 0, "at": NOW,
    }],
    "staging_row": [{
        "batch_id": 1, "line": 2, "raw": {}, "values": {}, "problems": [], "entity": "unit",
        "entity_id": CHIP, "is_new": True,
    }],
    "external_id": [{
        "id": 1, "source": "mes", "entity": "unit", "entity_id": PUMP_1, "value": "EQ-1",
    }],
    "ledger_entry": [
        told(1, "master_data_described"),
        told(
            2, "master_data_changed", reason="typo",
            changes={"country": [None, "GB"], "name": ["X", "St Mary"]},
        ),
    ],
}  # fmt: skip


def lay(connection: Connection) -> None:
    """Write the world in the columns of the first release."""
    for name, rows in WORLD.items():
        columns = [sa.column(one, _type(one)) for one in rows[0]]
        connection.execute(sa.insert(sa.table(name, *columns)), rows)


def _type(column: str) -> Any:
    return TYPES.get(column) or (
        UtcDateTime() if column == "at" or column.endswith("_at") else sa.types.NullType()
    )


def fingerprint(event_id: int) -> str:
    """Return what the first release wrote into the ledger of an event."""
    [row] = [one for one in WORLD["event"] if one["id"] == event_id]
    said = {name: value for name, value in row.items() if name != "recording"}
    times = {name: row[name].isoformat() for name in ("event_at", "recorded_at")}
    axes = ("unit_id", "role", "custody", "usability", "location_id")
    where = ("lot_id", "location_id", "custody", "usability", "tranche_id")
    said |= {**times, "uuid": str(row["uuid"]), "actor_id": None}
    said["units"] = [
        [one[axis] for axis in axes]
        for one in sorted(WORLD["event_link"], key=lambda one: one["unit_id"])
        if one["event_id"] == event_id
    ]
    said["nodes"] = [
        [one["node_id"], one["role"]]
        for one in sorted(WORLD["event_node"], key=lambda one: one["node_id"])
        if one["event_id"] == event_id
    ]
    said["postings"] = [
        [*(one[name] for name in where), f"{one['quantity']:f}"]
        for one in WORLD["stock_posting"]
        if one["event_id"] == event_id
    ]
    return hashlib.sha256(canonical_text(said).encode() + b"\n").hexdigest()


@pytest.fixture
def upgraded(database_url: str) -> Iterator[Session]:
    """Give the store of the first release, brought to this version."""
    load_models()
    empty(database_url)
    database = Database(database_url)
    with database.writer.begin() as connection:
        command.upgrade(config_on(connection), "0001")
        lay(connection)
    upgrade(database)
    with database.begin() as db:
        yield db
    database.close()


def test_what_the_first_release_recorded_is_all_there_after_every_step(upgraded: Session) -> None:
    db = upgraded
    pasts = set(db.scalars(select(UnitRoot.unit_id).where(UnitRoot.has_past)))
    never = db.execute(select(Install.id, Install.never_event_id).order_by(Install.id)).all()
    facts = db.execute(select(EventFact.event_id, EventFact.name, EventFact.value)).all()
    changes = db.execute(select(FieldChange.field, FieldChange.before, FieldChange.after)).all()
    assert pasts == {BOARD_1, CHIP, BOARD_2}
    assert [tuple(row) for row in never] == [(1, None), (2, None), (3, None), (4, 10)]
    assert {tuple(row) for row in facts} == {
        (1, "document", "DN-1"), (1, "document", "PO-7"), (4, "work_order", "WO-9"),
    }  # fmt: skip
    assert {tuple(row) for row in changes} == {
        (None, None, None), ("country", None, "GB"), ("name", "X", "St Mary"),
    }  # fmt: skip
    assert db.scalars(select(Edge.never_event_id)).all() == [None]
    assert db.scalars(select(UnitInput.never_event_id)).all() == [None]
    assert db.scalars(select(ShipmentLine.unit_id)).all() == [PUMP_2]
    assert db.scalars(select(HoldBreach.unit_id)).all() == [PUMP_2]
    assert db.scalars(select(ImportBatch.state)).all() == ["loaded"]
    assert db.scalars(select(ImportLine.entity_id)).all() == [CHIP]

    checked = rebuild(db, at=NOW, is_check=True)
    assert (checked.unit_count, checked.differences) == (5, [])
    for one in WORLD["event"]:
        assert recording_sha256(db, one["recording"]) == fingerprint(one["id"]), one["type"]

    boards = trace.contains(db, lots=[BOARDS])
    assert {one.serial: one.is_former for one in boards.units} == {
        "B-1": False, "B-2": False, "P-2": False, "P-1": True,
    }  # fmt: skip
    of_second = trace.contains(db, units=[BOARD_2])
    assert of_second.unit_ids == {BOARD_2}, "it never was in the pump"
    counts = trace.counted(db, trace.Seeds(units=frozenset([CHIP])))
    assert counts.root_count == 2, "the pump it is in, and the one it was in"
    assert trace.contains(db, lots=[RESIN]).unit_ids == {PUMP_1, PUMP_2, BOARD_2}
    assert [one.label for one in backward.composition(db, unit_id=PUMP_2).parts] == ["WO-9", "B-1"]
    [verdict] = gate.check(db, [HoldTarget.unit(PUMP_2)], door="ship")
    assert [one.case_number for one in verdict.holds] == ["NC-2026-0001"]
    assert queries.unit_page(db, PUMP_2).shipments[0].document_no == "DN-2"
    [held] = balance.holdings(db, 1)
    assert (held.account, held.unit_id) == ("at_consignee", PUMP_2)
