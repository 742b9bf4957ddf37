"""Scanning: one thing told in large words, a batch that survives, and the labels to scan."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.serials import holds, parties, receive
from engine.serials.models import Event, ScanLine, Unit
from engine.serials.targets import HoldTarget
from tests.webapp.test_finding import GTIN, NOW, words

SITE = "http://127.0.0.1:8000"


@pytest.fixture
def goods(holdfast, people):
    """Two units of one lot in the store, one of them on hold, and a place to move them to."""
    how: dict[str, Any] = {"by": people.warehouse, "at": NOW}
    with holdfast.database.begin() as db:
        own = parties.add_party(db, "OWN", "Linden Infusion", kind="site", **how)
        store = parties.add_location(db, own.id, "WH-1", "Store", kind="warehouse", **how)
        shelf = parties.add_location(db, own.id, "WH/2", "Shelf", kind="warehouse", **how)
        pump = parties.add_part(
            db, own.id, "PUMP", "Pump", control="serial", kind="device", di=GTIN, **how
        )
        board = parties.add_part(
            db, own.id, "PCB 1", "Board", control="serial", kind="component", **how
        )
        lot = parties.ensure_lot(db, pump.id, "L-7", expires_on=date(2030, 2, 28), **how)
        made = receive.receive_units(
            db, pump.id, ["A-1", "A-2"], location_id=store.id, lot_id=lot.id,
            usability="conforming", **how,
        )  # fmt: skip
        [bare] = receive.receive_units(db, board.id, ["B/1"], location_id=store.id, **how).unit_ids
        holds.place(
            db, target=HoldTarget.unit(made.unit_ids[1]), stream="case:NC-1", case_number="NC-1",
            reason="Leaks", basis="report", **how,
        )  # fmt: skip
        return {
            "free": made.unit_ids[0], "held": made.unit_ids[1], "bare": bare, "lot": lot.id,
            "shelf": shelf.id, "store": store.id,
        }  # fmt: skip


@pytest.fixture
def hand(signed_in, people):
    return signed_in(people.warehouse)


def label(serial, more=""):
    return f"(01){GTIN}{more}(21){serial}"


@pytest.mark.parametrize(
    ("text", "large"),
    [
        (label("A-1"), "No hold: may pass"),
        ("A-2", "Stop: on hold"),
        (f"\x1d01{GTIN}21A-2", "Stop: on hold"),
        (f"]d201{GTIN}10L-7\x1d21A-1", "No hold: may pass"),
        (f"{SITE}/01/{GTIN}/10/L-7/21/A-1?17=300228", "No hold: may pass"),
        (f"{SITE}/id/OWN/PCB%201/serial/B%2F1", "Not yet released"),
        (f"{SITE}/id/location/WH%2F2", "A place"),
        (label("A-9"), "Not known here"),
        (f"(01){GTIN}", "A part, not one piece of it"),
        ("(01)07032069804987(21)A-1", "Not known here"),
    ],
)
def test_a_scan_is_told_at_once_in_large_words(hand, goods, text, large):
    page = hand.get("/scan", query_string={"q": text})
    assert page.status_code == 200
    assert f"<b>{large}</b>" in page.text


def test_the_verdict_names_the_hold_the_lot_and_the_expiry(hand, goods):
    said = words(hand.get("/scan?q=A-2"))
    assert "A-2 is on hold for NC-1 (Leaks). Do not ship" in said
    assert "L-7" in said
    assert "February" in said or "Feb" in said


def test_an_expired_device_is_stopped(holdfast, people, hand, goods):
    how: dict[str, Any] = {"by": people.warehouse, "at": NOW}
    with holdfast.database.begin() as db:
        part_id = db.get_one(Unit, goods["free"]).part_id
        old = parties.ensure_lot(db, part_id, "OLD", expires_on=date(2020, 1, 31), **how)
        receive.receive_units(
            db, part_id, ["O-1"], location_id=goods["store"], lot_id=old.id,
            usability="conforming", **how,
        )  # fmt: skip
    assert "<b>Stop: expired</b>" in hand.get("/scan?q=O-1").text


def test_the_camera_is_allowed_on_its_page_and_nowhere_else(hand, goods):
    for path in ("/scan", "/scan/batch"):
        headers = hand.get(path).headers
        assert "camera=(self)" in headers["Permissions-Policy"]
        assert "media-src 'self' blob:" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
    assert "camera=()" in hand.get("/search").headers["Permissions-Policy"]


def test_a_batch_counts_each_once_and_survives(hand, goods):
    hand.post("/scan/batch", {"scans": f"A-1\nA-2\nA-1\n{label('A-2')}\nnothing"})
    again = hand.send("/scan/batch", data={"scans": "A-1"}, follow_redirects=True)
    said = words(again)
    assert "A-1 was scanned before: it counts once." in said
    assert "4 scans" in said
    assert "scanned 3 times" in said
    assert "one and the same unit, counted once" in said
    assert "2 may not pass" in said
    assert "1 to look at" in said
    assert re.search(r"PUMP L-7 2 ", said)  # the tally: two units, whatever they were scanned as
    assert words(hand.get("/scan/batch")).count("Take out") == 4


def test_a_batch_is_its_persons_own(hand, signed_in, people, goods):
    hand.post("/scan/batch", {"scans": "A-1"})
    other = signed_in(people.qa_engineer)
    assert "The batch is empty" in words(other.get("/scan/batch"))
    other.post("/scan/batch/drop", {"all": "1", "line": "1"})
    assert "1 scan " in words(hand.get("/scan/batch"))


def test_what_is_held_is_not_moved_and_the_batch_stays(holdfast, hand, goods):
    hand.post("/scan/batch", {"scans": "A-1\nA-2"})
    refused = hand.post("/scan/batch/act", {"act": "move", "place": "WH/2"})
    assert refused.status_code == 422
    assert "Nothing was changed. A-2 is on hold" in words(refused)
    with holdfast.database.read() as db:
        assert db.get_one(Unit, goods["free"]).location_id == goods["store"]
        assert db.scalar(select(func.count()).select_from(ScanLine)) == 2


def test_a_batch_is_moved_to_the_place_whose_label_was_scanned(holdfast, hand, goods):
    hand.post("/scan/batch", {"scans": label("A-1") + "\nnothing"})
    place = f"{SITE}/id/location/WH%2F2"
    done = hand.post("/scan/batch/act", {"act": "move", "place": place, "document": "TO-7"})
    assert done.status_code == 303
    with holdfast.database.read() as db:
        assert db.get_one(Unit, goods["free"]).location_id == goods["shelf"]
        moved = db.scalars(select(Event).where(Event.type == "moved")).one()
        assert moved.payload["documents"] == ["TO-7"]
        assert [line.text for line in db.scalars(select(ScanLine))] == ["nothing"]


def test_new_labels_are_received_with_their_lot_and_expiry(holdfast, hand, goods):
    scans = [f"(01){GTIN}(17)310131(10)L-8(21)N-{n}" for n in range(3)]
    hand.post("/scan/batch", {"scans": "\n".join(scans)})
    assert hand.post("/scan/batch/act", {"act": "receive", "place": "WH-1"}).status_code == 303
    page = words(hand.get("/scan", query_string={"q": scans[0]}))
    assert "Not yet released" in page
    assert "L-8" in page
    repeated = hand.post("/scan/batch/act", {"act": "receive", "place": "WH-1"})
    assert repeated.status_code == 422


def test_goods_come_back_nonconforming(holdfast, hand, goods):
    hand.post("/scan/batch", {"scans": "A-1\nA-2"})
    assert hand.post("/scan/batch/act", {"act": "return", "place": "WH-1"}).status_code == 303
    assert "Stop: nonconforming" in hand.get("/scan?q=A-1").text
    assert "Stop: on hold" in hand.get("/scan?q=A-2").text


def test_a_batch_is_exported(hand, goods):
    hand.post("/scan/batch", {"scans": "A-1\n=1+1"})
    rows = hand.get("/scan/batch/export?format=csv").data.decode("utf-8-sig").splitlines()
    assert rows[1].startswith("A-1,unit,PUMP,L-7,A-1,2030-02-28,clear,")
    assert rows[2].startswith("'=1+1,")
    assert hand.get("/scan/batch/export?format=exe").status_code == 404


def test_a_batch_has_an_end(hand, goods):
    hand.post("/scan/batch", {"scans": "\n".join(f"X{n}" for n in range(2001))})
    assert "The batch is empty" in words(hand.get("/scan/batch"))


# --- labels ----------------------------------------------------------------------------------


def printed(page):
    return [
        text.replace("&amp;", "&") for text in re.findall(r'class="printed">([^<]+)<', page.text)
    ]


def test_a_label_is_found_again_by_what_it_says(hand, goods):
    for kind, key, title in (
        ("units", "free", "A-1"),
        ("units", "bare", "B/1"),
        ("lots", "lot", "L-7"),
    ):
        address = f"/labels/{kind}/{goods[key]}"
        [text] = printed(hand.get(address))
        found = words(hand.get("/scan", query_string={"q": text}))
        assert f" {title} " in found
        assert "Not known here" not in found
    assert printed(hand.get(f"/labels/units/{goods['free']}")) == [
        f"(01){GTIN}(17)300228(10)L-7(21)A-1"
    ]
    assert printed(hand.get(f"/labels/units/{goods['bare']}")) == [
        f"{SITE}/id/OWN/PCB%201/serial/B%2F1"
    ]
    [place] = printed(hand.get(f"/labels/places/{goods['shelf']}"))
    assert "<b>A place</b>" in hand.get("/scan", query_string={"q": place}).text


def test_the_code_of_a_label_leads_to_what_it_names(hand, goods, visitor):
    path = f"/01/{GTIN}/10/L-7/21/A-1?17=300228"
    for who in (visitor, hand):
        led = who.get(path)
        assert led.status_code == 303
    assert "<b>No hold: may pass</b>" in hand.get(led.headers["Location"]).text


def test_labels_are_printed_as_often_as_wanted_and_in_a_batch(hand, goods):
    assert len(printed(hand.get(f"/labels/units/{goods['free']}?copies=3"))) == 3
    hand.post("/scan/batch", {"scans": "A-1\nA-2\nL-7"})
    assert len(printed(hand.get("/labels/batch"))) == 3
    assert hand.get("/labels/units/999").status_code == 404


def test_a_sheet_of_labels_is_a_pdf_in_either_language(hand, goods):
    address = f"/labels/units/{goods['free']}?copies=15&format=pdf"
    for language in ("en", "zh"):
        hand.get("/keyboard")
        hand.post("/language", {"language": language})
        sheet = hand.client.get(address)
        assert sheet.data.startswith(b"%PDF-")
        assert sheet.headers["Content-Disposition"] == 'attachment; filename="labels.pdf"'


def test_the_reader_that_comes_along_is_the_one_in_the_manifest():
    vendor = Path(__file__).parents[2] / "webapp" / "static" / "vendor"
    assert '"zxing.min.js"' in (vendor / "manifest.json").read_text("utf-8")
    assert Decimal((vendor / "zxing.min.js").stat().st_size) > 100_000
