"""What was recorded wrongly is corrected by a later record, never by erasing the first."""

from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from engine.evidence import ledger
from engine.serials import correct, install, master, queries, receive, ship, state, trace
from engine.serials.build import ToBuild
from engine.serials.errors import FieldFixed, MovedSince, QuantityFixed
from engine.serials.models import StockPosting, UnitRoot


@pytest.fixture
def because(shop):
    return lambda: {**shop.later(hours=1), "reason": "read from the wrong line"}


def test_a_removal_that_never_was_leaves_the_board_in_its_pump(shop, because):
    [board] = shop.units(shop.board, "PCB-1")
    [pump] = shop.build(shop.pump, ToBuild("SN-1", ((board, None),))).unit_ids
    removal = install.remove_units(shop.db, [board], **shop.later(days=1))
    ship.ship(shop.db, to_location_id=shop.ward.id, units=[pump], **shop.later(days=1))

    correct.withdraw(shop.db, removal.event.id, **because())

    assert shop.db.scalar(select(UnitRoot.root_id).where(UnitRoot.unit_id == board)) == pump
    page = queries.unit_page(shop.db, board)
    assert [(host.unit_id, host.until) for host in page.hosts] == [(pump, None)]
    assert (page.custody, page.location) == ("in_transit", "Ward")  # it went where its pump went
    [found] = [u for u in trace.contains(shop.db, units=[board]).units if u.unit_id == pump]
    assert found.path[-1].how == "installed_in"


def test_a_removal_stands_once_the_board_went_its_own_way(shop, because):
    [board] = shop.units(shop.board, "PCB-1")
    shop.build(shop.pump, ToBuild("SN-1", ((board, None),)))
    removal = install.remove_units(shop.db, [board], **shop.later(days=1))
    shop.state.move(shop.db, location_id=shop.cage.id, units=[board], **shop.later(hours=1))

    with pytest.raises(MovedSince):
        correct.withdraw(shop.db, removal.event.id, **because())


def test_a_wrong_quantity_is_replaced_by_the_right_one_with_the_reason(shop, because):
    lot = shop.lot(shop.resin, "R-1")
    received = receive.receive_lot(
        shop.db, lot.id, Decimal(100), location_id=shop.store.id, **shop.how
    )

    right = correct.replace(shop.db, received.event.id, quantity=Decimal(10), **because())

    assert [row.quantity for row in shop.stock(lot)] == [Decimal(10)]
    assert right.event.reason == "read from the wrong line"
    assert right.event.corrects_id == received.event.id
    posted = shop.db.scalars(select(StockPosting.quantity).order_by(StockPosting.id)).all()
    assert posted[0] == Decimal(100)  # nothing is erased
    assert sum(posted) == Decimal(10)


def test_a_shipped_quantity_is_not_changed_beneath_its_document(shop, because):
    lot = shop.lot(shop.set, "S-1", 50)
    sent = ship.ship(
        shop.db, to_location_id=shop.ward.id, stock_parts=[shop.part_of(lot, 5)], **shop.how
    )
    with pytest.raises(QuantityFixed):
        correct.replace(shop.db, sent.event.id, quantity=Decimal(4), **because())


def test_the_first_release_fixes_the_key_fields_of_the_part(shop):
    units = shop.units(shop.pump, "SN-1", usability="unreleased")
    assert not shop.pump.is_released
    state.release(shop.db, units=units, **shop.later(hours=1))
    assert shop.pump.is_released

    shop.pump.part_no = "PUMP-B"
    with pytest.raises(DBAPIError), shop.db.begin_nested():
        shop.db.flush()


def test_the_first_release_of_a_lot_fixes_its_part_too(shop):
    lot = shop.lot(shop.set, "S-1")
    received = receive.receive_lot(
        shop.db, lot.id, Decimal(5), location_id=shop.store.id, **shop.how
    )
    assert (lot.is_released, shop.set.is_released) == (False, False)
    state.release(shop.db, stock_parts=[shop.part_of(lot, 5)], **shop.later(hours=1))
    assert (lot.is_released, shop.set.is_released) == (True, True)
    assert received.lot_id == lot.id


def test_a_changed_description_stands_in_the_ledger_with_what_it_was(shop, because, people):
    shop.how["by"] = people.customer_service
    told = master.change(
        shop.db, "party", shop.hospital.id, {"name": "St Mary's", "country": "GB"}, **because()
    )

    assert told == {"name": ["St Mary", "St Mary's"]}
    entry = list(ledger.entries(shop.db, "data:main"))[-1]
    assert entry.action == "master_data_changed"
    assert entry.body["changes"] == told
    assert entry.body["reason"] == "read from the wrong line"


def test_what_is_fixed_once_released_is_refused_in_words(shop, because, people):
    shop.how["by"] = people.qa_engineer
    shop.units(shop.pump, "SN-1")
    with pytest.raises(FieldFixed, match="cannot change any more"):
        master.change(shop.db, "part", shop.pump.id, {"part_no": "PUMP-B"}, **because())
