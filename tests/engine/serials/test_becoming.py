"""Lots split, merged, relabelled and kitted, units under new labels: every trace follows."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from engine.serials import backward, build, correct, find, lots, naming, parties, relabel, trace
from engine.serials.errors import (
    CannotBeCorrected,
    FieldFixed,
    LotTaken,
    MadeSince,
    NothingTaken,
    NotOneLot,
    OnHold,
    PartsDiffer,
    SerialTaken,
    WouldLoop,
)
from engine.serials.models import Lot, TraceNode, Unit, UnitRoot
from engine.serials.record import LotInput, StockPart
from engine.serials.relabel import NewLabel
from engine.serials.targets import HoldTarget
from tests.support.at_once import at_once
from tests.support.shop import NOW, Shop


def part(shop, lot, quantity):
    return StockPart(shop.stock(lot, custody="in_house")[0].id, Decimal(quantity))


def test_what_is_split_off_is_found_from_the_old_lot_and_lies_where_it_lay(shop):
    lot = shop.lot(shop.body, "B-1", 40, expires_on=date(2027, 1, 1))
    recorded = lots.split_lot(shop.db, "B-1a", stock_parts=[part(shop, lot, 15)], **shop.how)
    made = shop.build(shop.pump, "SN-1", inputs=[shop.db.get(Lot, recorded.lot_id)])

    assert [row.quantity for row in shop.stock(lot)] == [Decimal(25)]
    split = shop.db.get(Lot, recorded.lot_id)
    assert (split.expires_on, split.is_released) == (date(2027, 1, 1), True)
    assert trace.contains(shop.db, lots=[lot.id]).unit_ids == set(made.unit_ids)
    [run] = backward.composition(shop.db, unit_id=made.unit_ids[0]).parts
    assert run.parts[0].label == "B-1a"
    assert run.parts[0].parts[0].label == "B-1"


def test_a_merged_lot_is_found_from_each_and_expires_with_the_first(shop):
    one = shop.lot(shop.body, "B-1", 10, expires_on=date(2027, 1, 1))
    two = shop.lot(shop.body, "B-2", 10, expires_on=date(2026, 9, 1))
    recorded = lots.merge_lots(
        shop.db, "B-3", stock_parts=[part(shop, one, 4), part(shop, two, 6)], **shop.how
    )
    merged = shop.db.get(Lot, recorded.lot_id)
    assert merged.expires_on == date(2026, 9, 1)
    assert [row.quantity for row in shop.stock(merged)] == [Decimal(10)]
    for lot in (one, two):
        assert merged.id in trace.contains(shop.db, lots=[lot.id]).lot_ids


def test_units_not_yet_released_go_into_the_split_lot_and_the_trace_with_them(shop):
    lot = shop.lot(shop.board, "L-1")
    units = shop.units(shop.board, "PCB-1", "PCB-2", lot=lot, usability="unreleased")
    recorded = lots.split_lot(shop.db, "L-1a", units=units[:1], **shop.how)

    assert [shop.db.get(Unit, u).lot_id for u in units] == [recorded.lot_id, lot.id]
    assert trace.contains(shop.db, lots=[recorded.lot_id]).unit_ids == {units[0]}
    assert trace.contains(shop.db, lots=[lot.id]).unit_ids == set(units)

    correct.withdraw(shop.db, recorded.event.id, reason="not sterilised apart", **shop.how)
    assert shop.db.get(Unit, units[0]).lot_id == lot.id
    roots = select(UnitRoot.lot_id).where(UnitRoot.unit_id == units[0])
    assert shop.db.scalar(roots) == lot.id
    assert trace.contains(shop.db, lots=[recorded.lot_id]).unit_ids == set()


def test_a_split_stays_while_a_unit_of_it_is_of_yet_another_lot(shop):
    lot = shop.lot(shop.board, "L-1")
    [unit] = shop.units(shop.board, "PCB-1", lot=lot, usability="unreleased")
    first = lots.split_lot(shop.db, "L-1a", units=[unit], **shop.how)
    second = lots.split_lot(shop.db, "L-1b", units=[unit], **shop.how)
    with pytest.raises(MadeSince, match="PCB-1"):
        correct.withdraw(shop.db, first.event.id, reason="other box", **shop.how)

    correct.withdraw(shop.db, second.event.id, reason="other box", **shop.how)
    correct.withdraw(shop.db, first.event.id, reason="other box", **shop.how)
    assert shop.db.get(Unit, unit).lot_id == lot.id


def test_what_was_known_before_a_split_still_finds_the_unit_by_its_old_lot(shop):
    lot = shop.lot(shop.board, "L-1")
    [unit] = shop.units(shop.board, "PCB-1", lot=lot, usability="unreleased")
    before = trace.event_known_at(shop.db, shop.how["at"])
    made = lots.split_lot(shop.db, "L-1a", units=[unit], **shop.how)

    def known(lot_id, event_id):
        seeds = trace.Seeds(lots=frozenset([lot_id]))
        kept = trace.run(shop.db, seeds, expression={}, by=None, at=shop.how["at"], as_of=event_id)
        return [one.unit_id for one in trace.every_unit(shop.db, kept.id)]

    assert (known(lot.id, before), known(made.lot_id, before)) == ([unit], [])
    assert known(made.lot_id, made.event.id) == known(lot.id, made.event.id) == [unit]


def test_what_a_quantity_was_reworked_with_is_in_all_that_is_made_of_it(shop):
    body, glue = shop.lot(shop.body, "B-1", 40), shop.lot(shop.resin, "GLUE-1", 100)
    used = [LotInput(glue.id, Decimal(2), shop.store.id)]
    recorded = shop.state.rework(
        shop.db, stock_parts=[part(shop, body, 5)], inputs=used, **shop.how
    )
    made = shop.build(shop.pump, "SN-1", inputs=[body])

    assert trace.contains(shop.db, lots=[glue.id]).unit_ids == set(made.unit_ids)
    # two for each of the five pieces
    assert [row.quantity for row in shop.stock(glue, custody="in_house")] == [Decimal(90)]
    [run] = backward.composition(shop.db, unit_id=made.unit_ids[0]).parts
    assert [(one.label, one.quantity) for one in run.parts[0].parts] == [("GLUE-1", Decimal(10))]
    of_body = [LotInput(body.id, Decimal(1), shop.store.id)]
    with pytest.raises(WouldLoop):
        shop.state.rework(shop.db, stock_parts=[part(shop, glue, 1)], inputs=of_body, **shop.how)

    correct.withdraw(shop.db, recorded.event.id, reason="was not glued", **shop.how)
    assert trace.contains(shop.db, lots=[glue.id]).unit_ids == set()


def test_a_label_does_not_pass_to_another_unit_by_a_correction(shop):
    one, two = shop.units(shop.pump, "SN-1", "SN-2")
    recorded = relabel.relabel_units(shop.db, [NewLabel(one, "SN-9")], **shop.how)
    with pytest.raises(CannotBeCorrected):
        correct.replace(shop.db, recorded.event.id, units=[two], reason="other unit", **shop.how)
    assert [match.unit_id for match in find.resolve(shop.db, "SN-9")] == [one]


def test_the_lot_of_a_released_unit_is_fixed(shop):
    lot = shop.lot(shop.board, "L-1")
    units = shop.units(shop.board, "PCB-1", lot=lot)
    with pytest.raises(FieldFixed):
        lots.split_lot(shop.db, "L-1a", units=units, **shop.how)


def test_what_is_on_hold_is_not_split_out_of_sight(shop, hold):
    lot = shop.lot(shop.body, "B-1", 40)
    hold(HoldTarget.lot(lot.id))
    with pytest.raises(OnHold, match="cracked housing"):
        lots.split_lot(shop.db, "B-1a", stock_parts=[part(shop, lot, 1)], **shop.how)


def test_lots_of_two_parts_are_not_one_lot_and_two_lots_are_not_split_together(shop):
    body, resin = shop.lot(shop.body, "B-1", 4), shop.lot(shop.resin, "R-1", 4)
    other = shop.lot(shop.body, "B-2", 4)
    both = [part(shop, body, 1), part(shop, resin, 1)]
    with pytest.raises(PartsDiffer):
        lots.merge_lots(shop.db, "X", stock_parts=both, **shop.how)
    with pytest.raises(NotOneLot):
        lots.split_lot(
            shop.db, "X", stock_parts=[part(shop, body, 1), part(shop, other, 1)], **shop.how
        )
    with pytest.raises(LotTaken, match="B-2"):
        lots.split_lot(shop.db, "B-2", stock_parts=[part(shop, body, 1)], **shop.how)
    with pytest.raises(NothingTaken):
        lots.split_lot(shop.db, "X", **shop.how)


def test_a_split_that_never_was_gives_the_quantity_back_unless_it_was_used(shop):
    lot = shop.lot(shop.body, "B-1", 40)
    first = lots.split_lot(shop.db, "B-1a", stock_parts=[part(shop, lot, 15)], **shop.how)
    second = lots.split_lot(shop.db, "B-1b", stock_parts=[part(shop, lot, 5)], **shop.how)
    shop.build(shop.pump, "SN-1", inputs=[shop.db.get(Lot, second.lot_id)])

    correct.withdraw(shop.db, first.event.id, reason="wrong lot", **shop.how)
    assert [row.quantity for row in shop.stock(lot)] == [Decimal(35)]
    assert first.lot_id not in trace.contains(shop.db, lots=[lot.id]).lot_ids
    with pytest.raises(MadeSince, match="B-1b"):
        correct.withdraw(shop.db, second.event.id, reason="wrong lot", **shop.how)


def test_a_relabelled_lot_is_found_under_both_numbers_and_by_its_label_version(shop):
    lot = shop.lot(shop.set, "S-1", 30)
    recorded = lots.relabel_lot(
        shop.db, "S-1R", stock_parts=[part(shop, lot, 30)], label_version="rev C", **shop.how
    )
    assert recorded.lot_id in trace.contains(shop.db, lots=[lot.id]).lot_ids
    assert naming.concerned(shop.db, "label", "rev C").lots == {recorded.lot_id}


def test_a_kit_leads_back_to_what_was_put_together(shop):
    body = shop.lot(shop.body, "B-1", 10)
    kit = parties.ensure_lot(shop.db, shop.set.id, "K-1", **shop.how)
    made = build.build_lot(
        shop.db, kit.id, Decimal(5), location_id=shop.store.id, as_kit=True,
        inputs=[LotInput(body.id, Decimal(5))], **shop.how,
    )  # fmt: skip
    assert made.event.type == "kitted"
    assert kit.id in trace.contains(shop.db, lots=[body.id]).lot_ids


# --- units -----------------------------------------------------------------------------------


def test_a_relabelled_unit_is_found_under_every_name_it_ever_bore(shop):
    [pump] = shop.units(shop.pump, "SN-1")
    relabel.relabel_units(shop.db, [NewLabel(pump, "SN-1B")], label_version="C", **shop.how)
    relabel.relabel_units(shop.db, [NewLabel(pump, "SN-1C")], **shop.how)

    for name in ("SN-1", "SN-1B", "SN-1C", "(01)07032069804988(21)SN-1C"):
        assert [match.unit_id for match in find.resolve(shop.db, name)] == [pump]
    assert find.resolve(shop.db, "SN-1C")[0].also == "SN-1C"
    assert naming.concerned(shop.db, "label", "C").units == {pump}


def test_a_serial_that_a_unit_ever_bore_is_given_to_no_other(shop):
    first, second = shop.units(shop.pump, "SN-1", "SN-2")
    relabel.relabel_units(shop.db, [NewLabel(first, "SN-9")], **shop.how)
    with pytest.raises(SerialTaken, match="SN-9"):
        relabel.relabel_units(shop.db, [NewLabel(second, "SN-9")], **shop.how)
    with pytest.raises(SerialTaken, match="SN-1"):
        relabel.relabel_units(shop.db, [NewLabel(second, "SN-1")], **shop.how)
    with pytest.raises(SerialTaken, match="SN-9"):
        shop.units(shop.pump, "SN-9")


def test_a_label_that_never_was_frees_its_serial(shop):
    [pump] = shop.units(shop.pump, "SN-1")
    recorded = relabel.relabel_units(shop.db, [NewLabel(pump, "SN-9")], **shop.how)
    correct.withdraw(shop.db, recorded.event.id, reason="wrong unit", **shop.how)
    assert find.resolve(shop.db, "SN-9") == []
    shop.units(shop.pump, "SN-9")


def test_a_held_unit_is_not_relabelled_out_of_sight(shop, hold):
    [pump] = shop.units(shop.pump, "SN-1")
    hold(HoldTarget.unit(pump))
    with pytest.raises(OnHold):
        relabel.relabel_units(shop.db, [NewLabel(pump, "SN-9")], **shop.how)


def test_of_two_who_name_one_new_lot_at_once_one_records_it_and_the_other_uses_it(database, people):
    how = {"by": people.warehouse, "at": NOW}
    with database.begin() as db:
        part_id = Shop(db, how).resin.id
    seen = []

    def name(db):
        seen.append(parties.ensure_lot(db, part_id, "R-1", **how).id)
        seen.append(parties.unknown_lot(db, part_id, **how).id)

    assert at_once(database, name, name) == []
    assert seen[:2] == seen[2:]
    with database.read() as db:
        assert len(db.scalars(select(Lot.id)).all()) == len(db.scalars(select(TraceNode.id)).all())


def test_of_two_who_split_off_one_new_number_at_once_the_second_is_told(database, people):
    how = {"by": people.warehouse, "at": NOW}
    with database.begin() as db:
        shop = Shop(db, how)
        [stock] = shop.stock(shop.lot(shop.resin, "R-1", 10))
        [other] = shop.stock(shop.lot(shop.resin, "R-2", 10))

    def split(row):
        parts = [StockPart(row.id, Decimal(2))]
        return lambda db: lots.split_lot(db, "R-9", stock_parts=parts, **how)

    assert at_once(database, split(stock), split(other)) == [LotTaken]
