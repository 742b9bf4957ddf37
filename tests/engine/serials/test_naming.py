"""From equipment, operators, programs, labels and orders to the goods they touched."""

from datetime import timedelta
from decimal import Decimal

from engine.serials import build, correct, naming, receive
from tests.support.shop import NOW


def test_equipment_leads_to_the_run_that_used_it_and_not_to_what_went_into_it(shop):
    resin = shop.lot(shop.resin, "R-1", 10)
    made = shop.build(shop.pump, "SN-1", "SN-2", inputs=[resin], facts={"equipment": ["G-17"]})

    found = naming.concerned(shop.db, "equipment", "G-17")

    assert found == naming.Concerned(segments=frozenset({made.segment_id}))
    assert naming.concerned(shop.db, "equipment", "G-1") == naming.Concerned()
    assert naming.concerned(shop.db, "equipment", "G-", is_beginning=True) == found
    assert naming.concerned(shop.db, "operator", "G-17") == naming.Concerned()


def test_equipment_out_of_calibration_since_may_touched_only_what_came_after(shop):
    first = shop.units(shop.pump, "SN-1")
    naming_it = {"facts": {"equipment": ["G-17"]}}
    shop.state.move(shop.db, units=first, location_id=shop.cage.id, **shop.how, **naming_it)
    second = shop.units(shop.pump, "SN-2")
    shop.later(days=9)
    shop.state.move(shop.db, units=second, location_id=shop.cage.id, **shop.how, **naming_it)

    since = naming.concerned(shop.db, "equipment", "G-17", from_at=NOW + timedelta(days=9))

    assert since.units == frozenset(second)


def test_a_corrected_event_no_longer_names_its_equipment(shop):
    made = shop.build(shop.pump, "SN-1", facts={"equipment": ["G-17"], "operator": ["Mei"]})
    correct.replace(
        shop.db, made.event.id, facts={"equipment": ["G-18"]}, reason="misread", **shop.how
    )

    assert not naming.concerned(shop.db, "equipment", "G-17").segments
    assert naming.concerned(shop.db, "equipment", "G-18").segments == {made.segment_id}
    assert naming.concerned(shop.db, "operator", "Mei").segments == {made.segment_id}  # as it was


def test_a_work_order_leads_to_its_runs_and_its_lots(shop):
    run = shop.build(shop.pump, "SN-1", work_order="WO-7")
    body = shop.lot(shop.body, "B-1")
    build.build_lot(
        shop.db, body.id, Decimal(5), location_id=shop.line.id, work_order="WO-7", **shop.how
    )

    found = naming.concerned(shop.db, "work_order", "WO-7")

    assert (found.lots, found.segments) == ({body.id}, {run.segment_id})


def test_a_time_window_holds_what_was_made_or_received_in_it_both_ends_included(shop):
    early = shop.lot(shop.resin, "R-0", 5)
    shop.later(days=1)
    run = shop.build(shop.pump, "SN-1")
    lot = shop.lot(shop.resin, "R-1", 5)
    units = shop.units(shop.board, "B-1")
    at = shop.how["at"]

    found = naming.made_in(shop.db, at, at)
    elsewhere = naming.made_in(shop.db, at, at, location_ids=[shop.line.id])

    assert (found.lots, found.segments, found.units) == ({lot.id}, {run.segment_id}, set(units))
    assert elsewhere == naming.Concerned()
    assert early.id not in found.lots


def test_a_supplier_lot_and_an_order_lead_to_what_was_received(shop):
    lot = shop.lot(shop.resin, "R-1")
    receive.receive_lot(
        shop.db,
        lot.id,
        Decimal(5),
        location_id=shop.store.id,
        facts={"supplier_lot": ["0X-77"], "purchase_order": ["PO-1"]},
        **shop.how,
    )
    assert naming.concerned(shop.db, "supplier_lot", "0X-77").lots == {lot.id}
    assert naming.concerned(shop.db, "supplier_lot", "0x-77").lots == set()  # case means something
    assert naming.concerned(shop.db, "purchase_order", "PO-1").lots == {lot.id}


def test_one_event_names_two_gauges(shop):
    run = shop.build(
        shop.pump, "SN-1", inputs=[shop.lot(shop.resin, "R-1", 3)],
        facts={"equipment": ["G-1", "G-2", " G-2 "]},
    )  # fmt: skip
    assert naming.concerned(shop.db, "equipment", "G-1").segments == {run.segment_id}
    assert naming.concerned(shop.db, "equipment", "G-2").segments == {run.segment_id}
