"""What is on hold does not pass, at any door, for any case that still holds it."""

from decimal import Decimal

import pytest
from sqlalchemy import event as sa_event, select

from engine.serials import gate, holds, ship, state
from engine.serials.build import ToBuild
from engine.serials.errors import HoldOver, NotOfThisHold, OnHold
from engine.serials.models import HoldBreach, Unit
from engine.serials.record import StockPart
from engine.serials.targets import HoldTarget


def test_a_held_device_cannot_ship(shop, hold):
    [pump] = shop.units(shop.pump, "SN-1")
    hold(HoldTarget.unit(pump))

    with pytest.raises(OnHold) as refused:
        ship.ship(shop.db, to_location_id=shop.ward.id, units=[pump], **shop.how)

    assert "SN-1 is on hold for NC-2026-0001 (cracked housing)" in str(refused.value)
    assert "quarantine" in str(refused.value)
    assert shop.db.get(Unit, pump).custody == "in_house"


def test_a_hold_on_a_lot_also_covers_what_arrives_later(shop, hold):
    lot = shop.lot(shop.pump, "P-7")
    hold(HoldTarget.lot(lot.id))
    [late] = shop.units(shop.pump, "SN-9", lot=lot)

    assert not gate.check(shop.db, [late], door="ship")[0].allowed


def test_a_hold_on_a_run_holds_all_its_units(shop, hold):
    made = shop.build(shop.pump, "SN-1", "SN-2")
    hold(HoldTarget.segment(made.segment_id))

    assert [v.allowed for v in gate.check(shop.db, made.unit_ids, door="ship")] == [False, False]


def test_what_is_held_inside_holds_its_hosts_and_what_is_held_around_holds_what_is_inside(
    shop, hold
):
    [chip] = shop.units(shop.board, "CHIP")
    [board] = shop.build(shop.board, ToBuild("B-1", ((chip, "U1"),))).unit_ids
    [pump] = shop.build(shop.pump, ToBuild("SN-1", ((board, "main"),))).unit_ids
    inner = hold(HoldTarget.unit(chip))
    assert not gate.check(shop.db, [pump], door="ship")[0].allowed

    holds.release(shop.db, inner.id, reason="fine", by=None, at=shop.how["at"])
    assert gate.check(shop.db, [pump], door="ship")[0].allowed

    hold(HoldTarget.unit(pump))
    assert not gate.check(shop.db, [chip], door="issue")[0].allowed


def test_closing_one_case_never_frees_the_units_of_another(shop, hold):
    [pump] = shop.units(shop.pump, "SN-1")
    hold(HoldTarget.unit(pump), "NC-2026-0001")
    hold(HoldTarget.unit(pump), "NC-2026-0002")

    holds.release_case(shop.db, "NC-2026-0001", reason="dispositioned", by=None, at=shop.how["at"])

    verdict = gate.check(shop.db, [pump], door="ship")[0]
    assert not verdict.allowed
    assert [h.case_number for h in verdict.holds] == ["NC-2026-0002"]


def test_a_hold_on_a_part_of_a_stock_leaves_the_rest_free(shop, hold):
    lot = shop.lot(shop.set, "L-1", 100)
    row = shop.stock(lot)[0]
    hold(HoldTarget.stock(row.id, Decimal(40)))

    free, held = shop.stock(lot)
    assert (free.quantity, held.quantity) == (60, 40)
    verdicts = gate.check(
        shop.db, [HoldTarget.stock(free.id), HoldTarget.stock(held.id)], door="ship"
    )
    assert [v.allowed for v in verdicts] == [True, False]


def test_held_stock_stays_held_wherever_it_goes(shop, hold):
    lot = shop.lot(shop.set, "L-1", 100)
    hold(HoldTarget.stock(shop.stock(lot)[0].id, Decimal(40)))
    held = shop.stock(lot)[1]
    state.move(
        shop.db, location_id=shop.cage.id, stock_parts=[StockPart(held.id, Decimal(15))], **shop.how
    )

    [moved] = shop.stock(lot, location_id=shop.cage.id)
    assert moved.quantity == 15
    assert holds.holds_on(shop.db, stock_id=moved.id)


def test_held_goods_move_only_to_a_quarantine_area(shop, hold):
    [pump] = shop.units(shop.pump, "SN-1")
    hold(HoldTarget.unit(pump))

    with pytest.raises(OnHold):
        state.move(shop.db, location_id=shop.line.id, units=[pump], **shop.how)
    state.move(shop.db, location_id=shop.cage.id, units=[pump], **shop.how)

    assert shop.db.get(Unit, pump).location_id == shop.cage.id


def test_what_is_scrapped_passes_no_door_to_use_though_nothing_holds_it(shop):
    [pump] = shop.units(shop.pump, "SN-1")
    state.scrap(shop.db, units=[pump], **shop.how)

    for door in ("ship", "issue", "install", "release", "rework", "regrade"):
        [verdict] = gate.check(shop.db, [pump], door=door)
        assert not verdict.allowed
        assert "scrapped" in verdict.sentence
    assert gate.check(shop.db, [pump], door="destroy")[0].allowed


def test_a_part_of_a_held_set_is_released_and_the_rest_stays_held(shop, hold):
    one, two = shop.units(shop.pump, "SN-1", "SN-2")
    placed = hold(HoldTarget.scope([HoldTarget.unit(one), HoldTarget.unit(two)]))
    holds.release(
        shop.db,
        placed.id,
        targets=[HoldTarget.unit(one)],
        reason="sorted",
        by=None,
        at=shop.how["at"],
    )

    assert [v.allowed for v in gate.check(shop.db, [one, two], door="ship")] == [True, False]
    assert placed.released_at is None

    holds.release(
        shop.db,
        placed.id,
        targets=[HoldTarget.unit(two)],
        reason="sorted",
        by=None,
        at=shop.how["at"],
    )
    assert placed.released_at is not None


def test_a_unit_let_out_of_a_lot_hold_passes_and_what_arrives_later_does_not(shop, hold):
    lot = shop.lot(shop.pump, "P-7")
    one, two = shop.units(shop.pump, "SN-1", "SN-2", lot=lot)
    placed = hold(HoldTarget.lot(lot.id))
    holds.release(
        shop.db,
        placed.id,
        targets=[HoldTarget.unit(one)],
        reason="checked",
        by=None,
        at=shop.how["at"],
    )
    [late] = shop.units(shop.pump, "SN-3", lot=lot)

    allowed = [v.allowed for v in gate.check(shop.db, [one, two, late], door="ship")]
    assert allowed == [True, False, False]


@pytest.mark.parametrize("whole_lot", [True, False])
def test_a_quantity_is_let_out_of_a_hold_on_a_lot_or_a_stock(shop, hold, whole_lot):
    lot = shop.lot(shop.set, "L-1", 100)
    row = shop.stock(lot)[0]
    other = hold(HoldTarget.stock(row.id), "NC-2026-0002")
    placed = hold(HoldTarget.lot(lot.id) if whole_lot else HoldTarget.stock(shop.stock(lot)[0].id))
    held = shop.stock(lot)[0]
    holds.release(
        shop.db,
        placed.id,
        targets=[HoldTarget.stock(held.id, Decimal(30))],
        reason="sorted",
        by=None,
        at=shop.how["at"],
    )

    by_quantity = {
        row.quantity: {h.case_number for h in holds.holds_on(shop.db, stock_id=row.id)}
        for row in shop.stock(lot)
    }
    both = {"NC-2026-0001", "NC-2026-0002"}
    assert by_quantity == {Decimal(70): both, Decimal(30): {"NC-2026-0002"}}
    holds.release(shop.db, other.id, reason="fine", by=None, at=shop.how["at"])
    free = [r.quantity for r in shop.stock(lot) if not holds.holds_on(shop.db, stock_id=r.id)]
    assert free == [30]


def test_a_hold_is_released_once_and_only_for_what_it_holds(shop, hold):
    one, two = shop.units(shop.pump, "SN-1", "SN-2")
    placed = hold(HoldTarget.unit(one))
    with pytest.raises(NotOfThisHold):
        holds.release(
            shop.db,
            placed.id,
            targets=[HoldTarget.unit(two)],
            reason="x",
            by=None,
            at=shop.how["at"],
        )
    holds.release(shop.db, placed.id, reason="x", by=None, at=shop.how["at"])
    with pytest.raises(HoldOver):
        holds.release(shop.db, placed.id, reason="x", by=None, at=shop.how["at"])


def test_the_gate_denies_what_it_does_not_know(shop):
    verdicts = gate.check(shop.db, [4711, "SN-NONE", HoldTarget.stock(99)], door="ship")

    assert not any(v.allowed for v in verdicts)
    assert "not known here" in verdicts[0].sentence
    assert "SN-NONE" in verdicts[1].sentence


def test_the_gate_reads_labels_and_serials(shop, hold):
    [pump] = shop.units(shop.pump, "SN-1")
    assert gate.check(shop.db, ["SN-1", "(01)07032069804988(21)SN-1"], door="ship")[1].allowed
    hold(HoldTarget.unit(pump))
    assert not gate.check(shop.db, ["SN-1"], door="ship")[0].allowed


def test_a_case_may_dispose_of_what_only_it_holds(shop, hold):
    one, two = shop.units(shop.pump, "SN-1", "SN-2")
    hold(HoldTarget.scope([HoldTarget.unit(one), HoldTarget.unit(two)]), "NC-2026-0001")
    hold(HoldTarget.unit(two), "NC-2026-0002")

    state.scrap(shop.db, units=[one], under_case="NC-2026-0001", **shop.how)
    with pytest.raises(OnHold):
        state.scrap(shop.db, units=[two], under_case="NC-2026-0001", **shop.how)


def test_a_reported_shipment_of_a_held_unit_is_recorded_as_a_breach(shop, hold):
    heard = []
    shop.db.info["event_sinks"] = (lambda db, events: heard.extend(e.type for e in events),)
    [pump] = shop.units(shop.pump, "SN-1")
    placed = hold(HoldTarget.unit(pump))
    heard.clear()

    recorded = ship.report_shipment(
        shop.db, to_location_id=shop.ward.id, units=[pump], unknown=["SN-?"], **shop.how
    )

    breach = shop.db.scalars(select(HoldBreach)).one()
    assert (breach.hold_id, breach.unit_id, breach.event_id) == (
        placed.id,
        pump,
        recorded.event.id,
    )
    assert shop.db.get(Unit, pump).custody == "at_consignee"
    assert holds.holds_on(shop.db, unit_id=pump)
    assert heard == ["shipment_reported", "hold_breached"]
    assert recorded.event.payload["unknown"] == ["SN-?"]


def test_a_reported_shipment_of_more_than_there_is_is_recorded_too(shop, hold):
    lot = shop.lot(shop.set, "L-1", 10)
    hold(HoldTarget.lot(lot.id))
    ship.report_shipment(
        shop.db, to_location_id=shop.ward.id, stock_parts=[shop.part_of(lot, 12)], **shop.how
    )

    assert shop.db.scalars(select(HoldBreach)).one().quantity == 12
    assert sorted(r.quantity for r in shop.stock(lot)) == [-2, 12]


def test_the_gate_asks_once_about_units_and_three_times_about_scans_however_many(shop, hold):
    pumps = shop.units(shop.pump, *(f"SN-{n}" for n in range(200)))
    hold(HoldTarget.scope([HoldTarget.unit(key) for key in pumps]))

    def queries(targets):
        asked = []
        listener = lambda *args: asked.append(args[2])  # noqa: E731
        sa_event.listen(shop.db.get_bind(), "before_cursor_execute", listener)
        gate.check(shop.db, targets, door="ship")
        sa_event.remove(shop.db.get_bind(), "before_cursor_execute", listener)
        return len(asked)

    assert queries(pumps) == queries(pumps[:1]) == 1
    assert queries([f"SN-{n}" for n in range(200)]) == queries(["SN-1"]) == 3


def test_a_door_acknowledges_a_hold_once(shop, hold):
    placed = hold(HoldTarget.unit(shop.units(shop.pump, "SN-1")[0]))
    later = shop.later(minutes=20)["at"]
    assert holds.unacknowledged(shop.db, door="ship", before=later) == [placed]
    holds.acknowledge(shop.db, [placed.id], door="ship", at=later)
    holds.acknowledge(shop.db, [placed.id], door="ship", at=later)
    assert holds.unacknowledged(shop.db, door="ship", before=later) == []


def test_held_stock_is_not_drawn_while_free_stock_lies_beside_it(shop, hold):
    lot = shop.lot(shop.resin, "R-1", 10)
    hold(HoldTarget.stock(shop.stock(lot)[0].id, Decimal(8)))
    shop.build(shop.pump, "SN-1", inputs=[lot])
    held = [row.quantity for row in shop.stock(lot) if row.tranche_id]
    assert held == [8]
    shop.build(shop.pump, "SN-2", inputs=[lot])
    with pytest.raises(OnHold):
        shop.build(shop.pump, "SN-3", inputs=[lot])
