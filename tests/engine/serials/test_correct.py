"""What was recorded wrongly is corrected by a later record, never by erasing the first."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from engine.errors import Invalid
from engine.evidence import ledger
from engine.serials import (
    backward,
    build,
    correct,
    install,
    master,
    parties,
    queries,
    receive,
    ship,
    state,
    trace,
    use,
)
from engine.serials.build import ToBuild
from engine.serials.errors import (
    AlreadyCorrected,
    BeforeItWas,
    FieldFixed,
    MadeSince,
    MovedSince,
    NotItsInput,
    QuantityFixed,
    WentOn,
)
from engine.serials.models import Flag, Install, StockPosting, Unit, UnitInput, UnitRoot
from engine.serials.record import LotInput, StockPart
from engine.serials.targets import HoldTarget
from engine.serials.units import open_hosts
from engine.serials.use import Exchange, Visit


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


def test_a_wrong_input_lot_is_taken_out_of_the_trace_and_the_right_one_is_in_it(shop, because):
    wrong, right = shop.lot(shop.resin, "R-1", 10), shop.lot(shop.resin, "R-2", 10)
    made = shop.build(shop.pump, "SN-1", inputs=[wrong])
    [pump] = made.unit_ids

    fixed = correct.correct_inputs(
        shop.db, made.event.id, wrong=[wrong.id], right=[LotInput(right.id, Decimal(1))],
        **because(),
    )  # fmt: skip

    assert not trace.contains(shop.db, lots=[wrong.id]).unit_ids
    assert trace.contains(shop.db, lots=[right.id]).unit_ids == {pump}
    assert [row.quantity for row in shop.stock(wrong)] == [Decimal(10)]  # it never was drawn
    made_of = backward.composition(shop.db, unit_id=pump)
    assert [lot.label for run in made_of.parts for lot in run.parts] == ["R-2"]
    assert fixed.event.corrects_id == made.event.id
    assert shop.db.get(Unit, pump).custody == "in_house"


def test_a_held_or_expired_lot_that_really_went_in_is_flagged(shop, because, hold):
    wrong, held = shop.lot(shop.resin, "R-1", 10), shop.lot(shop.resin, "R-2", 10)
    old = shop.lot(shop.resin, "R-3", 10, expires_on=date(2026, 1, 1))
    made = shop.build(shop.pump, "SN-1", inputs=[wrong])
    hold(HoldTarget.lot(held.id))
    fixed = correct.correct_inputs(
        shop.db, made.event.id, wrong=[wrong.id], right=[LotInput(held.id), LotInput(old.id)],
        **because(),
    )  # fmt: skip
    flags = shop.db.execute(select(Flag.event_id, Flag.rule, Flag.lot_id).order_by(Flag.id)).all()
    assert flags == [
        (fixed.event.id, "held_used", held.id), (fixed.event.id, "expired_used", old.id),
    ]  # fmt: skip


def test_an_input_that_was_right_after_all_comes_back_into_the_trace(shop, because):
    lot, other = shop.lot(shop.resin, "R-1", 10), shop.lot(shop.resin, "R-2", 10)
    made = shop.build(shop.pump, "SN-1", inputs=[lot])
    second = correct.correct_inputs(
        shop.db, made.event.id, wrong=[lot.id], right=[LotInput(other.id, Decimal(1))], **because()
    )

    with pytest.raises(AlreadyCorrected, match=str(second.event.id)):
        correct.correct_inputs(shop.db, made.event.id, wrong=[lot.id], **because())
    correct.correct_inputs(
        shop.db, second.event.id, wrong=[other.id], right=[LotInput(lot.id, Decimal(2))],
        **because(),
    )  # fmt: skip

    assert trace.contains(shop.db, lots=[lot.id]).unit_ids == set(made.unit_ids)
    assert not trace.contains(shop.db, lots=[other.id]).unit_ids
    in_house = shop.stock(lot, custody="in_house"), shop.stock(other, custody="in_house")
    assert [[row.quantity for row in rows] for rows in in_house] == [[Decimal(8)], [Decimal(10)]]


def test_a_lot_that_never_was_an_input_is_not_corrected_away(shop, because):
    lot, other = shop.lot(shop.resin, "R-1", 10), shop.lot(shop.resin, "R-2", 10)
    made = shop.build(shop.pump, "SN-1", inputs=[lot])
    with pytest.raises(NotItsInput, match="R-2"):
        correct.correct_inputs(shop.db, made.event.id, wrong=[other.id], **because())


def test_a_run_that_never_was_gives_back_what_it_took_and_its_units_never_existed(shop, because):
    resin, [board] = shop.lot(shop.resin, "R-1", 10), shop.units(shop.board, "PCB-1")
    made = shop.build(shop.pump, ToBuild("SN-1", ((board, None),)), inputs=[resin])
    [pump] = made.unit_ids

    correct.withdraw(shop.db, made.event.id, **because())

    assert shop.db.get(Unit, pump).custody == "never_existed"
    assert [row.quantity for row in shop.stock(resin)] == [Decimal(10)]
    assert not trace.contains(shop.db, lots=[resin.id]).unit_ids
    assert trace.contains(shop.db, units=[board]).unit_ids == {board}
    assert shop.db.scalar(select(UnitRoot.root_id).where(UnitRoot.unit_id == board)) == board


def test_a_run_is_not_withdrawn_beneath_what_has_left(shop, because):
    made = shop.build(shop.pump, "SN-1")
    ship.ship(shop.db, to_location_id=shop.ward.id, units=made.unit_ids, **shop.later(days=1))
    with pytest.raises(WentOn, match="SN-1 has gone on since"):
        correct.withdraw(shop.db, made.event.id, **because())


def test_a_lot_made_in_two_goes_keeps_its_input_when_one_never_was(shop, because):
    resin = shop.lot(shop.resin, "R-1", 10)
    body = shop.lot(shop.body, "B-1")
    how = {"location_id": shop.store.id, "inputs": [LotInput(resin.id, Decimal(1))]}
    first = build.build_lot(shop.db, body.id, Decimal(5), **how, **shop.how)
    build.build_lot(shop.db, body.id, Decimal(3), **how, **shop.later(hours=1))

    correct.withdraw(shop.db, first.event.id, **because())

    assert body.id in trace.contains(shop.db, lots=[resin.id]).lot_ids
    assert [row.quantity for row in shop.stock(body)] == [Decimal(3)]


def test_a_quantity_is_corrected_twice_each_time_from_the_latest(shop, because):
    lot = shop.lot(shop.resin, "R-1")
    received = receive.receive_lot(
        shop.db, lot.id, Decimal(100), location_id=shop.store.id, **shop.how
    )
    ten = correct.replace(shop.db, received.event.id, quantity=Decimal(10), **because())
    correct.replace(shop.db, ten.event.id, quantity=Decimal(12), **because())

    assert [row.quantity for row in shop.stock(lot)] == [Decimal(12)]


@pytest.mark.parametrize("source", ["holdfast", "epcis:partner"])
@pytest.mark.parametrize(
    ("when", "said"),
    [("2040-01-01T00:00:00+00:00", "lies in the future"), ("1949-12-31T23:59:59+00:00", "1950"),
     ("0001-01-01T00:00:00+14:00", "1950"), ("9999-12-31T23:59:59-14:00", "lies in the future")],
)  # fmt: skip
def test_nothing_is_recorded_that_has_not_happened_or_lies_too_far_back(shop, source, when, said):
    units = shop.units(shop.pump, "SN-1")
    how = {**shop.how, "event_at": datetime.fromisoformat(when), "source": source}
    with pytest.raises(Invalid) as refused:
        state.move(shop.db, location_id=shop.store.id, units=units, **how)
    assert [(one.at, said in str(one)) for one in refused.value.problems] == [("event_at", True)]


def test_our_own_act_before_a_unit_was_there_is_refused_and_a_reported_one_is_flagged(shop):
    [pump] = shop.units(shop.pump, "SN-1")
    early = {**shop.how, "event_at": shop.how["at"] - timedelta(days=3)}

    with pytest.raises(BeforeItWas, match="SN-1"):
        shop.state.move(shop.db, units=[pump], location_id=shop.cage.id, **early)
    assert shop.db.get(Unit, pump).location_id == shop.store.id

    told = ship.report_shipment(shop.db, to_location_id=shop.ward.id, units=[pump], **early)
    [flag] = shop.db.scalars(select(Flag))
    assert (flag.rule, flag.unit_id, flag.event_id) == ("before_it_was", pump, told.event.id)


def test_a_part_that_was_only_reseated_is_inside_once_when_its_service_never_was(shop):
    [board] = shop.units(shop.board, "PCB-1")
    [pump] = shop.build(shop.pump, ToBuild("P-1", ((board, "J1"),))).unit_ids
    reseated = use.service(
        shop.db, pump, Visit("loose", "reseated", "in_use"),
        Exchange(removed=[board], fitted=[(board, "J2")]), **shop.how,
    )  # fmt: skip
    shop.later(minutes=1)
    correct.withdraw(shop.db, reseated.event.id, reason="Another pump.", **shop.how)
    standing = select(Install.position).where(
        Install.child_id == board, Install.to_event_id.is_(None), Install.never_event_id.is_(None)
    )
    assert shop.db.scalars(standing).all() == ["J1"]
    assert open_hosts(shop.db, [board]) == {board: pump}


def test_a_quantity_is_not_withdrawn_beneath_what_was_taken_of_it(shop, because):
    lot = parties.ensure_lot(shop.db, shop.set.id, "S-1", **shop.how)
    received = receive.receive_lot(
        shop.db, lot.id, Decimal(10), location_id=shop.store.id, **shop.how
    )
    [there] = shop.stock(lot)
    part = StockPart(there.id, Decimal(4))
    moved = state.move(shop.db, stock_parts=[part], location_id=shop.line.id, **shop.how)
    with pytest.raises(MadeSince, match="S-1"):
        correct.withdraw(shop.db, received.event.id, **because())

    correct.withdraw(shop.db, moved.event.id, **because())
    correct.withdraw(shop.db, received.event.id, **because())
    assert sum(row.quantity for row in shop.stock(lot)) == 0


def test_a_rework_of_a_quantity_that_was_of_a_unit_leads_from_its_lots_to_that_unit(shop, because):
    resin, body = shop.lot(shop.resin, "R-1", 10), shop.lot(shop.body, "B-1", 10)
    one, two = shop.units(shop.pump, "SN-1", "SN-2")
    rework = state.rework(
        shop.db, stock_parts=[shop.part_of(body, 2)], inputs=[LotInput(resin.id, Decimal(1))],
        **shop.how,
    )  # fmt: skip
    for really in ([one], [], [two]):
        rework = correct.replace(shop.db, rework.event.id, units=really, **because())
        affected = trace.contains(shop.db, lots=[resin.id])
        assert [found.unit_id for found in affected.units] == really
        assert body.id in affected.lot_ids  # of which a quantity was posted as reworked


def test_what_a_rework_used_in_a_unit_keeps_its_quantity_through_every_correction(shop, because):
    resin = shop.lot(shop.resin, "R-1", 10)
    one, two = shop.units(shop.pump, "SN-1", "SN-2")
    rework = state.rework(
        shop.db, units=[one], inputs=[LotInput(resin.id, Decimal(3), shop.store.id)], **shop.how
    )
    for really in ([], [two]):
        rework = correct.replace(shop.db, rework.event.id, units=really, **because())
    standing = select(UnitInput.unit_id, UnitInput.qty).where(UnitInput.never_event_id.is_(None))
    assert [tuple(row) for row in shop.db.execute(standing)] == [(two, Decimal(3))]
