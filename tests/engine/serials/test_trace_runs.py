"""A trace is kept row by row as it was answered, counted by place and consignee, and sealed."""

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from engine.serials import correct, install, parties, ship, trace
from engine.serials.build import ToBuild
from engine.serials.models import ShipmentLine, TraceRun
from engine.serials.record import LotInput
from engine.serials.trace import Seeds


def traced(shop, *, lots=(), units=(), **more):
    return trace.run(
        shop.db,
        Seeds(lots=frozenset(lot.id for lot in lots), units=frozenset(units)),
        expression={"any": [{"lot": {"id": lot.id}} for lot in lots]},
        by=shop.how["by"],
        at=shop.how["at"],
        **more,
    )


def ways(shop, run):
    return {
        one.serial: (one.how, one.is_certain, one.is_root)
        for one in trace.every_unit(shop.db, run.id)
    }


def test_a_run_keeps_every_unit_lot_and_quantity_as_rows(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    body = shop.build_lot(shop.body, "B-7", 5, resin)
    board = shop.build(shop.board, "PCB-1", inputs=[body]).unit_ids[0]
    shop.build(shop.pump, ToBuild("SN-1", ((board, "main"),)))
    shop.build(shop.pump, "SN-2")

    run = traced(shop, lots=[resin])

    assert ways(shop, run) == {
        "PCB-1": ("contains", True, False),
        "SN-1": ("contains", True, True),
    }
    assert {(one.lot_no, one.custody) for one in trace.every_stock(shop.db, run.id)} == {
        ("R-7", "in_house"),
        ("R-7", "consumed"),
        ("B-7", "in_house"),
        ("B-7", "consumed"),
    }
    named = {one.node_id: one.is_named for one in trace.affected_nodes(shop.db, run.id)}
    assert named[resin.id]
    assert sum(named.values()) == 1
    assert (run.unit_count, run.root_count, run.stock_count, run.node_count) == (2, 1, 4, 3)


def test_what_is_counted_without_keeping_is_what_a_run_keeps(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    body = shop.build_lot(shop.body, "B-7", 5, resin)
    unknown = parties.unknown_lot(shop.db, shop.body.id, **shop.how)
    boards = shop.build(shop.board, "PCB-1", "PCB-2", inputs=[body]).unit_ids
    pumps = shop.build(
        shop.pump, *(ToBuild(f"SN-{n}", ((board, "main"),)) for n, board in enumerate(boards))
    ).unit_ids
    shop.build(shop.pump, "SN-9", inputs=[unknown])
    install.remove_units(shop.db, [boards[0]], **shop.how)
    ship.ship(shop.db, to_location_id=shop.ward.id, units=pumps, **shop.how)
    ship.ship(shop.db, to_location_id=shop.ward.id, stock_parts=[shop.part_of(body, 2)], **shop.how)
    seeds = Seeds(lots=frozenset({resin.id}))

    counts = trace.counted(shop.db, seeds)

    assert trace.counts(shop.db, traced(shop, lots=[resin]).id) == counts
    sent = counts.by_consignee()[shop.hospital.id]
    assert (sent.contains, sent.contained, sent.cannot_exclude, sent.quantity) == (1, 1, 0, 2)
    custody = counts.by_custody()
    assert (custody["in_house"].contains, custody["in_house"].cannot_exclude) == (1, 1)
    assert custody["in_transit"].unit_count == 2
    assert counts.by_country()["GB"].unit_count == 2


def test_what_was_sent_twice_to_one_consignee_counts_once(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    one, two = shop.build(shop.pump, "SN-1", "SN-2", inputs=[resin]).unit_ids
    ship.ship(shop.db, to_location_id=shop.ward.id, units=[one, two], **shop.how)
    ship.receive_return(shop.db, location_id=shop.store.id, units=[one], **shop.later(days=1))
    ship.report_shipment(shop.db, to_location_id=shop.ward.id, units=[one], **shop.later(days=1))
    seeds = Seeds(lots=frozenset({resin.id}))

    counts = trace.counted(shop.db, seeds)

    assert shop.db.scalar(select(func.count(ShipmentLine.id))) == 3
    assert counts.by_consignee()[shop.hospital.id].contains == counts.root_count == 2
    assert trace.counts(shop.db, traced(shop, lots=[resin]).id) == counts


def test_a_former_host_is_kept_and_marked(shop):
    lot = shop.lot(shop.board, "L-1")
    [board] = shop.units(shop.board, "PCB-1", lot=lot)
    shop.build(shop.pump, ToBuild("SN-1", ((board, "main"),)))
    install.remove_units(shop.db, [board], **shop.how)

    assert ways(shop, traced(shop, lots=[lot])) == {
        "PCB-1": ("contains", True, True),
        "SN-1": ("contained", True, True),
    }


def test_what_a_part_inside_a_part_once_sat_in_is_found(shop):
    chip, board, old, new = shop.units(shop.board, "CHIP", "PCB", "OLD", "NEW")
    for fitted in ((chip, board), (board, old)):
        install.install_units(shop.db, [install.Fitting(*fitted)], **shop.how)
    install.remove_units(shop.db, [board], **shop.how)
    install.install_units(shop.db, [install.Fitting(board, new)], **shop.how)

    assert ways(shop, traced(shop, units=[chip])) == {
        "CHIP": ("named", True, False),
        "PCB": ("contains", True, False),
        "NEW": ("contains", True, True),
        "OLD": ("contained", True, True),
    }
    assert trace.counted(shop.db, Seeds(units=frozenset({chip}))).all_units.contained == 1


def test_an_unknown_lot_comes_in_as_what_cannot_be_excluded(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    unknown = parties.unknown_lot(shop.db, shop.resin.id, **shop.how)
    shop.build(shop.pump, "SN-1", inputs=[resin])
    shop.build(shop.pump, "SN-2", inputs=[unknown])
    shop.build(shop.pump, "SN-3", inputs=[resin, unknown])

    assert {
        serial: sure for serial, (_, sure, _) in ways(shop, traced(shop, lots=[resin])).items()
    } == {
        "SN-1": True,
        "SN-2": False,
        "SN-3": True,
    }


def test_a_trace_as_of_then_knows_what_was_recorded_then(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    [board] = shop.build(shop.board, "PCB-1", inputs=[resin]).unit_ids
    [pump] = shop.units(shop.pump, "SN-1")
    before = traced(shop, lots=[resin])
    fitted = install.install_units(shop.db, [install.Fitting(board, pump)], **shop.how)
    removed = install.remove_units(shop.db, [board], **shop.how)
    correct.withdraw(shop.db, fitted.event.id, **{**shop.how, "reason": "wrong pump scanned"})

    then = traced(shop, lots=[resin], as_of=before.last_event_id)
    fitted_then = traced(shop, lots=[resin], as_of=fitted.event.id)
    removed_then = traced(shop, lots=[resin], as_of=removed.event.id)

    assert ways(shop, then) == {"PCB-1": ("contains", True, True)}
    assert ways(shop, fitted_then) == {
        "PCB-1": ("contains", True, False),
        "SN-1": ("contains", True, True),
    }
    assert ways(shop, removed_then)["SN-1"] == ("contained", True, True)
    assert ways(shop, traced(shop, lots=[resin])) == {"PCB-1": ("contains", True, True)}


def test_two_runs_of_the_same_answer_bear_the_same_fingerprint(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    shop.build(shop.pump, "SN-1", inputs=[resin])
    first, again = traced(shop, lots=[resin]), traced(shop, lots=[resin])
    shop.build(shop.pump, "SN-2", inputs=[resin])
    grown = traced(shop, lots=[resin])

    assert first.result_sha256 == again.result_sha256 == trace.fingerprint(shop.db, first.id)
    assert grown.result_sha256 != first.result_sha256
    assert trace.fingerprint(shop.db, first.id) == first.result_sha256


def test_the_units_of_a_run_are_read_page_by_page(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    made = shop.build(shop.pump, *(f"SN-{n}" for n in range(7)), inputs=[resin]).unit_ids
    ship.ship(shop.db, to_location_id=shop.ward.id, units=made[:2], **shop.how)
    run = traced(shop, lots=[resin])

    first = trace.affected_units(shop.db, run.id, limit=4)
    rest = trace.affected_units(shop.db, run.id, after=first[-1].unit_id, limit=4)

    assert [one.unit_id for one in (*first, *rest)] == list(made)
    there = trace.affected_units(shop.db, run.id, party_id=shop.hospital.id)
    assert [one.unit_id for one in there] == list(made[:2])


@pytest.mark.parametrize(
    "table", ["trace_run", "trace_run_unit", "trace_run_stock", "trace_run_node"]
)
def test_what_was_traced_is_not_rewritten(database, people, table):
    from tests.support.shop import NOW, Shop

    with database.begin() as db:
        shop = Shop(db, {"by": people.production, "at": NOW})
        resin = shop.lot(shop.resin, "R-1", 9)
        shop.build(shop.pump, "SN-1", inputs=[resin])
        traced(shop, lots=[resin])
        column = "id" if table == "trace_run" else "run_id"
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
        with pytest.raises(DBAPIError), database.begin() as db:
            db.execute(text(statement))


def test_a_run_says_how_far_it_is(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    shop.build(shop.pump, "SN-1", inputs=[resin])
    told = []
    run = traced(shop, lots=[resin], progress=lambda what, count: told.append((what, count)))

    assert told == [("nodes", 2), ("units", 1), ("stock", 2), ("kept", 1)]
    assert shop.db.scalars(select(TraceRun.id)).all() == [run.id]


def test_a_run_says_by_which_way_a_unit_came_in(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    body = shop.build_lot(shop.body, "B-7", 5, resin)
    [board] = shop.build(shop.board, "PCB-1", inputs=[body]).unit_ids
    [pump] = shop.build(shop.pump, ToBuild("SN-1", ((board, "main"),))).unit_ids
    run = traced(shop, lots=[resin])

    because = trace.why(shop.db, run.id, pump)

    assert [(step.label, step.how) for step in because.path if step.kind != "segment"] == [
        ("R-7", "suspect"),
        ("B-7", "went_into"),
        ("PCB-1", "made_in"),
        ("SN-1", "installed_in"),
    ]
    assert (because.how, because.is_certain) == ("contains", True)


def test_the_shortest_certain_way_is_told_and_a_former_host_says_until_when(shop):
    resin = shop.lot(shop.resin, "R-7", 10)
    unknown = parties.unknown_lot(shop.db, shop.resin.id, **shop.how)
    body = shop.build_lot(shop.body, "B-7", 5, resin)
    [board] = shop.build(shop.board, "PCB-1", inputs=[body, resin]).unit_ids
    [pump] = shop.build(shop.pump, ToBuild("SN-1", ((board, None),)), inputs=[unknown]).unit_ids
    [other] = shop.build(shop.pump, "SN-2", inputs=[unknown]).unit_ids
    removed_at = shop.later(days=1)["at"]
    install.remove_units(shop.db, [board], **shop.how)
    run = traced(shop, lots=[resin])

    way = trace.why(shop.db, run.id, pump).path
    assert [step.how for step in way] == ["suspect", "went_into", "made_in", "was_in"]
    assert way[-1].until == removed_at
    maybe = trace.why(shop.db, run.id, other)
    assert (maybe.path[0].how, maybe.path[0].id) == ("cannot_exclude", unknown.id)
    assert not maybe.is_certain


def test_a_unit_that_is_not_in_says_why_not(shop):
    seven, eight = shop.lot(shop.resin, "R-7", 10), shop.lot(shop.resin, "R-8", 10)
    screw = shop.lot(shop.body, "S-1", 10)
    shop.build(shop.pump, "SN-7", inputs=[seven])
    [of_eight] = shop.build(shop.pump, "SN-8", inputs=[eight, screw]).unit_ids
    [of_screw] = shop.build(shop.pump, "SN-9", inputs=[screw]).unit_ids
    [of_nothing] = shop.units(shop.pump, "SN-0")
    [board] = shop.build(shop.board, "PCB-1", inputs=[seven]).unit_ids
    [host] = shop.units(shop.pump, "SN-6")
    fitted = install.install_units(shop.db, [install.Fitting(board, host)], **shop.how)
    correct.withdraw(shop.db, fitted.event.id, **{**shop.how, "reason": "wrong pump scanned"})
    run = traced(shop, lots=[seven])
    [later] = shop.build(shop.pump, "SN-10", inputs=[seven]).unit_ids

    def why_not(unit):
        return trace.why_not(shop.db, run.id, unit)

    assert why_not(of_eight).reason == "other_lots"
    own = why_not(of_eight).own_lots[0]
    assert (own.lot_no, [number for _, number in own.in_run]) == ("R-8", ["R-7"])
    assert why_not(of_screw).reason == "other_parts"
    assert why_not(of_nothing).reason == "nothing_recorded"
    assert why_not(later).reason == "recorded_since"
    assert why_not(host).reason == "corrected"
    assert [one.reason for one in why_not(host).struck] == ["wrong pump scanned"]
    with pytest.raises(trace.UnitNotInRun):
        trace.why(shop.db, run.id, of_eight)


def test_two_runs_are_compared_unit_by_unit(shop):
    seven, eight = shop.lot(shop.resin, "R-7", 10), shop.lot(shop.resin, "R-8", 10)
    [board] = shop.build(shop.board, "PCB-1", inputs=[seven]).unit_ids
    [pump] = shop.build(shop.pump, ToBuild("SN-1", ((board, None),))).unit_ids
    wrong = shop.build(shop.pump, "SN-2", inputs=[seven])
    first = traced(shop, lots=[seven])
    install.remove_units(shop.db, [board], **shop.how)
    correct.correct_inputs(
        shop.db,
        wrong.event.id,
        wrong=[seven.id],
        right=[LotInput(eight.id)],
        **{**shop.how, "reason": "other lot"},
    )
    [new] = shop.build(shop.pump, "SN-3", inputs=[seven]).unit_ids
    second = traced(shop, lots=[seven])

    compared = trace.compare(shop.db, first.id, second.id)

    assert compared.units == trace.Difference(added=1, gone=1, changed=1, unchanged=1)
    assert not compared.is_same
    assert trace.compare(shop.db, first.id, first.id).is_same

    def side(name):
        page = trace.compared_units(shop.db, first.id, second.id, name)
        return [one.unit_id for one in page]

    assert side("added") == [new]
    assert side("gone") == list(wrong.unit_ids)
    assert side("changed") == [pump]
    assert side("unchanged") == [board]
    with pytest.raises(trace.RunUnknown):
        trace.compare(shop.db, first.id, second.id + 1)
