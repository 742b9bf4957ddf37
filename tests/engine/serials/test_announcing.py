"""What subscribers are told of, in the transaction in which it happens."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.evidence import ledger
from engine.outbox import Outgoing
from engine.serials import holds, state
from engine.serials.exchange import subscriptions
from engine.serials.exchange.addresses import WaysOut
from engine.serials.exchange.announce import EVENT_TYPES, announce_events
from engine.serials.exchange.box import Box
from engine.serials.record import StockPart
from engine.serials.targets import HoldTarget


@pytest.fixture
def info():
    return {
        "ledger": ledger.append,
        "box": Box.of(b"k" * 32),
        "ways_out": WaysOut(("erp.example",)),
        "event_sinks": (announce_events,),
    }


@pytest.fixture
def told(db, people, at):
    subscriptions.subscribe(
        db, "ERP", "https://erp.example/", list(EVENT_TYPES), by=people.administrator, at=at
    )
    return lambda: [
        one.body
        for one in db.scalars(
            select(Outgoing).where(Outgoing.channel == "webhook").order_by(Outgoing.id)
        )
    ]


def place(db, shop, target, number="NC-2026-0001"):
    return holds.place(
        db,
        stream=f"case:{number}",
        case_number=number,
        reason="cracked housing",
        basis="forward trace",
        target=target,
        by=None,
        at=shop.how["at"],
    )


def test_a_hold_is_told_of_with_what_it_is_on(db, shop, told):
    [unit] = shop.units(shop.pump, "P-1")
    lot = shop.lot(shop.set, "S-1", 10)
    hold = place(db, shop, HoldTarget.scope([HoldTarget.unit(unit), HoldTarget.lot(lot.id)]))

    [said] = told()
    assert said["type"] == "hold.placed"
    data = said["data"]
    assert (data["hold_id"], data["case_number"], data["target_count"]) == (
        hold.id, "NC-2026-0001", 2,
    )  # fmt: skip
    assert data["units"] == [{"part_no": "PUMP", "di": "07032069804988", "serial": "P-1"}]
    assert data["lots"] == [{"part_no": "SET", "di": "00614141123452", "lot_no": "S-1"}]
    assert data["stock"] == []


def test_a_hold_on_a_part_of_a_lot_never_reads_as_the_whole_lot(db, shop, told):
    lot = shop.lot(shop.set, "S-1", 10)
    place(db, shop, HoldTarget.stock(shop.stock(lot)[0].id, Decimal(4)))
    data = told()[-1]["data"]
    assert data["lots"] == []
    assert [one["lot_no"] for one in data["stock"]] == ["S-1"]


def test_a_release_says_whether_all_of_it_is_over(db, shop, told, at):
    units = shop.units(shop.pump, "P-1", "P-2")
    hold = place(db, shop, HoldTarget.scope(map(HoldTarget.unit, units)))
    one = [HoldTarget.unit(units[0])]
    holds.release(db, hold.id, reason="no fault", targets=one, by=None, at=at)
    holds.release(db, hold.id, reason="no fault", by=None, at=at)

    part, rest = [said["data"] for said in told() if said["type"] == "hold.released"]
    assert ([u["serial"] for u in part["units"]], part["is_whole"]) == (["P-1"], False)
    assert ([u["serial"] for u in rest["units"]], rest["is_whole"]) == (["P-2"], True)


def test_a_unit_let_out_of_a_held_lot_is_told_of(db, shop, told, at):
    lot = shop.lot(shop.pump, "L-1")
    units = shop.units(shop.pump, "P-1", "P-2", lot=lot)
    hold = place(db, shop, HoldTarget.lot(lot.id))
    holds.release(
        db, hold.id, reason="no fault", targets=[HoldTarget.unit(units[1])], by=None, at=at
    )
    data = told()[-1]["data"]
    assert ([u["serial"] for u in data["units"]], data["is_whole"]) == (["P-2"], False)


def test_scrapped_units_and_quantities_are_told_of(db, shop, told):
    units = shop.units(shop.pump, "P-1", "P-2")
    lot = shop.lot(shop.set, "S-1", 10)
    state.scrap(
        db,
        units=units,
        stock_parts=[StockPart(shop.stock(lot)[0].id, Decimal("2.5"))],
        **{**shop.how, "reason": "cracked"},
    )
    [said] = told()
    assert said["type"] == "unit.scrapped"
    assert said["data"]["unit_count"] == 2
    assert [one["quantity"] for one in said["data"]["stock"]] == ["2.5"]


def test_what_is_rolled_back_is_never_told(db, shop, told):
    [unit] = shop.units(shop.pump, "P-1")
    with db.begin_nested() as step:
        place(db, shop, HoldTarget.unit(unit))
        assert len(told()) == 1
        step.rollback()
    assert told() == []


def test_who_is_switched_off_or_did_not_ask_is_not_told(db, shop, told, people, at):
    other = subscriptions.subscribe(
        db, "MES", "https://erp.example/", ["case.closed"], by=people.administrator, at=at
    )
    off = subscriptions.subscribe(
        db, "WMS", "https://erp.example/", ["hold.placed"], by=people.administrator, at=at
    )
    subscriptions.switch_off(
        db, off.subscription.id, reason="It moves.", by=people.administrator, at=at
    )
    [unit] = shop.units(shop.pump, "P-1")
    place(db, shop, HoldTarget.unit(unit))
    assert len(told()) == 1
    assert other.subscription.off_at is None


def test_a_long_hold_names_some_and_counts_all(db, shop, told):
    units = shop.units(shop.pump, *[f"P-{n:04d}" for n in range(230)])
    place(db, shop, HoldTarget.scope(map(HoldTarget.unit, units)))
    data = told()[-1]["data"]
    assert (data["target_count"], len(data["units"])) == (230, 200)
