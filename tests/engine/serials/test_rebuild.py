"""Everything that is only said by events comes back from them, row for row."""

from decimal import Decimal

import pytest
from sqlalchemy import delete, select, text, update

from engine.serials import (
    build,
    correct,
    examine,
    install,
    lots,
    packing,
    parties,
    receive,
    relabel,
    ship,
    state,
    trace,
    use,
)
from engine.serials.build import ToBuild
from engine.serials.examine import Looked, Reading
from engine.serials.models import Lot, LotStock, Part, Unit, UnitInput, UnitRoot
from engine.serials.packing import Load
from engine.serials.rebuild import rebuild
from engine.serials.record import LotInput, StockPart
from tests.support.shop import NOW

SSCC = "376130321109103420"


@pytest.fixture
def rich(shop):
    """Live a whole life: built, split, packed, shipped, serviced, returned, corrected."""
    db = shop.db
    resin, body = shop.lot(shop.resin, "R-1", 50), shop.lot(shop.body, "B-1", 40)
    boards = shop.units(shop.board, "PCB-1", "PCB-2", "PCB-3", "PCB-4")
    first = shop.build(
        shop.pump, ToBuild("SN-1", ((boards[0], "J1"),)), ToBuild("SN-2", ((boards[1], "J1"),)),
        inputs=[resin, body], facts={"equipment": ["G-17"]},
    )  # fmt: skip
    shop.later(hours=1)
    one, two = first.unit_ids
    split = lots.split_lot(db, "B-1a", stock_parts=[StockPart(shop.stock(body)[0].id, Decimal(7))],
                           **shop.how)  # fmt: skip
    merged = lots.merge_lots(
        db, "B-2",
        stock_parts=[
            StockPart(shop.stock(db.get(Lot, split.lot_id))[0].id, Decimal(2)),
            StockPart(shop.stock(body, custody="in_house")[0].id, Decimal(5)),
        ],
        **shop.how,
    )  # fmt: skip
    kit_lot = parties.ensure_lot(db, shop.set.id, "K-1", **shop.how)
    build.build_lot(
        db, kit_lot.id, Decimal(20), location_id=shop.store.id, as_kit=True,
        inputs=[LotInput(merged.lot_id, Decimal(2))], usability="conforming", **shop.later(hours=1),
    )  # fmt: skip
    relabel.relabel_units(
        db, [relabel.NewLabel(two, "SN-2B")], label_version="C", **shop.later(hours=1)
    )
    case = packing.pack(
        db, SSCC, "case", Load([one], [StockPart(shop.stock(kit_lot)[0].id, Decimal(8))]),
        **shop.later(hours=1),
    )  # fmt: skip
    packing.ship_containers(
        db, [case.facts["container_id"]], to_location_id=shop.ward.id, document_no="DN-1",
        **shop.later(hours=1),
    )  # fmt: skip
    ship.deliver(db, location_id=shop.ward.id, units=[one], **shop.later(days=1))
    use.put_into_use(db, [one], location_id=shop.ward.id, **shop.later(days=1))
    use.service(
        db, one, use.Visit("no flow", "board replaced", "in_use"),
        use.Exchange([boards[0]], [(boards[2], "J1")], [LotInput(merged.lot_id, Decimal(1))]),
        **shop.later(days=1),
    )  # fmt: skip
    examine.examine(
        db, "test", Looked(units=[two]), outcome="failed",
        readings=[Reading("flow", "3.1", is_met=False, lower="4", upper="6", uom="mL/h")],
        **shop.later(hours=1),
    )  # fmt: skip
    state.rework(db, units=[two], **shop.later(hours=1))
    state.release(db, units=[two], **shop.later(hours=1))
    removed = install.remove_units(db, [boards[1]], **shop.later(hours=1))
    correct.withdraw(db, removed.event.id, reason="wrong pump", **shop.later(hours=1))
    state.scrap(db, units=[boards[3]], **shop.later(hours=1))
    ship.receive_return(db, location_id=shop.cage.id, units=[one], **shop.later(hours=1))
    wrong = receive.receive_lot(
        db, resin.id, Decimal(100), location_id=shop.store.id, **shop.later(hours=1)
    )
    correct.replace(db, wrong.event.id, quantity=Decimal(10), reason="misread", **shop.how)
    state.regrade(db, "B", stock_parts=[shop.part_of(kit_lot, 3)], **shop.later(hours=1))
    db.flush()
    return shop


def everything(db):
    db.expire_all()
    return {
        "units": [tuple(r) for r in db.execute(
            select(Unit.id, Unit.custody, Unit.usability, Unit.location_id, Unit.grade,
                   Unit.is_released).order_by(Unit.id))],
        "roots": [tuple(r) for r in db.execute(
            select(UnitRoot.unit_id, UnitRoot.root_id, UnitRoot.seg_id, UnitRoot.lot_id)
            .order_by(UnitRoot.unit_id))],
        "stock": sorted(tuple(r) for r in db.execute(
            select(LotStock.lot_id, LotStock.location_id, LotStock.custody, LotStock.usability,
                   LotStock.tranche_id, LotStock.quantity))),
        "lots": [tuple(r) for r in db.execute(select(Lot.id, Lot.is_released).order_by(Lot.id))],
        "parts": [tuple(r) for r in db.execute(select(Part.id, Part.is_released)
                                               .order_by(Part.id))],
    }  # fmt: skip


def test_what_events_say_is_what_is_there(rich):
    found = rebuild(rich.db, at=NOW, is_check=True)
    assert [str(one) for one in found.differences] == []
    assert (found.unit_count, found.stock_count > 10) == (6, True)


def test_wiped_projections_come_back_row_for_row(rich):
    db = rich.db
    before = everything(db)
    db.execute(delete(LotStock))
    db.execute(delete(UnitRoot))
    db.execute(update(Unit).values(custody="unknown", usability="unknown", location_id=None,
                                   grade="Z"))  # fmt: skip
    assert everything(db) != before

    found = rebuild(db, at=NOW)

    assert everything(db) == before
    assert found.counts["unit"] > found.unit_count
    assert rebuild(db, at=NOW, is_check=True).difference_count == 0


def test_a_check_names_what_differs_and_changes_nothing(rich):
    db = rich.db
    one = db.scalar(select(Unit.id).where(Unit.serial == "SN-1"))
    db.execute(update(Unit).where(Unit.id == one).values(custody="destroyed"))
    row = db.scalars(select(LotStock).where(LotStock.quantity > 0).order_by(LotStock.id)).first()
    stock_id, right = row.id, row.quantity
    db.execute(update(LotStock).where(LotStock.id == stock_id).values(quantity=Decimal(999)))
    before = everything(db)

    found = rebuild(db, at=NOW, is_check=True)

    assert found.counts == {"unit": 1, "stock": 1}
    assert "unit SN-1: custody is destroyed, events say returned" in map(str, found.differences)
    assert everything(db) == before
    rebuild(db, at=NOW)
    assert db.scalar(select(LotStock.quantity).where(LotStock.id == stock_id)) == right


def test_a_rebuild_tells_how_far_it_is(rich):
    told = []
    rebuild(rich.db, at=NOW, is_check=True, progress=lambda *said: told.append(said))
    lot_count = rich.db.scalar(text("SELECT count(*) FROM lot"))
    assert told == [("units", 6, 6), ("lots", lot_count, lot_count)]


def test_a_lot_that_a_corrected_rework_used_in_a_unit_comes_back_into_its_trace(shop):
    db = shop.db
    resin, body = shop.lot(shop.resin, "R-1", 50), shop.lot(shop.body, "B-1", 40)
    [pump] = shop.units(shop.pump, "SN-1")
    quantity = state.rework(
        db, stock_parts=[shop.part_of(body, 2)], inputs=[LotInput(resin.id, Decimal(1))],
        **shop.later(hours=1),
    )  # fmt: skip
    really = correct.replace(db, quantity.event.id, units=[pump], reason="misread", **shop.how)
    assert rebuild(db, at=NOW, is_check=True).difference_count == 0
    db.execute(update(UnitInput).values(never_event_id=really.event.id))  # as it once was kept
    assert pump not in found_from(db, resin)

    assert rebuild(db, at=NOW, is_check=True).counts == {"input": 1}
    assert pump not in found_from(db, resin)
    [missed] = rebuild(db, at=NOW).differences

    assert str(missed) == f"input SN-1: used by event {really.event.id} is None, events say R-1"
    assert pump in found_from(db, resin)
    assert rebuild(db, at=NOW, is_check=True).difference_count == 0


def found_from(db, lot):
    return {one.unit_id for one in trace.contains(db, lots=[lot.id]).units}
