"""A trace finds every device, agrees with an independent search, and says why."""

from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from engine.serials import build, correct, install, parties, rebuild, ship, state, trace
from engine.serials.build import ToBuild
from engine.serials.errors import AlreadyInstalled, InsideItself, WouldLoop
from engine.serials.install import Fitting
from engine.serials.models import UnitRoot
from engine.serials.record import LotInput


def test_a_lot_is_followed_through_lots_runs_and_installs_to_the_consignee(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    body = shop.build_lot(shop.body, "B-7", 5, resin)
    board = shop.build(shop.board, "PCB-1", inputs=[body]).unit_ids[0]
    pump = shop.build(shop.pump, ToBuild("SN-1", ((board, "main"),))).unit_ids[0]
    shop.build(shop.pump, "SN-2")
    ship.ship(shop.db, to_location_id=shop.ward.id, units=[pump], **shop.how)

    affected = trace.contains(shop.db, lots=[resin.id])

    assert affected.unit_ids == {board, pump}
    [root] = affected.roots
    assert (root.serial, root.custody, root.party) == ("SN-1", "in_transit", "St Mary")
    assert root.path[0].label == "R-7"
    assert [step.how for step in root.path] == [
        "suspect",
        "went_into",
        "went_into",
        "made_in",
        "installed_in",
    ]
    assert {row.lot_no for row in affected.stock} == {"R-7", "B-7"}


def test_a_former_host_is_found_and_says_until_when(shop):
    lot = shop.lot(shop.board, "L-1")
    [board] = shop.units(shop.board, "PCB-1", lot=lot)
    [pump] = shop.build(shop.pump, ToBuild("SN-1", ((board, "main"),))).unit_ids
    removed_at = shop.later(days=3)["at"]
    install.remove_units(shop.db, [board], **shop.how)

    found = {u.unit_id: u for u in trace.contains(shop.db, lots=[lot.id]).units}

    assert set(found) == {board, pump}
    assert found[pump].is_former
    assert found[pump].path[-1].until == removed_at
    assert found[board].is_root


def test_an_install_that_did_not_occur_is_in_no_history(shop):
    [board] = shop.units(shop.board, "PCB-1")
    [pump] = shop.units(shop.pump, "SN-1")
    fitted = install.install_units(shop.db, [Fitting(board, pump)], **shop.how)
    correct.withdraw(shop.db, fitted.event.id, **{**shop.how, "reason": "wrong pump scanned"})

    assert trace.contains(shop.db, units=[board]).unit_ids == {board}


def test_an_unknown_lot_cannot_be_excluded(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    unknown = parties.unknown_lot(shop.db, shop.resin.id, **shop.how)
    [sure] = shop.build(shop.pump, "SN-1", inputs=[resin]).unit_ids
    [maybe] = shop.build(shop.pump, "SN-2", inputs=[unknown]).unit_ids

    found = {u.unit_id: u.is_certain for u in trace.contains(shop.db, lots=[resin.id]).units}

    assert found == {sure: True, maybe: False}


def test_a_lot_used_at_rework_brings_the_unit_in(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    [pump] = shop.units(shop.pump, "SN-1")
    used = LotInput(resin.id, Decimal(2), shop.store.id)
    state.rework(shop.db, units=[pump], inputs=[used], **shop.how)

    assert trace.contains(shop.db, lots=[resin.id]).unit_ids == {pump}
    assert {r.custody: r.quantity for r in shop.stock(resin)} == {"in_house": 8, "consumed": 2}


def test_a_lot_is_not_made_from_what_was_made_of_it(shop):
    resin = shop.lot(shop.resin, "R-1", 10)
    body = shop.build_lot(shop.body, "B-1", 5, resin)
    with pytest.raises(WouldLoop):
        build.add_inputs(
            shop.db,
            resin.id,
            [LotInput(body.id, Decimal(1))],
            location_id=shop.store.id,
            **shop.how,
        )


def test_a_unit_is_in_one_other_at_a_time_and_never_inside_itself(shop):
    a, b, c = shop.units(shop.board, "A", "B", "C")
    install.install_units(shop.db, [Fitting(a, b)], **shop.how)
    with pytest.raises(AlreadyInstalled):
        install.install_units(shop.db, [Fitting(a, c)], **shop.how)
    with pytest.raises(InsideItself):
        install.install_units(shop.db, [Fitting(b, a)], **shop.how)
    with pytest.raises(InsideItself):
        install.install_units(shop.db, [Fitting(b, c), Fitting(c, b)], **shop.how)


def test_more_consumed_than_received_is_warned_of_and_recorded(shop):
    resin = shop.lot(shop.resin, "R-1", 1)
    shop.build(shop.pump, "SN-1", inputs=[resin])
    made = shop.build(shop.pump, "SN-2", inputs=[resin])
    assert made.warnings
    assert "R-1" in made.warnings[0]


@pytest.mark.parametrize("table", ["event", "event_link", "edge", "install", "stock_posting"])
def test_what_was_recorded_is_not_rewritten(database, people, table):
    from sqlalchemy import text

    from tests.support.shop import NOW, Shop

    with database.begin() as db:
        shop = Shop(db, {"by": people.production, "at": NOW})
        resin = shop.lot(shop.resin, "R-1", 9)
        [board] = shop.units(shop.board, "PCB-1")
        shop.build(shop.pump, ToBuild("SN-1", ((board, None),)), inputs=[resin])
    column = {
        "edge": "qty",
        "install": "host_id",
        "event_link": "role",
        "stock_posting": "quantity",
    }.get(table, "type")
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
        with pytest.raises(DBAPIError), database.begin() as db:
            db.execute(text(statement))


def test_what_left_a_host_is_marked_and_so_is_what_is_in_it_or_comes_into_it(shop):
    lot = shop.lot(shop.resin, "R-1", 10)
    [chip] = shop.build(shop.board, "CHIP-1", inputs=[lot]).unit_ids
    [board, other] = shop.units(shop.board, "PCB-1", "PCB-2")
    [one, two, three] = shop.units(shop.pump, "SN-1", "SN-2", "SN-3")

    def marked():
        return set(shop.db.scalars(select(UnitRoot.unit_id).where(UnitRoot.has_past)))

    install.install_units(shop.db, [Fitting(board, one)], **shop.how)
    assert marked() == set()
    install.remove_units(shop.db, [board], **shop.how)
    assert marked() == {board}
    install.install_units(shop.db, [Fitting(chip, board), Fitting(board, two)], **shop.how)
    install.install_units(shop.db, [Fitting(other, three)], **shop.how)
    assert marked() == {board, chip}

    counts = trace.counted(shop.db, trace.Seeds(lots=frozenset({lot.id})))
    assert (counts.all_units.contains, counts.all_units.contained) == (1, 1)
    # and a store that lost the marks gets them back
    shop.db.execute(update(UnitRoot).values(has_past=False))
    rebuild.rebuild(shop.db, at=shop.how["at"])
    assert marked() == {board, chip}
