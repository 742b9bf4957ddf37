"""Tracing as a person does it: paste, answer what is asked, read the result, take it along."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from engine import jobs
from engine.serials import gaps, ship, tracing
from engine.serials.models import Location, Part, Unit
from tests.support.personas import People
from tests.support.shop import Shop
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def shop(holdfast: Holdfast, people: People) -> dict[str, Any]:
    """Build three pumps of resin K-7, number 007 among them, and one of another lot."""
    with holdfast.database.begin() as db:
        made = Shop(db, {"by": people.warehouse, "at": NOW})
        k7, k8 = made.lot(made.resin, "K-7", 9), made.lot(made.resin, "K-8", 9)
        run = made.build(made.pump, "007", "P2", "=P3", inputs=[k7], work_order="WO-1")
        made.build(made.pump, "OTHER", inputs=[k8])
        made.units(made.board, "K-7")
        return {"unit": run.unit_ids[0], "lot": k7.id}


@pytest.fixture
def visitor(signed_in: Callable[..., Visitor], people: People) -> Visitor:
    return signed_in(people.qa_engineer)


def words(answer: Any) -> str:
    """Return what a page says, without its tags."""
    text = re.sub(r"<[^>]+>", " ", answer.text.split('<main id="main"')[1])
    return re.sub(r"\s+", " ", text)


def test_a_text_is_read_answered_traced_and_taken_along(shop: Any, visitor: Visitor) -> None:
    visitor.get("/trace")
    read = visitor.post("/trace", {"text": "K-7, ZZ-9", "do": "read"})
    assert "is recorded more than once" in read.text
    key = re.findall(r'name="(a\.which-[0-9a-f]+)" value="lot:', read.text)[0]
    early = visitor.post("/trace", {"text": "K-7, ZZ-9", "do": "trace"})
    assert early.status_code == 422
    answered = {"text": "K-7, ZZ-9", key: f"lot:{shop['lot']}"}
    assert "Trace it" in visitor.post("/trace", {**answered, "do": "read"}).text
    there = visitor.post("/trace", {**answered, "do": "trace"}).location
    assert there is not None

    page = words(visitor.get(there))
    assert "1 number is not recorded here" in page
    assert "3 units" in page
    rows = list(csv.reader(io.StringIO(visitor.get(f"{there}/file.csv").text.lstrip("\ufeff"))))
    serials = rows[0].index("Serial number")
    assert {row[serials] for row in rows[1:]} >= {"007", "P2", "'=P3"}
    told = json.loads(visitor.get(f"{there}/file.json").text)
    assert {one["serial"] for one in told} >= {"007", "=P3"}
    book = CalamineWorkbook.from_filelike(io.BytesIO(visitor.client.get(f"{there}/file.xlsx").data))
    assert "007" in [row[serials] for row in book.get_sheet_by_index(0).to_python()]
    assert visitor.get(f"{there}/file.exe").status_code == 404


def test_one_click_traces_from_a_unit_and_shows_why(shop: Any, visitor: Visitor) -> None:
    page = visitor.get(f"/units-and-lots/lots/{shop['lot']}")
    assert "Trace from here" in page.text
    there = visitor.post("/trace/from", {"kind": "lot", "id": str(shop["lot"])}).location
    assert there is not None
    listed = words(visitor.get(f"{there}/units"))
    assert "P2" in listed
    assert "OTHER" not in listed
    why = words(visitor.get(f"{there}/why?unit=007"))
    assert "went into" in why
    assert "not affected" in words(visitor.get(f"{there}/why?unit=OTHER"))
    assert 'data-graph="{&#34;nodes&#34;' in visitor.get(f"{there}/graph").text
    again = visitor.post(f"{there}/again").location
    first, second = (one.rsplit("/", 1)[1] for one in (there, str(again)))
    compared = words(visitor.get(f"/trace/compare?run={first}&run={second}"))
    assert "Both found the very same" in compared


def test_a_large_trace_shows_how_far_it_is_and_leads_to_what_it_found(
    shop: Any, visitor: Visitor, holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "MANY", 1)
    visitor.get("/trace")
    there = visitor.post("/trace/from", {"kind": "lot", "id": str(shop["lot"])}).location
    assert there is not None
    assert "/jobs/" in there
    assert "About 3 units are affected" in words(visitor.get(there))
    holdfast.run_jobs()
    live = visitor.client.get(there, headers={"HX-Request": "true"})
    assert live.headers["HX-Redirect"] == visitor.get(there).location


def test_an_auditor_reads_and_cannot_trace(
    shop: Any, signed_in: Callable[..., Visitor], people: People
) -> None:
    auditor = signed_in(people.auditor)
    page = auditor.get("/trace")
    assert page.status_code == 200
    assert "<textarea" not in page.text
    assert auditor.post("/trace", {"text": "K-7", "do": "read"}).status_code == 403


def test_the_gap_radar_shows_the_newest_reading_and_where_to_mend(
    shop: Any, visitor: Visitor, holdfast: Holdfast
) -> None:
    assert "Nobody has looked yet" in words(visitor.get("/gaps"))
    assert visitor.post("/gaps").status_code == 303
    assert "being looked through" in words(visitor.get("/gaps"))
    holdfast.run_jobs()
    page = visitor.get("/gaps")
    assert "Serials without run and lot" in words(page)
    assert "part=PCBA" in page.text
    with holdfast.database.read() as db:
        assert {one.kind for one in gaps.newest(db)} == set(gaps.KINDS)
        assert not [job for job in jobs.unfinished(db) if job.name == gaps.VERB]
        assert db.get(Unit, shop["unit"]) is not None


def test_what_was_found_prints_with_every_unit_named(shop: Any, visitor: Visitor) -> None:
    visitor.get("/trace")
    there = visitor.post("/trace/from", {"kind": "lot", "id": str(shop["lot"])}).location
    paper = visitor.client.get(f"{there}/paper")
    assert paper.mimetype == "application/pdf"
    assert paper.data.startswith(b"%PDF-")


def test_a_chinese_reader_is_told_what_parts_are_called_in_chinese(
    shop: Any, visitor: Visitor, holdfast: Holdfast
) -> None:
    with holdfast.database.begin() as db:
        for number, name in (("RES", "树脂原料"), ("PUMP", "输液泵整机")):
            db.execute(update(Part).where(Part.part_no == number).values(name_zh=name))
        ship.deliver(
            db, location_id=db.scalars(select(Location.id).where(Location.code == "C-1-S")).one(),
            units=[shop["unit"]], by=None, at=NOW,
        )  # fmt: skip
    visitor.get("/trace")
    there = visitor.post("/trace", {"text": "lot K-8", "do": "trace"}).location
    visitor.post("/language", {"language": "zh"})
    assert "树脂原料" in words(visitor.get(f"/units-and-lots/units/{shop['unit']}"))
    assert "输液泵整机" in words(visitor.get(f"{there}/units"))
    flags = words(visitor.get("/flags"))
    assert "厂内" in flags
    assert "in_house" not in flags
