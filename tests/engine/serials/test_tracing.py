"""Traces started from an expression, their picture, and the gaps a recall stumbles over."""

import pytest

from engine import jobs
from engine.serials import expressions, gaps, graph, install, parties, ship, tracing
from engine.serials.build import ToBuild
from engine.serials.models import TraceRun
from engine.serials.trace import RunUnknown
from engine.serials.tracing import NothingToTrace, StillAsking


@pytest.fixture
def asked(shop):
    def asked(text):
        return tracing.expression_of(expressions.understand(shop.db, text))

    return asked


@pytest.fixture
def traced(shop, asked):
    def traced(text, key="k"):
        return tracing.start(shop.db, asked(text), by=shop.how["by"], at=shop.how["at"], key=key)

    return traced


@pytest.fixture
def pumps(shop):
    """Three pumps with a board each, of resin K-7; one shipped, one with its board taken out."""
    shop.k7 = shop.lot(shop.resin, "K-7", 9)
    boards = shop.units(shop.board, "B1", "B2", "B3")
    made = [
        ToBuild(serial, ((board, "main"),))
        for serial, board in zip(("P1", "P2", "P3"), boards, strict=True)
    ]
    run = shop.build(shop.pump, *made, inputs=[shop.k7], work_order="WO-1")
    shop.boards, shop.p = boards, run.unit_ids
    shop.run_id = run.segment_id
    return shop


def test_a_trace_keeps_what_was_asked_and_in_which_words(pumps, traced):
    run = traced("Lots begin with: K-, P9")
    assert isinstance(run, TraceRun)
    assert run.expression["text"] == "Lots begin with: K-, P9"
    assert run.unit_count == 3
    assert tracing.run_of(pumps.db, run.id).id == run.id
    with pytest.raises(RunUnknown):
        tracing.run_of(pumps.db, 999)


def test_what_still_asks_or_names_nothing_is_not_traced(pumps, asked, shop):
    with pytest.raises(StillAsking):
        asked("k-7")
    with pytest.raises(NothingToTrace):
        asked("ZZ-99")
    with pytest.raises(NothingToTrace):
        tracing.start(
            shop.db,
            asked("part PUMP made since 2026-03-03"),
            by=shop.how["by"],
            at=shop.how["at"],
            key="k",
        )


def test_a_large_trace_is_work_for_later_and_is_done_once(pumps, traced, monkeypatch):
    monkeypatch.setattr(tracing, "MANY", 2)
    job = traced("lot K-7")
    assert isinstance(job, jobs.Job)
    assert traced("lot K-7") is job
    run_id = tracing.carry_out(pumps.db, job)["run_id"]
    run = tracing.run_of(pumps.db, run_id)
    assert (run.unit_count, run.by_id) == (3, pumps.how["by"].id)


def test_who_takes_out_what_is_affected_all_the_same_is_told(pumps, traced):
    count, first = tracing.reached_all_the_same(pumps.db, traced("lot K-7 except P2"))
    assert (count, [serial for _, serial in first]) == (1, ["P2"])
    run = traced("S/N P1, P2 except P2", key="other")
    assert tracing.reached_all_the_same(pumps.db, run) == (0, [])
    assert tracing.reached_all_the_same(pumps.db, traced("lot K-7", key="third")) == (0, [])


# --- the picture -------------------------------------------------------------------------------


def drawn(picture):
    names = {node.key: node.label for node in picture.nodes}
    return {(names[link.source], link.how, names[link.target]) for link in picture.links}


def test_the_picture_leads_from_the_lot_to_who_received_it(pumps, traced):
    ship.ship(
        pumps.db,
        units=[pumps.p[0]],
        to_location_id=pumps.ward.id,
        **pumps.how,
    )
    picture = graph.run_graph(pumps.db, traced("lot K-7"))
    assert drawn(picture) == {
        ("K-7", "went_into", "WO-1"),
        ("WO-1", "made_in", "P1"),
        ("WO-1", "made_in", "P2"),
        ("WO-1", "made_in", "P3"),
        ("P1", "sent_to", "St Mary"),
    }
    assert picture.whole_count == len(picture.nodes) == 6
    tiers = {node.label: node.tier for node in picture.nodes}
    assert tiers["K-7"] < tiers["WO-1"] < tiers["P1"] < tiers["St Mary"]
    assert len({(node.x, node.y) for node in picture.nodes}) == 6


def test_a_former_host_hangs_on_what_it_contained(pumps, traced):
    install.remove_units(pumps.db, [pumps.boards[0]], **pumps.later(days=1))
    picture = graph.run_graph(pumps.db, traced("S/N B1, B2"))
    assert drawn(picture) == {("B1", "was_in", "P1"), ("B2", "installed_in", "P2")}


def test_what_is_too_much_for_one_picture_is_drawn_together(pumps, traced, monkeypatch):
    run = traced("lot K-7")
    monkeypatch.setattr("engine.serials.graph.forward.MOST_NODES", 4)
    picture = graph.run_graph(pumps.db, run)
    assert (picture.grouped, picture.whole_count) == ("runs", 5)
    assert drawn(picture) == {("K-7", "went_into", "WO-1"), ("WO-1", "made_in", "PUMP")}
    assert [node.count for node in picture.nodes] == [1, 1, 3]
    monkeypatch.setattr("engine.serials.graph.forward.MOST_NODES", 2)
    assert graph.run_graph(pumps.db, run).grouped == "parts"


def test_things_that_were_in_each_other_by_turns_still_have_a_place():
    nodes = [graph.Node(key, "unit", 1, key) for key in "abc"]
    links = [graph.Link("a", "b", "was_in"), graph.Link("b", "a", "was_in"),
             graph.Link("b", "c", "installed_in")]  # fmt: skip
    picture = graph.drawn.laid_out(nodes, links, whole_count=3)
    assert len({(node.x, node.y) for node in picture.nodes}) == 3


def test_what_a_unit_was_made_of_is_a_picture_too(pumps):
    picture = graph.made_of_graph(pumps.db, unit_id=pumps.p[0])
    assert ("K-7", "went_into", "WO-1") in drawn(picture)
    assert ("B1", "installed_in", "P1") in drawn(picture)
    assert [node.label for node in picture.nodes if node.is_named] == ["P1"]


# --- gaps --------------------------------------------------------------------------------------


def found(shop):
    return {
        one.kind: [(gap["label"], gap["unit_count"]) for gap in one.worst]
        for one in gaps.take_reading(shop.db, at=shop.how["at"])
        if one.worst
    }


def test_a_whole_record_has_no_gaps(pumps):
    pumps.lot(pumps.board, "BL-1")
    seen = found(pumps)
    seen.pop("units_of_nothing")  # the boards came without a lot
    assert seen == {}


def test_every_kind_of_gap_is_found_with_the_units_it_leaves_open(pumps, shop):
    unknown = parties.unknown_lot(shop.db, shop.resin.id, **shop.how)
    shop.build(shop.pump, "U1", "U2", inputs=[unknown])
    shop.build(shop.pump, "N1", work_order="WO-9")
    shop.build_lot(shop.body, "BODY-1", 3)
    shop.build(shop.pump, "X1", inputs=[shop.lot(shop.resin, "NEVER")], reported=True)
    ship.ship(
        shop.db,
        units=[pumps.p[0]],
        to_location_id=shop.ward.id,
        **shop.how,
    )
    seen = found(shop)
    assert seen["unknown_lots"] == [(unknown.lot_no, 2)]
    assert seen["units_of_nothing"] == [("PCBA", 3)]
    assert seen["runs_without_inputs"] == [("WO-9", 1)]
    assert ("BODY-1", 0) in seen["lots_without_inputs"]
    assert ("NEVER", 1) in seen["negative_stock"]
    assert seen["nobody_to_call"] == [("St Mary", 1)]


def test_a_device_without_what_its_siblings_contain_stands_out(shop):
    boards = shop.units(shop.board, *(f"B{n}" for n in range(9)))
    shop.build(shop.pump, *(ToBuild(f"P{n}", ((b, "m"),)) for n, b in enumerate(boards)), "P9")
    assert found(shop)["lacking_a_component"] == [("PUMP", 1)]


def test_readings_are_kept_so_that_a_change_shows(pumps, shop):
    gaps.take_reading(shop.db, at=shop.how["at"])
    shop.build(shop.pump, "N1", work_order="WO-9")
    shop.later(days=1)
    gaps.take_reading(shop.db, at=shop.how["at"])
    trend = gaps.over_time(shop.db)["runs_without_inputs"]
    assert [places for _, places, _ in trend] == [0, 1]
    newest = {one.kind: one for one in gaps.newest(shop.db)}
    assert newest["runs_without_inputs"].at == shop.how["at"]
    assert set(newest) == set(gaps.KINDS)


def test_the_store_is_looked_through_once_a_day(shop, db):
    for _ in range(2):
        gaps.ask_daily(db, at=shop.how["at"])
    (job,) = jobs.unfinished(db)
    assert gaps.look_for_gaps(db, job)["unknown_lots"] == 0
