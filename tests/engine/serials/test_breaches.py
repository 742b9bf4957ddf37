"""What is on hold and leaves our hands is a breach, whoever reports it, and once."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.serials import correct, install, parties, ship, use
from engine.serials.models import Event, Flag, HoldBreach, LotStock, Unit
from engine.serials.record import StockPart
from engine.serials.targets import HoldTarget
from engine.serials.use import Exchange, Visit


@pytest.fixture
def broken(shop):
    """Give the units and lots of which a breach is recorded, oldest first."""

    def broken():
        rows = shop.db.scalars(select(HoldBreach).order_by(HoldBreach.id))
        return [(row.unit_id or row.lot_id, row.quantity, row.door) for row in rows]

    return broken


def goods(shop, hold):
    """Return a held unit and 3 of a held lot, both in house."""
    [pump] = shop.units(shop.pump, "SN-1")
    lot = shop.lot(shop.set, "L-1", 10)
    hold(HoldTarget.unit(pump))
    hold(HoldTarget.lot(lot.id), case="NC-2026-0002")
    return pump, lot, {"units": [pump], "stock_parts": [shop.part_of(lot, 3)]}


@pytest.mark.parametrize("told", [ship.report_shipment, ship.deliver])
def test_what_is_held_and_reported_to_have_left_is_a_breach_and_flagged(shop, hold, broken, told):
    pump, lot, what = goods(shop, hold)
    place = {"to_location_id" if told is ship.report_shipment else "location_id": shop.ward.id}
    recorded = told(shop.db, **place, **what, **shop.how)

    assert broken() == [(pump, 1, "ship"), (lot.id, 3, "ship")]
    assert len(recorded.breach_ids) == 2
    assert shop.db.get(Unit, pump).custody == "at_consignee"
    flags = shop.db.execute(
        select(Flag.rule, Flag.unit_id, Flag.lot_id)
        .where(Flag.rule != "not_away")
        .order_by(Flag.id)
    ).all()
    assert flags == [("held_shipped", pump, None), ("held_shipped", None, lot.id)]
    beside = shop.db.scalars(select(Event).where(Event.type == "hold_breached")).one()
    assert beside.payload["broken_by"] == recorded.event.id
    assert beside.payload["cases"] == ["NC-2026-0001", "NC-2026-0002"]
    assert beside.recording == recorded.event.recording


def test_a_held_unit_put_into_use_out_of_our_store_is_a_breach_told_once(shop, hold, broken):
    [pump] = shop.units(shop.pump, "SN-1")
    hold(HoldTarget.unit(pump))
    use.put_into_use(shop.db, [pump], location_id=shop.ward.id, **shop.how)
    assert broken() == [(pump, 1, "ship")]
    assert shop.db.scalars(select(Flag.rule)).all() == ["held_put_into_use"]


def test_what_left_before_it_was_held_breaks_nothing_when_it_arrives(shop, hold, broken):
    [pump] = shop.units(shop.pump, "SN-1")
    lot = shop.lot(shop.set, "L-1", 10)
    what = {"units": [pump], "stock_parts": [shop.part_of(lot, 10)]}
    ship.ship(shop.db, to_location_id=shop.ward.id, **what, **shop.how)
    hold(HoldTarget.unit(pump))
    hold(HoldTarget.lot(lot.id))
    what["stock_parts"] = [shop.part_of(lot, 10)]
    ship.deliver(shop.db, location_id=shop.ward.id, **what, **shop.how)
    assert broken() == []


def test_a_held_unit_that_left_breaks_its_hold_once_however_often_it_is_told(shop, hold, broken):
    [pump] = shop.units(shop.pump, "SN-1")
    hold(HoldTarget.unit(pump))
    told = ship.report_shipment(shop.db, to_location_id=None, units=[pump], **shop.how)
    ship.deliver(shop.db, location_id=shop.ward.id, units=[pump], **shop.later(hours=1))
    ship.report_shipment(shop.db, to_location_id=shop.ward.id, units=[pump], **shop.later(hours=1))
    assert told.breach_ids
    assert broken() == [(pump, 1, "ship")]


def test_a_shipment_really_of_another_held_unit_is_a_breach_of_that_one(shop, hold, broken):
    first, second, third = shop.units(shop.pump, "SN-1", "SN-2", "SN-3")
    for unit in (first, second, third):
        hold(HoldTarget.unit(unit))
    told = ship.report_shipment(
        shop.db, to_location_id=shop.ward.id, units=[first, second], **shop.how
    )
    because = {**shop.later(hours=1), "reason": "misread label"}
    again = correct.replace(shop.db, told.event.id, units=[second, third], **because)
    assert sorted(broken()) == [(first, 1, "ship"), (second, 1, "ship"), (third, 1, "ship")]
    assert shop.db.get(Unit, first).custody == "in_house"
    assert len(again.breach_ids) == 1
    flags = select(Flag.unit_id).where(Flag.event_id == again.event.id)
    assert shop.db.scalars(flags).all() == [third]


def test_a_shipment_recorded_late_breaks_the_hold_though_the_unit_is_back(shop, hold, broken):
    [pump] = shop.units(shop.pump, "SN-1")
    hold(HoldTarget.unit(pump))
    shop.later(hours=9)
    ship.receive_return(shop.db, location_id=shop.cage.id, units=[pump], **shop.how)
    then = {**shop.later(hours=1), "event_at": shop.how["at"].replace(hour=9)}
    ship.report_shipment(shop.db, to_location_id=shop.ward.id, units=[pump], **then)
    assert broken() == [(pump, 1, "ship")]
    assert shop.db.get(Unit, pump).custody == "returned"


def test_a_held_part_fitted_in_the_field_is_a_breach_and_one_in_a_held_device_is_not(
    shop, hold, broken
):
    [pump] = shop.units(shop.pump, "SN-1")
    held, free = shop.units(shop.board, "PCB-1", "PCB-2")
    ship.ship(shop.db, to_location_id=shop.ward.id, units=[pump], **shop.how)
    hold(HoldTarget.unit(held))
    visit = Visit(found="dead", done="board replaced", outcome="in_use")
    use.service(shop.db, pump, visit, Exchange(fitted=[(held, "X1"), (free, "X2")]), **shop.how)
    assert broken() == [(held, 1, "ship")]


def test_what_the_gate_let_pass_is_no_breach(shop, hold, broken):
    """A case sends what it holds itself back to the supplier."""
    [pump] = shop.units(shop.pump, "SN-1")
    hold(HoldTarget.unit(pump))
    case = {"under_case": "NC-2026-0001"}
    ship.ship(shop.db, to_location_id=shop.ward.id, units=[pump], **case, **shop.how)
    assert broken() == []


def test_a_held_quantity_sent_to_a_third_party_passes_another_door(shop, hold, broken):
    lab = parties.add_location(shop.db, shop.maker.id, "LAB", "Lab", kind="third_party", **shop.how)
    lot = shop.lot(shop.set, "L-1", 10)
    hold(HoldTarget.lot(lot.id))
    partner = {**shop.how, "source": "late_entry"}
    shop.state.move(
        shop.db, location_id=lab.id, stock_parts=[shop.part_of(lot, 4)], reported=True, **partner
    )
    assert broken() == [(lot.id, Decimal(4), "transfer")]
    [there] = shop.stock(lot, custody="at_third_party")
    ship.report_shipment(
        shop.db,
        to_location_id=shop.ward.id,
        stock_parts=[StockPart(there.id, Decimal(4))],
        **shop.later(hours=1),
    )
    assert [row[2] for row in broken()] == ["transfer", "ship"]


def test_a_held_unit_moved_by_a_report_is_flagged_and_stays_ours(shop, hold, broken):
    [pump] = shop.units(shop.pump, "SN-1")
    hold(HoldTarget.unit(pump))
    late = {**shop.how, "source": "late_entry"}
    shop.state.move(shop.db, location_id=shop.line.id, units=[pump], reported=True, **late)
    shop.state.move(shop.db, location_id=shop.cage.id, units=[pump], reported=True, **late)
    assert broken() == []
    assert shop.db.scalars(select(Flag.rule)).all() == ["held_moved"]


def test_a_part_built_in_by_a_report_stays_with_us_and_breaks_nothing(shop, hold, broken):
    [pump] = shop.units(shop.pump, "SN-1")
    [board] = shop.units(shop.board, "PCB-1")
    hold(HoldTarget.unit(board))
    install.install_units(shop.db, [install.Fitting(board, pump)], reported=True, **shop.how)
    assert broken() == []


def test_what_arrives_or_comes_back_without_having_left_is_flagged(shop):
    seen = []

    def flags():
        rows = shop.db.execute(select(Flag.rule, Flag.unit_id, Flag.lot_id).order_by(Flag.id))
        new = [tuple(row) for row in rows][len(seen) :]
        seen.extend(new)
        return new

    other = parties.add_location(
        shop.db, shop.hospital.id, "C-1-T", "Theatre", kind="consignee", **shop.how
    )
    here, sent, back = shop.units(shop.pump, "A-1", "A-2", "A-3")
    lot = shop.lot(shop.set, "L-1", 10)
    ship.ship(shop.db, units=[sent, back], to_location_id=shop.ward.id, **shop.how)
    assert flags() == []

    ship.deliver(shop.db, units=[here], location_id=shop.ward.id, **shop.how)
    assert flags() == [("not_away", here, None)]
    ship.deliver(shop.db, units=[sent], location_id=other.id, **shop.how)
    assert flags() == [("arrived_elsewhere", sent, None)]
    ship.receive_return(shop.db, units=[back], location_id=shop.cage.id, **shop.how)
    assert flags() == []
    ship.receive_return(
        shop.db,
        units=[back],
        stock_parts=[shop.part_of(lot, 2)],
        location_id=shop.cage.id,
        **shop.how,
    )
    assert flags() == [("not_away", back, None), ("not_away", None, lot.id)]

    sent_out = shop.part_of(lot, 3)
    ship.ship(shop.db, stock_parts=[sent_out], to_location_id=shop.ward.id, **shop.how)
    on_its_way = select(LotStock.id).where(LotStock.custody == "in_transit", LotStock.quantity > 0)
    parts = [StockPart(shop.db.scalars(on_its_way).one(), Decimal(30))]
    ship.deliver(shop.db, stock_parts=parts, location_id=shop.ward.id, **shop.how)
    assert flags() == [("more_than_away", None, lot.id)]
