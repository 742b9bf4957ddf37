"""Recording on the pages: orders, certificates, lots, labels, kits, parts, other names, flags."""

import hashlib
import re
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from engine.serials import parties
from engine.serials.build import ToBuild, build_units
from engine.serials.find import resolve
from engine.serials.models import (
    Certificate,
    Edge,
    Flag,
    Install,
    Lot,
    PurchaseLine,
    Segment,
    Unit,
)
from engine.serials.record import LotInput
from tests.support.personas import People
from tests.support.shop import NOW, Shop
from tests.webapp.conftest import Visitor
from tests.webapp.test_record import one, words
from webapp.compose import Holdfast

Enter = Callable[..., Visitor]
keys = count(1)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def send(visitor: Visitor, address: str, said: dict[str, Any]) -> Any:
    """Send a form as one that was just opened: under a key of its own."""
    return visitor.post(address, {"request_key": f"key-of-this-form-{next(keys)}", **said})


@pytest.fixture
def shop(holdfast: Holdfast, people: People) -> dict[str, int]:
    """Stock a shop: two pumps made of bodies, one with a board in it; boards and sets beside."""
    with holdfast.database.begin() as db:
        shop = Shop(db, {"by": people.warehouse, "at": NOW})
        boards = shop.units(shop.board, "PCB-1", "PCB-2")
        right, wrong = shop.lot(shop.body, "B-1", 40), shop.lot(shop.body, "B-9", 40)
        built = shop.build(
            shop.pump, ToBuild("AB-1", ((boards[0], "J1"),)), "AB-2", work_order="WO-7",
            inputs=[wrong], usability="unreleased",
        )  # fmt: skip
        sets = shop.lot(shop.set, "S-1", 50)
        shop.part("KIT", "serial", "device")
        return {
            "pump": built.unit_ids[0], "event": built.event.id, "segment": built.segment_id or 0,
            "right": right.id, "wrong": wrong.id, "set": sets.id, "supplier": shop.supplier.id,
        }  # fmt: skip


def test_only_who_may_see_prices_enters_them_and_every_problem_stands_at_its_line(
    holdfast: Holdfast, signed_in: Enter, people: People, shop: dict[str, int]
) -> None:
    buyer = signed_in(people.purchasing)
    said = {
        "number": "PO-8", "supplier": "S-1 · Resin Works", "part_no": ["RES", "NO-SUCH", ""],
        "quantity": ["100", "1", ""], "due_on": ["2026-04-01", "", ""],
        "unit_price": ["1.25", "", ""], "currency": ["", "", ""],
    }  # fmt: skip
    answer = send(buyer, "/record/order", said)
    assert answer.status_code == 422
    assert 'href="#field-part_no-0"' in answer.text
    assert "There is no part NO-SUCH" in words(answer)

    good = {**said, "part_no": ["RES", "", ""], "quantity": ["100", "", ""]}
    good["currency"] = ["eur", "", ""]
    assert send(buyer, "/record/order", good).status_code == 303
    line = one(holdfast, select(PurchaseLine))
    assert (line.quantity, line.unit_price, line.currency) == (100, Decimal("1.25"), "EUR")
    again = send(buyer, "/record/order", {**good})
    assert "PO-8" in words(again)
    assert again.status_code in (409, 422)


def test_a_certificate_is_kept_with_its_file_and_opened_from_the_lot_and_the_unit(
    holdfast: Holdfast, signed_in: Enter, people: People, shop: dict[str, int]
) -> None:
    visitor = signed_in(people.inspector)
    said = {
        "kind": "conformity", "number": "CoC-77", "issuer": "S-1", "scanned": "S-1\nAB-1",
        "file": (BytesIO(b"no pdf"), "coc.pdf"),
    }  # fmt: skip
    refused = send(visitor, "/record/certificate", said)
    assert refused.status_code == 422
    assert 'href="#field-file"' in refused.text

    sent = {**said, "file": (BytesIO(PDF), "coc 合格.pdf")}
    assert send(visitor, "/record/certificate", sent).status_code == 303
    kept = one(holdfast, select(Certificate))
    assert kept.file_sha256 == hashlib.sha256(PDF).hexdigest()
    address = f"/record/certificates/{kept.event_id}/file"
    for page in (f"units/{shop['pump']}", f"lots/{shop['set']}"):
        shown = visitor.get(f"/units-and-lots/{page}").text
        assert address in shown
        assert kept.file_sha256 in shown
    file = signed_in(people.auditor).get(address)
    assert (file.data, file.mimetype) == (PDF, "application/pdf")


def test_a_lot_is_split_merged_and_relabelled_with_a_reason(
    holdfast: Holdfast, signed_in: Enter, people: People, shop: dict[str, int]
) -> None:
    visitor = signed_in(people.warehouse)
    missing = send(visitor, "/record/lot-split", {"scanned": "S-1 x 12"})
    assert 'href="#field-lot_no"' in missing.text
    assert 'href="#field-reason"' in missing.text

    why = {"reason": "Two markets"}
    for path, scanned, lot_no in (
        ("lot-split", "S-1 x 12", "S-1A"),
        ("lot-merge", "S-1 x 8\nS-1A", "S-2"),
        ("relabelling", "S-2", "S-3"),
    ):
        said = {"scanned": scanned, "lot_no": lot_no, **why}
        assert send(visitor, f"/record/{path}", said).status_code == 303
    with holdfast.database.read() as db:
        made = {lot.lot_no: lot.id for lot in db.scalars(select(Lot))}
        edges = {(edge.inp, edge.out) for edge in db.scalars(select(Edge))}
    assert {(made["S-1"], made["S-1A"]), (made["S-1A"], made["S-2"])} <= edges
    assert (made["S-2"], made["S-3"]) in edges

    taken = {"scanned": "S-1 x 1", "lot_no": "S-2", **why}
    assert "S-2" in words(send(visitor, "/record/lot-split", taken))


def test_a_unit_that_gets_another_serial_is_found_by_both(
    holdfast: Holdfast, signed_in: Enter, people: People, shop: dict[str, int]
) -> None:
    visitor = signed_in(people.production)
    said = {"scanned": "AB-1", "serials": "AB-1R, AB-2R", "reason": "Smudged"}
    assert "1 scanned, 2 entered" in words(send(visitor, "/record/relabelling", said))
    said |= {"serials": "AB-1R", "label_version": "C"}
    assert send(visitor, "/record/relabelling", said).status_code == 303
    with holdfast.database.read() as db:
        assert {match.id for match in resolve(db, "AB-1R")} == {shop["pump"]}
        assert {match.id for match in resolve(db, "AB-1")} == {shop["pump"]}


def test_parts_are_replaced_and_kits_put_together(
    holdfast: Holdfast, signed_in: Enter, people: People, shop: dict[str, int]
) -> None:
    visitor = signed_in(people.production)
    assert "PCB-1" in words(visitor.get("/record/parts?device=AB-1"))
    said = {"do": "replace", "device": "AB-1", "removed": "PCB-2", "fitted": "PCB-1"}
    assert 'href="#field-reason"' in send(visitor, "/record/parts", said).text
    said |= {"reason": "Failed at test"}
    assert "PCB-2" in words(send(visitor, "/record/parts", said))
    said |= {"removed": "PCB-1", "fitted": "PCB-2"}
    assert send(visitor, "/record/parts", said).status_code == 303
    inside = select(Unit.serial).join(Install, Install.child_id == Unit.id)
    assert one(holdfast, inside.where(Install.to_event_id.is_(None))) == "PCB-2"

    kit = {
        "part_no": "KIT", "scanned": "S-1 x 2\nPCB-1", "serials": "K-1, K-2", "place": "WH-1",
    }  # fmt: skip
    assert 'href="#field-serials"' in send(visitor, "/record/kitting", kit).text
    kit |= {"serials": "K-1"}
    assert send(visitor, "/record/kitting", kit).status_code == 303
    seg_id = one(holdfast, select(Unit.seg_id).where(Unit.serial == "K-1"))
    assert one(holdfast, select(Edge.inp).where(Edge.out == seg_id)) == shop["set"]


def test_what_really_went_in_is_corrected_from_the_timeline(
    holdfast: Holdfast, signed_in: Enter, people: People, shop: dict[str, int]
) -> None:
    visitor = signed_in(people.qa_engineer)
    address = f"/events/{shop['event']}/inputs"
    assert address in visitor.get(f"/events/{shop['event']}/correct").text
    nothing = send(visitor, address, {"reason": "misread"})
    assert "Choose what never went in" in words(nothing)

    said = {
        "wrong": str(shop["wrong"]),
        "right": "B-1 x 2",
        "reason": "misread",
    }
    assert send(visitor, address, said).status_code == 303
    standing = select(Edge.inp).where(Edge.out == shop["segment"], Edge.never_event_id.is_(None))
    assert one(holdfast, standing) == shop["right"]
    late = send(visitor, address, {**said})
    assert late.status_code in (409, 422)
    assert "Open its latest version" in words(late)


def test_a_name_in_another_system_is_kept_and_taken_back_with_a_reason(
    holdfast: Holdfast, signed_in: Enter, people: People, shop: dict[str, int]
) -> None:
    visitor = signed_in(people.purchasing)
    address = f"/record/names/unit/{shop['pump']}"
    send(visitor, address, {"system": "mes", "value": "M-77"})
    other = f"/record/names/lot/{shop['set']}"
    assert send(visitor, other, {"system": "mes", "value": "M-77"}).status_code
    page = visitor.get(f"/units-and-lots/units/{shop['pump']}").text
    assert "M-77" in page
    [name_id] = re.findall(r'name="retire" value="(\d+)"', visitor.get(address).text)
    bare = send(visitor, address, {"retire": name_id})
    assert f'href="#field-reason-{name_id}"' in bare.text
    said = {"retire": name_id, f"reason-{name_id}": "Another unit"}
    # of another record it is not taken back
    assert send(visitor, other, said).status_code == 422
    assert send(visitor, address, {**said}).status_code == 303
    assert "M-77" not in visitor.get(address).text


def test_a_flag_is_looked_at_with_what_came_of_it_and_an_auditor_only_reads(
    holdfast: Holdfast, signed_in: Enter, people: People, shop: dict[str, int]
) -> None:
    with holdfast.database.begin() as db:
        how: Any = {"by": people.warehouse, "at": NOW}
        lot = parties.ensure_lot(db, db.get_one(Lot, shop["right"]).part_id, "B-1", **how)
        build_units(
            db, db.get_one(Unit, shop["pump"]).part_id, ["AB-7"], reported=True,
            location_id=db.scalars(select(Segment.site_id)).first() or 0,
            inputs=[LotInput(lot.id, Decimal(999))], **how,
        )  # fmt: skip
    flag = one(holdfast, select(Flag.id))
    auditor = signed_in(people.auditor)
    assert "More went in than was received" in words(auditor.get("/flags"))
    assert 'name="note"' not in auditor.get("/flags").text
    boss = signed_in(people.qa_manager)
    assert "nobody looked at these yet" in words(boss.get("/record"))
    bare = send(boss, f"/flags/{flag}", {"note": " "})
    assert (bare.status_code, f'href="#field-note-{flag}"' in bare.text) == (422, True)
    assert send(boss, f"/flags/{flag}", {"note": "Counted again"}).status_code == 303
    assert "nobody looked at these yet" not in words(boss.get("/record"))
    assert "Counted again" in words(auditor.get("/flags?state=seen"))
