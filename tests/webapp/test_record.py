"""Recording on the pages what happens to goods: from the dock to the field and back."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engine.serials import correct, examine, parties, purchase, ship
from engine.serials.backward import composition
from engine.serials.build import ToBuild
from engine.serials.errors import NotAGs1Serial
from engine.serials.examine import Looked
from engine.serials.models import (
    Container,
    Event,
    Flag,
    Location,
    Lot,
    LotStock,
    Party,
    PurchaseLine,
    Unit,
)
from engine.serials.parties import ensure_lot
from engine.serials.proven import proven
from engine.serials.purchase import OrderLine
from engine.serials.relabel import NewLabel, relabel_units
from engine.serials.scanned import stock_of
from forms import library
from tests.support.personas import People
from tests.support.shop import NOW, Shop
from tests.webapp.conftest import Visitor
from webapp.compose import Holdfast
from webapp.queries.failure import failure_of

Enter = Callable[..., Visitor]
CASE, PALLET = "376130321109103420", "376130321109103444"


@pytest.fixture
def shop_ids(holdfast: Holdfast, people: People) -> dict[str, Any]:
    """Stock a shop: an order for resin, two pumps, one with a board in it, and set lots."""
    with holdfast.database.begin() as db:
        shop = Shop(db, {"by": people.warehouse, "at": NOW})
        made = purchase.order(
            db, "PO-1", shop.supplier.id, [OrderLine(shop.resin.id, Decimal(10))], **shop.how
        )
        boards = shop.units(shop.board, "PCB-1", "PCB-2")
        shop.build(
            shop.pump, ToBuild("AB-1", ((boards[0], "J1"),)), "AB-2", work_order="WO-7",
            inputs=[shop.lot(shop.body, "B-1", 40)], facts={"equipment": ["G-17"]},
        )  # fmt: skip
        shop.lot(shop.set, "S-1", 50)
        line = db.scalar(select(PurchaseLine.id).where(PurchaseLine.order_id == made.id))
        return {"line": line, "pump": shop.pump.id}


def words(answer: Any) -> str:
    """Return what a page says, without its tags."""
    text = re.sub(r"<[^>]+>", " ", answer.text.split('<main id="main"')[1])
    return re.sub(r"\s+", " ", text.replace("&#39;", "'"))


def one(holdfast: Holdfast, query: Any) -> Any:
    with holdfast.database.read() as db:
        return db.scalar(query)


def custody(holdfast: Holdfast, serial: str) -> str:
    return one(holdfast, select(Unit.custody).where(Unit.serial == serial))


def test_a_receipt_against_an_order_is_recorded_once_however_often_it_is_sent(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    visitor = signed_in(people.warehouse)
    page = visitor.get("/record/receipt")
    assert "PO-1/1 · RES · Resin Works" in page.text
    said = {
        "line": str(shop_ids["line"]), "lot_no": "R-1", "quantity": "12", "place": "WH-1",
        "supplier_lot": "0X-77", "documents": "DN-5", "expires_on": "2027-01-31",
    }  # fmt: skip
    answer = visitor.post("/record/receipt", said)
    assert answer.status_code == 303
    assert "2 more than ordered were received" in words(visitor.get(answer.location))
    assert visitor.post("/record/receipt", said).location == answer.location

    lot_id = one(holdfast, select(Lot.id).where(Lot.lot_no == "R-1"))
    assert answer.location == f"/units-and-lots/lots/{lot_id}"
    lying = select(LotStock.quantity).where(LotStock.lot_id == lot_id)
    assert one(holdfast, lying) == Decimal(12)
    flagged = words(signed_in(people.qa_manager).get("/flags"))
    assert "More was received than ordered" in flagged


def test_every_problem_of_a_receipt_is_said_at_once_in_its_place(
    signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    visitor = signed_in(people.warehouse)
    visitor.get("/record/receipt")
    answer = visitor.post(
        "/record/receipt",
        {"line": str(shop_ids["line"]), "quantity": "a few", "place": "nowhere"},
    )
    assert answer.status_code == 422
    assert "“a few” is no number" in words(answer)
    assert "There is no place nowhere here" in words(answer)
    for name in ("lot_no", "quantity", "place"):
        assert f'href="#field-{name}"' in answer.text


def test_a_failed_inspection_opens_the_report_with_what_is_known(
    app: Flask, holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    visitor = signed_in(people.inspector)
    visitor.get("/record/inspection")
    answer = visitor.post(
        "/record/inspection",
        {
            "scanned": "S-1", "outcome": "failed", "sample_size": "5", "failed_count": "2",
            "characteristic": ["diameter", ""], "value": ["10.4", ""], "lower": ["9.9", ""],
            "upper": ["10.1", ""], "uom": ["mm", ""], "is_met": ["no", "yes"],
            "equipment": "G-17, G-18", "documents": "IR-9", "remark": "Burrs on the rim.",
        },
    )  # fmt: skip
    assert answer.status_code == 303
    assert answer.location.startswith("/report?event=")
    with app.test_request_context(), holdfast.database.read() as db:
        failed = failure_of(db, int(answer.location.partition("=")[2]))
    assert failed["suspects"] == {"scanned": "S-1", "unidentified": []}
    assert failed["source"] == "incoming_inspection"
    assert failed["source_reference"] == "IR-9"
    assert failed["operation"] == "G-17, G-18"
    for known in ("2 of 5 failed", "diameter: 10.4 mm (9.9 – 10.1)", "Burrs on the rim."):
        assert known in failed["description"], known
    form = library.form("nonconformance", "report")
    assert set(failed) <= {field.id for field in form.fields}

    lot = visitor.get("/units-and-lots?kind=lot&q=S-1", follow_redirects=True)
    assert "Inspections and tests" in words(lot)
    assert "G-17, G-18" in words(lot)


def test_a_pallet_is_packed_and_shipped_with_what_is_in_it(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    visitor = signed_in(people.warehouse)
    visitor.get("/record/packing")
    for key, sscc, kind, scanned in (
        ("key-of-case", CASE, "case", "AB-1\nS-1 x 12"),
        ("key-of-pallet", PALLET, "pallet", f"(00){CASE}\nAB-2"),
    ):
        said = {"do": "pack", "sscc": sscc, "kind": kind, "scanned": scanned, "request_key": key}
        answer = visitor.post("/record/packing", said)
        assert answer.status_code == 303, words(answer)
    page = words(visitor.get(answer.location))
    assert PALLET in page
    assert CASE in page
    assert "AB-2" in page
    unit = visitor.get("/units-and-lots?q=AB-1", follow_redirects=True)
    assert CASE in words(unit)

    visitor.get("/record/shipment")
    alone = visitor.post(
        "/record/shipment", {"scanned": "AB-1", "place": "C-1-S", "request_key": "key-alone"}
    )
    assert alone.status_code == 422
    assert f"AB-1 is packed in {CASE}" in words(alone)
    gone = visitor.post(
        "/record/shipment", {"scanned": PALLET, "place": "C-1-S", "document_no": "DN-8"}
    )
    assert gone.status_code == 303, words(gone)
    assert [custody(holdfast, serial) for serial in ("AB-1", "AB-2")] == ["in_transit"] * 2

    visitor.post("/record/arrival", {"scanned": "AB-1", "place": "C-1-S",
                                     "request_key": "key-of-arrival"})  # fmt: skip
    assert custody(holdfast, "AB-1") == "at_consignee"


def test_a_receipt_of_a_serial_number_that_no_label_carries_says_so(
    signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    visitor = signed_in(people.warehouse)
    visitor.get("/record/receipt")
    said = {"part_no": "PUMP", "serials": "ＡＢ9", "place": "WH-1"}
    wrong = visitor.post("/record/receipt", said)
    assert wrong.status_code == 422
    assert "“ＡＢ9” fits no GS1 label" in words(wrong)


def test_field_service_puts_a_device_into_use_and_nothing_that_is_no_device(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    visitor = signed_in(people.field_service)
    assert "Put into use" in visitor.get("/record").text
    visitor.get("/record/use")
    said = {"scanned": "AB-1\nS-1 x 2", "place": "C-1-S"}
    wrong = visitor.post("/record/use", said)
    assert wrong.status_code == 422
    assert "a carton or a lot is not put into use" in words(wrong)
    right = visitor.post("/record/use", {**said, "scanned": "AB-1", "request_key": "key-of-use"})
    assert "Put into use at the site" in words(visitor.get(right.location))


def test_a_service_in_the_field_records_what_came_out_and_went_in_as_one(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    visitor = signed_in(people.field_service)
    assert "PCB-1" in visitor.get("/record/service?device=AB-1").text
    answer = visitor.post(
        "/record/service",
        {
            "device": "AB-1", "found": "no flow", "done": "board replaced", "removed": "PCB-1",
            "fitted": "PCB-2\nS-1 x 2", "outcome": "in_use", "program": "2.1",
        },
    )  # fmt: skip
    assert answer.status_code == 303, words(answer)
    page = words(visitor.get(answer.location))
    for told in ("Found: no flow", "Taken out: PCB-1", "Put in: PCB-2", "Back in use"):
        assert told in page
    with holdfast.database.read() as db:
        states = dict(db.execute(select(Unit.serial, Unit.usability)).all())
    assert (states["PCB-1"], states["PCB-2"]) == ("nonconforming", "conforming")


def test_what_came_back_is_nonconforming_until_someone_looked(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    visitor = signed_in(people.customer_service)
    visitor.get("/record/return")
    missed = visitor.post("/record/return", {"scanned": "AB-1\nNO-SUCH\nS-1", "place": "Q-1",
                                             "request_key": "key-missed"})  # fmt: skip
    assert missed.status_code == 422
    assert "“NO-SUCH”" in words(missed)
    assert "Say how many of lot S-1" in words(missed)
    answer = visitor.post("/record/return", {"scanned": "AB-1", "place": "Q-1"})
    assert answer.status_code == 303
    assert custody(holdfast, "AB-1") == "returned"


def test_a_wrong_gauge_is_corrected_from_the_timeline_with_a_reason(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    visitor = signed_in(people.qa_engineer)
    built = one(holdfast, select(Event.id).where(Event.type == "built"))
    address = f"/events/{built}/correct"
    page = visitor.get(address)
    assert 'value="G-17"' in page.text
    said = {"what": "other", "fact-equipment": "G-18", "fact-work_order": "WO-7"}
    unsaid = visitor.post(address, {**said, "request_key": "key-unsaid"})
    assert unsaid.status_code == 422
    answer = visitor.post(address, {**said, "reason": "misread"})
    assert answer.status_code == 303, words(answer)
    run = words(visitor.get(answer.location))
    assert "G-18" in run
    assert "Reason: misread" in run
    assert "Open its latest version" in words(visitor.get(address))
    again = visitor.post(address, {"what": "never", "reason": "no", "request_key": "key-again"})
    assert again.status_code == 422
    assert f"Event {built} was already corrected" in words(again)


def test_a_flag_is_closed_with_a_note_by_quality(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    warehouse = signed_in(people.warehouse)
    warehouse.get("/record/shipment")
    packed = {"do": "pack", "sscc": CASE, "kind": "case", "scanned": "AB-1\nAB-2"}
    warehouse.post("/record/packing", {**packed, "request_key": "key-of-case"})
    warehouse.post("/record/shipment", {"scanned": "AB-1", "place": "C-1-S", "happened": "yes"})
    flag = one(holdfast, select(Flag.id))
    manager = signed_in(people.qa_manager)
    assert "Moved though it was packed in something else" in words(manager.get("/flags"))
    manager.post(f"/flags/{flag}", {"note": ""})
    assert one(holdfast, select(Flag.seen_at)) is None
    manager.post(f"/flags/{flag}", {"note": "The case was opened at the dock."})
    assert "The case was opened at the dock." in words(manager.get("/flags?state=seen"))
    assert one(holdfast, select(Container.sscc)) == CASE


def test_the_page_of_a_run_says_what_went_in_what_came_out_and_on_what(
    signed_in: Enter, people: People, holdfast: Holdfast, shop_ids: dict[str, Any]
) -> None:
    visitor = signed_in(people.qa_engineer)
    run = one(holdfast, select(Unit.seg_id).where(Unit.serial == "AB-1"))
    page = words(visitor.get(f"/units-and-lots/runs/{run}"))
    for told in ("Run WO-7", "B-1", "AB-1", "AB-2", "G-17", "Store"):
        assert told in page
    assert visitor.get("/units-and-lots/runs/999999").status_code == 404
    assert visitor.get("/units-and-lots/containers/999999").status_code == 404


def test_tests_and_certificates_stand_in_the_tree_at_the_thing_they_are_of(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    how: Any = {"by": people.warehouse, "at": NOW}
    with holdfast.database.begin() as db:
        pump, board, bystander = (
            db.scalars(select(Unit.id).where(Unit.serial == serial)).one()
            for serial in ("AB-1", "PCB-1", "AB-2")
        )
        lot = db.scalars(select(Lot.id).where(Lot.lot_no == "B-1")).one()
        maker = db.scalars(select(Party.id).where(Party.code == "OWN")).one()
        examine.certify(db, "material", "MC-77", issuer_id=maker, nodes=[lot], **how)
        examine.examine(db, "test", Looked(units=[board]), outcome="passed", **how)
        wrong = examine.examine(db, "test", Looked(units=[board]), outcome="failed", **how)
        correct.withdraw(db, wrong.event.id, reason="another board", **how)
        proofs = proven(db, composition(db, unit_id=pump))
        tested = [one.outcome for one in proofs["unit", board].tests]
        certified = [one.number for one in proofs["lot", lot].certificates]
        assert (tested, certified) == (["passed"], ["MC-77"])
        assert set(proofs) == {("unit", board), ("lot", lot)}
        assert set(proven(db, composition(db, unit_id=bystander))) == {("lot", lot)}

    visitor = signed_in(people.qa_engineer)
    tree = visitor.get(f"/units-and-lots/units/{pump}").text.split("Made of</h2>")[1]
    tree = tree.split("</section>")[0]
    assert tree.index("B-1") < tree.index("MC-77") < tree.index("PCB-1") < tree.index("Passed")
    table = visitor.get(f"/trace/made-of/unit/{pump}/file.csv").text.splitlines()
    assert "Material certificate MC-77, Linden Infusion" in next(x for x in table if ",B-1," in x)
    assert "Test: Passed" in next(line for line in table if "PCB-1" in line)

    told = visitor.get(f"/api/v1/units/{pump}/made-of").get_json()
    run, inside = told["parts"]
    assert inside["tests"][0]["outcome"] == "passed"
    assert run["tests"] == []
    assert run["parts"][0]["certificates"][0]["number"] == "MC-77"
    of_lot = visitor.get(f"/api/v1/lots/{lot}/made-of").get_json()
    assert of_lot["certificates"][0]["issuer"] == "Linden Infusion"


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "1000-01-01T00:00", "1949-12-31T23:59"])
def test_a_moment_before_any_record_is_a_slip_and_changes_nothing(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any], moment: str
) -> None:
    visitor = signed_in(people.warehouse)
    visitor.get("/record/return")
    answer = visitor.post("/record/return", {"scanned": "AB-2", "place": "Q-1", "event_at": moment})
    assert answer.status_code == 422
    assert "lies before 1950. Check the year" in words(answer)
    assert custody(holdfast, "AB-2") == "in_house"


def test_a_receipt_of_another_part_than_the_line_ordered_is_refused(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    visitor = signed_in(people.warehouse)
    visitor.get("/record/receipt")
    said = {
        "line": str(shop_ids["line"]), "part_no": "PUMP", "lot_no": "R-1", "quantity": "2",
        "place": "WH-1",
    }  # fmt: skip
    answer = visitor.post("/record/receipt", said)
    assert answer.status_code == 422
    assert "The line of the order is of part RES, not of PUMP" in words(answer)
    assert one(holdfast, select(Lot.id).where(Lot.lot_no == "R-1")) is None
    assert visitor.post("/record/receipt", {**said, "part_no": "RES"}).status_code == 303


@pytest.mark.parametrize(
    ("outcome", "rejected", "sentence"),
    [
        ("passed", "AB-1", "Choose “Passed after sorting” where some were rejected"),
        ("sorted", "AB-2", "AB-2 was rejected, but is not among what was looked at"),
        ("sorted", "S-1 x 2", "S-1 was rejected, but is not among what was looked at"),
    ],
)
def test_only_what_was_looked_at_is_rejected(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any],
    outcome: str, rejected: str, sentence: str,
) -> None:  # fmt: skip
    visitor = signed_in(people.qa_technician)
    visitor.get("/record/inspection")
    said = {"scanned": "AB-1", "outcome": outcome, "rejected": rejected}
    answer = visitor.post("/record/inspection", said)
    assert answer.status_code == 422
    assert sentence in words(answer)
    assert one(holdfast, select(Event.id).where(Event.type == "inspected")) is None


def test_a_lot_that_lies_nowhere_as_a_quantity_says_what_to_scan(
    holdfast: Holdfast, signed_in: Enter, people: People, shop_ids: dict[str, Any]
) -> None:
    with holdfast.database.begin() as db:
        shop_part = db.scalars(select(Unit.part_id).where(Unit.serial == "AB-1")).one()
        ensure_lot(db, shop_part, "P-LOT", by=people.warehouse, at=NOW)
    visitor = signed_in(people.qa_technician)
    visitor.get("/record/inspection")
    said = {"scanned": "P-LOT", "outcome": "passed"}
    assert "No quantity of lot P-LOT lies here" in words(visitor.post("/record/inspection", said))
    visitor = signed_in(people.warehouse)
    visitor.get("/record/shipment")
    said = {"scanned": "S-1 x 900", "place": "C-1-S"}
    assert "Only 50 of lot S-1 lie here, not 900" in words(visitor.post("/record/shipment", said))


@pytest.mark.parametrize("serial", ["AB 1<b>", "A" * 21, "AB-#"])
def test_a_device_takes_no_serial_that_its_label_cannot_carry(
    holdfast: Holdfast, people: People, shop_ids: dict[str, Any], serial: str
) -> None:
    with holdfast.database.begin() as db:
        unit_id = db.scalars(select(Unit.id).where(Unit.serial == "AB-1")).one()
        with pytest.raises(NotAGs1Serial):
            relabel_units(db, [NewLabel(unit_id, serial)], by=people.warehouse, at=NOW)
        relabel_units(db, [NewLabel(unit_id, "AB-1/2")], by=people.warehouse, at=NOW)


@pytest.fixture
def shared_lot(holdfast: Holdfast, people: People, shop_ids: dict[str, Any]) -> int:
    """Give a lot of which two hospitals have ten and as many are on their way to each."""
    with holdfast.database.begin() as db:
        lot_id = db.scalars(select(Lot.id).where(Lot.lot_no == "S-1")).one()
        how: Any = {"by": people.warehouse, "at": NOW}
        other = parties.add_party(db, "C-2", "St Luke", kind="consignee", country="GB", **how)
        parties.add_location(db, other.id, "C-2-S", "Theatre", kind="consignee", **how)
        for code in ("C-1-S", "C-2-S"):
            place = db.scalars(select(Location.id).where(Location.code == code)).one()
            for is_told in (True, False):
                [part] = stock_of(db, [(lot_id, Decimal(10))])
                told = ship.report_shipment if is_told else ship.ship
                told(db, stock_parts=[part], to_location_id=place, **how)
    return lot_id


def lying(holdfast: Holdfast, lot_id: int) -> dict[tuple[str, str], Decimal]:
    with holdfast.database.read() as db:
        rows = db.execute(
            select(LotStock.custody, Location.code, LotStock.quantity)
            .join(Location, Location.id == LotStock.location_id)
            .where(LotStock.lot_id == lot_id, LotStock.quantity != 0)
        )
        return {(custody, code): quantity for custody, code, quantity in rows}


def test_a_lot_that_several_have_comes_back_from_the_one_that_is_named(
    holdfast: Holdfast, signed_in: Enter, people: People, shared_lot: int
) -> None:
    visitor = signed_in(people.warehouse)
    before = lying(holdfast, shared_lot)
    visitor.get("/record/return")
    said = {"scanned": "S-1 x 4", "place": "Q-1"}
    asked = visitor.post("/record/return", said)
    assert asked.status_code == 422
    assert "Lot S-1 is at more than one place: Theatre, Ward." in words(asked)
    assert lying(holdfast, shared_lot) == before

    assert visitor.post("/record/return", {**said, "came_from": "C-2-S"}).status_code == 303
    after = lying(holdfast, shared_lot)
    assert sum(q for (_, code), q in after.items() if code == "C-2-S") == 16
    assert {key: q for key, q in after.items() if key[1] == "C-1-S"} == {
        key: q for key, q in before.items() if key[1] == "C-1-S"
    }
    elsewhere = {**said, "came_from": "L-1", "request_key": "key-of-another-form"}
    wrong = visitor.post("/record/return", elsewhere)
    assert "Lot S-1 is not recorded for Line 1, but for Theatre, Ward." in words(wrong)


def test_what_arrives_is_what_was_on_its_way_to_that_place(
    holdfast: Holdfast, signed_in: Enter, people: People, shared_lot: int
) -> None:
    visitor = signed_in(people.warehouse)
    visitor.get("/record/arrival")
    said = {"scanned": "S-1 x 10", "place": "C-2-S"}
    assert visitor.post("/record/arrival", said).status_code == 303
    after = lying(holdfast, shared_lot)
    assert after[("in_transit", "C-1-S")] == 10
    assert after[("at_consignee", "C-2-S")] == 20
    again = visitor.post("/record/arrival", {**said, "request_key": "key-of-another-form"})
    assert "Lot S-1 is not recorded for Theatre, but for Ward." in words(again)
