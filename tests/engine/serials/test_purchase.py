"""From the order to the receipt, the incoming inspection and the papers."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.serials import correct, examine, naming, purchase
from engine.serials.errors import (
    NothingExamined,
    OrderTaken,
    OrderWithdrawn,
    OutcomeDiffers,
    PartsDiffer,
    SampleDiffers,
)
from engine.serials.examine import Looked, Reading, Sample
from engine.serials.models import Certificate, Examination, Flag, Measurement, PurchaseLine
from engine.serials.purchase import OrderLine

DIAMETER = Reading("diameter", "9.98", lower="9.9", upper="10.1", uom="mm")


@pytest.fixture
def ordered(shop):
    made = purchase.order(
        shop.db, "PO-1", shop.supplier.id,
        [OrderLine(shop.resin.id, Decimal(100), date(2026, 4, 1), Decimal("1.25"), "EUR"),
         OrderLine(shop.board.id, Decimal(2))],
        **shop.how,
    )  # fmt: skip
    return made, list(shop.db.scalars(select(PurchaseLine).order_by(PurchaseLine.line_no)))


def receive(shop, line, quantity, lot, **more):
    return purchase.receive_against(
        shop.db, line.id, location_id=shop.store.id, lot_id=lot.id, quantity=Decimal(quantity),
        **more, **shop.how,
    )  # fmt: skip


def test_what_is_received_counts_against_its_order_until_it_is_corrected(shop, ordered):
    _, [line, _] = ordered
    lot = shop.lot(shop.resin, "R-1")
    first = receive(shop, line, 60, lot, documents=["DN-77"], facts={"supplier_lot": ["0X"]})
    assert purchase.received_of(shop.db, [line.id]) == {line.id: Decimal(60)}
    assert naming.concerned(shop.db, "purchase_order", "PO-1").lots == {lot.id}
    assert naming.concerned(shop.db, "supplier_lot", "0X").lots == {lot.id}

    correct.replace(shop.db, first.event.id, quantity=Decimal(50), reason="counted", **shop.how)
    assert purchase.received_of(shop.db, [line.id])[line.id] == Decimal(50)


def test_a_withdrawn_receipt_no_longer_counts(shop, ordered):
    _, [line, _] = ordered
    first = receive(shop, line, 60, shop.lot(shop.resin, "R-1"))
    correct.withdraw(shop.db, first.event.id, reason="another dock", **shop.how)
    assert purchase.received_of(shop.db, [line.id])[line.id] == 0


def test_more_than_ordered_is_received_warned_of_and_flagged(shop, ordered):
    _, [line, _] = ordered
    recorded = receive(shop, line, 101, shop.lot(shop.resin, "R-1"))
    assert recorded.warnings == ("1 more than ordered were received on line 1 of PO-1",)
    assert [flag.rule for flag in shop.db.scalars(select(Flag))] == ["over_received"]


def test_serialised_parts_are_received_against_their_line(shop, ordered):
    _, [_, boards] = ordered
    recorded = purchase.receive_against(
        shop.db, boards.id, location_id=shop.store.id, serials=["PCB-1", "PCB-2"], **shop.how
    )
    assert len(recorded.unit_ids) == 2
    assert purchase.received_of(shop.db, [boards.id])[boards.id] == 2


def test_another_part_than_ordered_is_not_received_against_it(shop, ordered):
    _, [line, _] = ordered
    with pytest.raises(PartsDiffer, match="BODY"):
        receive(shop, line, 5, shop.lot(shop.body, "B-1"))


def test_an_order_number_is_given_once_and_a_withdrawn_order_takes_nothing(shop, ordered):
    made, [line, _] = ordered
    with pytest.raises(OrderTaken, match="PO-1"):
        purchase.order(shop.db, " PO-1 ", shop.supplier.id, [], **shop.how)
    correct.withdraw(shop.db, made.event_id, reason="sent twice", **shop.how)
    with pytest.raises(OrderWithdrawn, match="PO-1"):
        receive(shop, line, 5, shop.lot(shop.resin, "R-1"))
    assert (
        purchase.order(
            shop.db, "PO-1", shop.supplier.id, [OrderLine(shop.resin.id, Decimal(1))], **shop.how
        ).id
        != made.id
    )


# --- inspections, tests, certificates --------------------------------------------------------


def test_what_fails_inspection_is_nonconforming_from_then_on(shop):
    lot = shop.lot(shop.resin, "R-1", 50)
    missed = Reading("diameter", "10.4", is_met=False, lower="9.9", upper="10.1", uom="mm")
    recorded = examine.examine(
        shop.db, "inspection", Looked(stock_parts=examine.whole_lot(shop.db, lot.id)),
        outcome="failed", readings=[DIAMETER, missed], sample=Sample(5, 2), remark="burrs",
        facts={"inspector": ["Mei Lin"], "equipment": ["G-17"]}, **shop.how,
    )  # fmt: skip

    assert [(row.usability, row.quantity) for row in shop.stock(lot)] == [
        ("nonconforming", Decimal(50))
    ]
    kept = shop.db.get(Examination, recorded.event.id)
    assert (kept.outcome, kept.sample_size, kept.failed_count) == ("failed", 5, 2)
    values = shop.db.scalars(select(Measurement.value).order_by(Measurement.id)).all()
    assert values == ["9.98", "10.4"]
    assert naming.concerned(shop.db, "equipment", "G-17").lots == {lot.id}


def test_what_passes_stays_as_it_is_until_it_is_released(shop):
    units = shop.units(shop.board, "PCB-1", usability="unreleased")
    examine.examine(shop.db, "test", Looked(units=units), outcome="passed", **shop.how)
    assert shop.db.get(type(shop.board), shop.board.id).is_released is False


def test_sorting_takes_out_what_it_rejected_and_nothing_else(shop):
    good, bad = shop.units(shop.board, "PCB-1", "PCB-2")
    examine.examine(
        shop.db, "inspection", Looked(units=[good, bad], rejected_units=[bad]),
        outcome="sorted", **shop.how,
    )  # fmt: skip
    states = {u.id: u.usability for u in _units(shop, good, bad)}
    assert states == {good: "conforming", bad: "nonconforming"}


def _units(shop, *ids):
    from engine.serials.units import units_by_id

    return units_by_id(shop.db, ids).values()


def test_a_result_does_not_contradict_its_values(shop):
    looked = Looked(units=shop.units(shop.board, "PCB-1"))
    missed = [Reading("flow", "3", is_met=False)]
    with pytest.raises(OutcomeDiffers, match="flow"):
        examine.examine(shop.db, "test", looked, outcome="passed", readings=missed, **shop.how)
    with pytest.raises(SampleDiffers, match="3"):
        examine.examine(shop.db, "test", looked, outcome="failed", sample=Sample(2, 3), **shop.how)
    with pytest.raises(NothingExamined):
        examine.examine(shop.db, "test", Looked(), outcome="passed", **shop.how)
    assert shop.db.scalars(select(Examination)).all() == []


def test_a_gauge_read_wrongly_is_corrected_with_the_result_kept(shop):
    units = shop.units(shop.board, "PCB-1")
    tested = examine.examine(
        shop.db, "test", Looked(units=units), outcome="passed", readings=[DIAMETER],
        facts={"equipment": ["G-17"]}, **shop.how,
    )  # fmt: skip
    right = correct.replace(
        shop.db, tested.event.id, facts={"equipment": ["G-18"]}, reason="misread", **shop.how
    )
    assert naming.concerned(shop.db, "equipment", "G-17").units == set()
    assert naming.concerned(shop.db, "equipment", "G-18").units == set(units)
    assert shop.db.get(Examination, right.event.id).outcome == "passed"


def test_a_certificate_is_kept_with_its_number_and_the_fingerprint_of_its_file(shop):
    lot = shop.lot(shop.resin, "R-1", 5)
    recorded = examine.certify(
        shop.db, "conformity", "CoC-881", issuer_id=shop.supplier.id, nodes=[lot.id],
        issued_on=date(2026, 2, 1), file_name="coc.pdf", file_sha256="ab" * 32, **shop.how,
    )  # fmt: skip
    assert shop.db.get(Certificate, recorded.event.id).file_sha256 == "ab" * 32
    assert naming.concerned(shop.db, "certificate", "CoC-881").lots == {lot.id}
