"""The look-up pages, the register, and the three axes behind them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import event as sa_event, select, text
from sqlalchemy.exc import DBAPIError

from engine.evidence import ledger
from engine.serials import correct, install, queries, ship, state
from engine.serials.build import ToBuild
from engine.serials.errors import AlreadyCorrected, Elsewhere, InstalledInside, NotEnough, NotUsable
from engine.serials.events import recording_sha256
from engine.serials.install import Fitting
from engine.serials.models import Event, Lot, Unit
from engine.serials.record import Effect, StockPart
from engine.serials.register import register
from engine.serials.targets import HoldTarget


def test_the_page_of_a_unit_shows_identity_axes_composition_holds_and_story(shop, hold):
    resin = shop.lot(shop.resin, "R-7", 10)
    body = shop.build_lot(shop.body, "B-7", 5, resin)
    [board] = shop.build(shop.board, "PCB-1", inputs=[resin]).unit_ids
    [old] = shop.units(shop.board, "PCB-0")
    [pump] = shop.build(
        shop.pump, ToBuild("SN-1", ((old, "main"),)), inputs=[body], work_order="WO-9"
    ).unit_ids
    shop.later(hours=1)
    install.remove_units(shop.db, [old], **shop.how)
    install.install_units(shop.db, [Fitting(board, pump, "main")], **shop.how)
    hold(HoldTarget.lot(resin.id))
    hold(HoldTarget.unit(board), "NC-2026-0002")
    shop.later(hours=1)
    ship.report_shipment(
        shop.db, to_location_id=shop.ward.id, units=[pump], document_no="DN-1", **shop.how
    )

    page = queries.unit_page(shop.db, pump)

    assert (page.serial, page.custody, page.usability, page.party) == (
        "SN-1",
        "at_consignee",
        "conforming",
        "St Mary",
    )
    assert [h.case_number for h in page.holds] == ["NC-2026-0002"]
    parts = {(p.how, p.label) for p in page.made_of.parts}
    assert parts == {("made_in", "WO-9"), ("was_in", "PCB-0"), ("installed_in", "PCB-1")}
    run = next(p for p in page.made_of.parts if p.how == "made_in")
    assert [(p.label, [q.label for q in p.parts]) for p in run.parts] == [("B-7", ["R-7"])]
    assert [m.type for m in page.timeline] == [
        "built",
        "removed",
        "installed",
        "shipment_reported",
        "hold_breached",
    ]
    assert [s.document_no for s in page.shipments] == ["DN-1"]
    board_page = queries.unit_page(shop.db, board)
    assert [h.serial for h in board_page.hosts] == ["SN-1"]
    assert board_page.custody == "at_consignee"


def test_the_page_of_a_lot_shows_its_stock_units_and_holds(shop, hold):
    lot = shop.lot(shop.set, "L-1", 100)
    hold(HoldTarget.stock(shop.stock(lot)[0].id, Decimal(40)))
    ship.ship(shop.db, to_location_id=shop.ward.id, stock_parts=[shop.part_of(lot, 10)], **shop.how)

    page = queries.lot_page(shop.db, lot.id)

    assert sorted((r.quantity, r.custody, bool(r.holds)) for r in page.stock) == [
        (10, "in_transit", False),
        (40, "in_house", True),
        (50, "in_house", False),
    ]
    assert [s.quantity for s in page.shipments] == [10]
    assert page.holds == ()


@pytest.mark.parametrize("count", [1, 30])
def test_a_page_asks_as_often_however_much_it_shows(shop, count):
    boards = shop.units(shop.board, *(f"B-{n}" for n in range(count)))
    [pump] = shop.build(shop.pump, ToBuild("SN", tuple((b, None) for b in boards))).unit_ids
    asked = []
    listener = lambda *args: asked.append(args[2])  # noqa: E731
    sa_event.listen(shop.db.get_bind(), "before_cursor_execute", listener)
    queries.unit_page(shop.db, pump)
    sa_event.remove(shop.db.get_bind(), "before_cursor_execute", listener)
    assert len(asked) <= 20


def test_the_register_counts_what_each_hold_holds_where(shop, hold):
    lot = shop.lot(shop.pump, "P-7")
    one, _, _ = shop.units(shop.pump, "SN-1", "SN-2", "SN-3", lot=lot)
    sets = shop.lot(shop.set, "L-1", 100)
    hold(HoldTarget.lot(lot.id))
    hold(HoldTarget.stock(shop.stock(sets)[0].id, Decimal(40)), "NC-2026-0002")
    state.move(shop.db, location_id=shop.cage.id, units=[one], **shop.how)

    lines = register(shop.db)

    assert sorted((h.case_number, h.location, h.quantity) for h in lines) == [
        ("NC-2026-0001", "Cage", 1),
        ("NC-2026-0001", "Store", 2),
        ("NC-2026-0002", "Store", 40),
    ]
    assert [h.location for h in register(shop.db, location_id=shop.cage.id)] == ["Cage"]
    assert len(register(shop.db, case_number="NC-2026-0002")) == 1
    assert lines[0].age(shop.how["at"] + timedelta(days=2)) == timedelta(days=2)


def test_a_unit_goes_through_its_life(shop):
    [pump] = shop.units(shop.pump, "SN-1", usability="unreleased")
    unit = shop.db.get(Unit, pump)
    with pytest.raises(NotUsable):
        ship.ship(shop.db, to_location_id=shop.ward.id, units=[pump], **shop.how)
    for command, axes in (
        (lambda: state.release(shop.db, units=[pump], **shop.how), ("in_house", "conforming")),
        (
            lambda: ship.ship(shop.db, to_location_id=shop.ward.id, units=[pump], **shop.how),
            ("in_transit", "conforming"),
        ),
        (
            lambda: ship.deliver(shop.db, location_id=shop.ward.id, units=[pump], **shop.how),
            ("at_consignee", "conforming"),
        ),
        (
            lambda: ship.receive_return(
                shop.db, location_id=shop.cage.id, units=[pump], **shop.how
            ),
            ("returned", "nonconforming"),
        ),
        (lambda: state.rework(shop.db, units=[pump], **shop.how), ("returned", "unreleased")),
        (
            lambda: state.regrade(shop.db, "B", units=[pump], **shop.how),
            ("returned", "unreleased"),
        ),
        (lambda: state.scrap(shop.db, units=[pump], **shop.how), ("returned", "scrapped")),
        (lambda: state.destroy(shop.db, units=[pump], **shop.how), ("destroyed", "scrapped")),
    ):
        shop.later(minutes=1)
        command()
        shop.db.refresh(unit)
        assert (unit.custody, unit.usability) == axes
    assert unit.grade == "B"


def test_a_lot_goes_through_its_life_and_nothing_is_lost(shop):
    lot = shop.lot(shop.set, "L-1", 100)
    row = shop.stock(lot)[0]
    part = lambda n: [StockPart(row.id, Decimal(n))]  # noqa: E731
    state.mark_nonconforming(shop.db, stock_parts=part(10), **shop.how)
    state.scrap(shop.db, stock_parts=part(5), **shop.how)
    state.destroy(shop.db, stock_parts=part(5), **shop.how)
    state.regrade(shop.db, "second", stock_parts=part(5), **shop.how)
    state.adjust_count(shop.db, row.id, Decimal(74), **{**shop.how, "reason": "recount"})

    assert {(r.custody, r.usability): r.quantity for r in shop.stock(lot)} == {
        ("in_house", "conforming"): 74,
        ("in_house", "nonconforming"): 10,
        ("in_house", "scrapped"): 5,
        ("destroyed", "scrapped"): 5,
        ("in_house", "unreleased"): 5,
    }
    with pytest.raises(NotEnough):
        ship.ship(
            shop.db,
            to_location_id=shop.ward.id,
            stock_parts=[StockPart(row.id, Decimal(75))],
            **shop.how,
        )


def test_a_late_fact_falls_into_its_place(shop):
    [pump] = shop.units(shop.pump, "SN-1")
    shop.later(days=5)
    state.move(shop.db, location_id=shop.line.id, units=[pump], **shop.how)
    late = shop.how["at"] - timedelta(days=2)
    state.move(shop.db, location_id=shop.cage.id, units=[pump], **{**shop.how, "event_at": late})
    assert shop.db.get(Unit, pump).location_id == shop.line.id


def test_a_wrong_event_is_corrected_by_a_new_one_with_its_reason(shop):
    one, two = shop.units(shop.pump, "SN-1", "SN-2")
    shop.later(minutes=1)
    moved = state.move(shop.db, location_id=shop.line.id, units=[one], **shop.how)
    fixed = correct.replace(
        shop.db,
        moved.event.id,
        units=[two],
        effect=Effect("in_house", None, shop.line.id),
        **{**shop.how, "reason": "misread"},
    )
    assert shop.db.get(Unit, one).location_id == shop.store.id
    assert shop.db.get(Unit, two).location_id == shop.line.id
    assert (fixed.event.corrects_id, fixed.event.reason) == (moved.event.id, "misread")
    with pytest.raises(AlreadyCorrected):
        correct.withdraw(shop.db, moved.event.id, **{**shop.how, "reason": "again"})
    with pytest.raises(DBAPIError):
        correct.withdraw(shop.db, fixed.event.id, **shop.how)  # without a reason


def test_a_shipped_unit_is_not_installed_in_another_elsewhere(shop):
    (board,) = shop.units(shop.board, "B-1")
    pump, other = shop.units(shop.pump, "SN-1", "SN-2")
    for unit in (board, other):
        ship.ship(shop.db, to_location_id=shop.ward.id, units=[unit], **shop.how)
    with pytest.raises(Elsewhere):
        install.install_units(shop.db, [Fitting(board, pump)], **shop.how)
    install.install_units(shop.db, [Fitting(board, other)], **shop.how)  # a spare on site


def test_what_is_inside_another_does_not_ship_by_itself(shop):
    [board] = shop.units(shop.board, "B-1")
    shop.build(shop.pump, ToBuild("SN-1", ((board, None),)))
    with pytest.raises(InstalledInside):
        ship.ship(shop.db, to_location_id=shop.ward.id, units=[board], **shop.how)


def test_key_fields_are_locked_once_released(database, people):
    from tests.support.shop import NOW, Shop

    with database.begin() as db:
        shop = Shop(db, {"by": people.qa_manager, "at": NOW})
        lot = shop.lot(shop.set, "L-1", 5)
        state.release(db, stock_parts=[shop.part_of(lot, 5)], **shop.how)
        assert db.get(Lot, lot.id).is_released
        shop.units(shop.pump, "SN-1")
        shop.units(shop.pump, "SN-2", usability="unreleased")
    refused = (
        "UPDATE unit SET serial = 'X' WHERE serial = 'SN-1'",
        "UPDATE lot SET lot_no = 'X'",
    )
    for statement in refused:
        with pytest.raises(DBAPIError, match="locked after release"), database.begin() as db:
            db.execute(text(statement))
    with database.begin() as db:
        db.execute(text("UPDATE unit SET serial = 'SN-3' WHERE serial = 'SN-2'"))


def test_every_command_leaves_a_ledger_entry_that_its_events_can_be_held_against(shop):
    shop.units(shop.pump, "SN-1")
    [event] = shop.db.scalars(select(Event))
    [entry] = ledger.entries(shop.db, "data:main", action="events_recorded")
    assert entry.body["count"] == 1
    assert entry.body["sha256"] == recording_sha256(shop.db, event.recording)
