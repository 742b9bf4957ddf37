"""A unit whose making did not occur can come to be after all, and one that went on stays made."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.serials import correct, examine, install, packing, receive, ship, trace
from engine.serials.build import ToBuild
from engine.serials.errors import OnHold, SerialTaken, WentOn
from engine.serials.examine import Looked
from engine.serials.install import Fitting
from engine.serials.models import EventLink, Unit, UnitRoot
from engine.serials.packing import Load
from engine.serials.rebuild import rebuild
from engine.serials.targets import HoldTarget
from tests.support.at_once import at_once
from tests.support.shop import NOW, Shop


@pytest.fixture
def because(shop):
    return lambda: {**shop.later(hours=1), "reason": "read from the wrong line"}


@pytest.fixture
def sound(shop):
    """Return a check that everything projected is what the events say."""
    return lambda: rebuild(shop.db, at=shop.how["at"], is_check=True).differences == []


@pytest.fixture
def receipt(shop):
    def receive_it(*serials, part=None, lot=None, **more):
        return receive.receive_units(
            shop.db, (part or shop.board).id, serials, location_id=shop.store.id,
            lot_id=lot.id if lot else None, **more, **shop.how,
        )  # fmt: skip

    return receive_it


def test_a_unit_received_by_mistake_is_received_again_of_its_right_lot(
    shop, because, receipt, sound
):
    wrong, right = shop.lot(shop.board, "L-1"), shop.lot(shop.board, "L-2")
    first = receipt("B-1", lot=wrong, usability="conforming")
    [board] = first.unit_ids
    withdrawn = correct.withdraw(shop.db, first.event.id, **because())
    assert shop.db.get(Unit, board).custody == "never_existed"
    assert sound()

    early = {"event_at": shop.how["at"] - timedelta(days=9)}  # before it was withdrawn, and before
    again = receipt("B-1", "B-2", lot=right, **early)

    unit = shop.db.get(Unit, board)
    assert again.unit_ids[0] == board != again.unit_ids[1]
    assert (unit.custody, unit.usability, unit.lot_id) == ("in_house", "unreleased", right.id)
    assert unit.location_id == shop.store.id
    assert trace.contains(shop.db, lots=[right.id]).unit_ids == set(again.unit_ids)
    assert not trace.contains(shop.db, lots=[wrong.id]).unit_ids
    history = shop.db.scalars(select(EventLink.event_id).where(EventLink.unit_id == board))
    assert sorted(history) == [first.event.id, withdrawn.event.id, again.event.id]
    assert sound()
    correct.withdraw(shop.db, again.event.id, **because())
    assert shop.db.get(Unit, board).custody == "never_existed"
    assert sound()


@pytest.mark.parametrize("as_kit", [False, True])
def test_what_was_never_made_is_made_in_another_run_and_keeps_its_hold(
    shop, because, hold, sound, as_kit
):
    resin, other = shop.lot(shop.resin, "R-1", 10), shop.lot(shop.resin, "R-2", 10)
    made = shop.build(shop.pump, "SN-1", inputs=[resin])
    [pump] = made.unit_ids
    hold(HoldTarget.unit(pump))
    correct.withdraw(shop.db, made.event.id, **because())

    [board] = shop.units(shop.board, "PCB-1")
    again = shop.build(shop.pump, ToBuild("SN-1", ((board, None),)), inputs=[other], as_kit=as_kit)

    assert again.unit_ids == (pump,)
    assert trace.contains(shop.db, lots=[other.id]).unit_ids == {pump}
    assert not trace.contains(shop.db, lots=[resin.id]).unit_ids
    assert shop.db.get_one(UnitRoot, board).root_id == pump
    with pytest.raises(OnHold):
        ship.ship(shop.db, to_location_id=shop.ward.id, units=[pump], **shop.later(hours=1))
    assert sound()


def test_what_was_known_while_it_was_of_another_lot_is_found_still(shop, because, receipt):
    lot, other = shop.lot(shop.pump, "L-1"), shop.lot(shop.pump, "L-2")
    first = shop.build(shop.pump, "SN-1", lot_id=lot.id)
    correct.withdraw(shop.db, first.event.id, **because())
    again = shop.build(shop.pump, "SN-1", lot_id=other.id)
    same = correct.withdraw(shop.db, again.event.id, **because())
    receipt("SN-1", part=shop.pump, lot=other)

    def units(as_of, **named):
        seeds = trace.Seeds(**{what: frozenset(ids) for what, ids in named.items()})
        found = trace.run(shop.db, seeds, expression={}, as_of=as_of, **shop.how)
        return found.unit_count

    for as_of, runs, expected in (
        (first.event.id, (lot, first), (1, 1)),
        (first.event.id, (other, again), (0, 0)),
        (again.event.id, (lot, first), (0, 0)),
        (again.event.id, (other, again), (1, 1)),
        (same.event.id, (other, again), (1, 1)),
        (None, (lot, first), (0, 0)),
        (None, (other, again), (1, 0)),
    ):
        of, run = runs
        assert (units(as_of, lots=[of.id]), units(as_of, segments=[run.segment_id])) == expected


def test_a_serial_that_stands_or_was_given_away_is_not_received_again(shop, because, receipt):
    first = receipt("B-1", "B-2")
    with pytest.raises(SerialTaken, match="B-1"):
        receipt("B-1")
    correct.withdraw(shop.db, first.event.id, **because())
    receipt("B-1")
    with pytest.raises(SerialTaken, match="B-1"):
        receipt("B-2", "B-1")


def test_of_two_who_receive_at_once_what_never_came_the_second_is_told(database, people):
    how = {"by": people.warehouse, "at": NOW}
    with database.begin() as db:
        shop = Shop(db, how)
        shop.units(shop.board, "B-1")
        event_id = db.scalars(select(EventLink.event_id)).one()
        correct.withdraw(db, event_id, **{**how, "reason": "another delivery"})
        part_id, place = shop.board.id, {"location_id": shop.store.id}

    def receive_it(db):
        receive.receive_units(db, part_id, ["B-1"], **place, **how)

    assert at_once(database, receive_it, receive_it) == [SerialTaken]


def _installed(shop, unit):
    [pump] = shop.units(shop.pump, "SN-9")
    return install.install_units(shop.db, [Fitting(unit, pump)], **shop.later(hours=1)).event


def _contains(shop, unit):
    [board] = shop.units(shop.pump, "IN-1")
    return install.install_units(shop.db, [Fitting(board, unit)], **shop.later(hours=1)).event


def _built_in(shop, unit):
    shop.later(hours=1)
    return shop.build(shop.pump, ToBuild("SN-9", ((unit, None),))).event


def _shipped(shop, unit):
    return ship.ship(
        shop.db, to_location_id=shop.ward.id, units=[unit], **shop.later(hours=1)
    ).event


def _examined(shop, unit):
    return examine.examine(
        shop.db, "test", Looked([unit]), outcome="passed", **shop.later(hours=1)
    ).event


def _packed(shop, unit):
    load = Load([unit])
    return packing.pack(shop.db, "376130321109103420", "case", load, **shop.later(hours=1)).event


@pytest.mark.parametrize("making", ["received", "built"])
@pytest.mark.parametrize(
    ("goes_on", "words"),
    [
        (_installed, "Installed"),
        (_contains, "Installed"),
        (_built_in, "Built"),
        (_shipped, "Shipped"),
        (_examined, "Tested"),
        (_packed, "Packed"),
    ],
)
def test_what_has_gone_on_since_is_corrected_first(shop, because, making, goes_on, words):
    if making == "built":
        made = shop.build(shop.board, "B-1")
    else:
        shop.units(shop.board, "B-1")
        made = None
    [unit] = shop.db.scalars(select(Unit.id).where(Unit.serial == "B-1"))
    event_id = made.event.id if made else shop.db.scalars(select(EventLink.event_id)).one()
    since = goes_on(shop, unit)

    sentence = rf"B-1 has gone on since \({words}, event {since.id}\)"
    with pytest.raises(WentOn, match=sentence):
        correct.withdraw(shop.db, event_id, **because())
    correct.withdraw(shop.db, since.id, **because())
    correct.withdraw(shop.db, event_id, **because())
    assert shop.db.get_one(Unit, unit).custody == "never_existed"
