"""The lot of the night: gaps lower the rate, a wrong trace is found, the sample can be redrawn."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from engine import jobs
from engine.evidence import ledger
from engine.outbox import Outgoing
from engine.serials import build, parties, receive, ship, state
from engine.serials.models import LotStock, TraceNight, Unit, UnitRoot
from engine.serials.night import oracle, running, sampling, tracing
from engine.serials.night.figures import Figures, wilson
from engine.serials.record import LotInput
from tests.engine.serials.conftest import NOW, Shop


@pytest.fixture
def line(shop):
    """Two pumps of one run, of a body that is made of resin; one pump is at the hospital."""
    shop.resin_lot = shop.lot(shop.resin, "R-1", 50)
    shop.body_lot = shop.build_lot(shop.body, "B-1", 10, shop.resin_lot)
    shop.pumps = shop.build(shop.pump, "P-1", "P-2", inputs=[shop.body_lot]).unit_ids
    ship.ship(shop.db, to_location_id=shop.ward.id, units=[shop.pumps[0]], **shop.how)
    return shop


def run(shop, sample=100):
    night = running.commit(shop.db, wanted=sample, at=shop.how["at"])
    for number, one in enumerate(running.reveal(shop.db, night, at=shop.how["at"]), 1):
        tracing.trace_one(shop.db, one, night_id=night.id, number=number)
    return night, running.end(shop.db, night, at=shop.how["at"])


def broken(shop, night):
    return {one["kind"] for made in running.traces(shop.db, night.id) for one in made.broken}


def differing(shop, night):
    return {
        (one.direction, one.what_id): one.difference
        for one in running.traces(shop.db, night.id)
        if one.compared == "differs"
    }


def test_a_store_without_gaps_is_traced_whole_and_as_the_events_say(line):
    night, told = run(line)

    assert (told.rate, told.unit_rate, told.differing_count) == (1, 1, 0)
    assert told.input_count == told.known_input_count == 2  # the resin in each pump
    assert night.outcome == "held"
    assert line.db.scalar(select(Outgoing.id)) is None


def orphan(shop):
    receive.receive_units(
        shop.db, shop.pump.id, ["P-9"], location_id=shop.store.id, usability="conforming",
        **shop.how,
    )  # fmt: skip


def unknown_lot(shop):
    unknown = parties.unknown_lot(shop.db, shop.resin.id, **shop.how)
    more = parties.ensure_lot(shop.db, shop.body.id, "B-9", **shop.how)
    build.build_lot(
        shop.db, more.id, Decimal(5), location_id=shop.store.id, usability="conforming",
        inputs=[LotInput(unknown.id, Decimal(1))], reported=True, **shop.how,
    )  # fmt: skip
    shop.build(shop.pump, "P-9", inputs=[more])


def lost(shop):
    state.lose(shop.db, units=[shop.pumps[1]], **shop.how)


@pytest.mark.parametrize(
    ("seed_gap", "kind"),
    [(orphan, "orphan_unit"), (unknown_lot, "unknown_lot"), (lost, "no_custody")],
)
def test_a_gap_lowers_the_rate_by_traces_and_by_units(line, seed_gap, kind):
    seed_gap(line)
    night, told = run(line)

    assert kind in broken(line, night)
    assert told.rate < 1
    assert told.unit_rate < 1
    assert (told.differing_count, night.outcome) == (0, "low")
    assert set(line.db.scalars(select(Outgoing.layout))) == {"layouts/night_low"}


def test_a_consignee_whose_goods_lie_at_no_place_lowers_the_rate(line):
    line.db.execute(update(Unit).where(Unit.id == line.pumps[0]).values(location_id=None))
    night, told = run(line)

    assert "no_place" in broken(line, night)
    assert told.unit_rate < 1


def forgotten_run(db, shop):
    db.execute(update(UnitRoot).where(UnitRoot.unit_id == shop.pumps[0]).values(seg_id=None))


def wrong_custody(db, shop):
    db.execute(update(Unit).where(Unit.id == shop.pumps[0]).values(custody="in_house"))


def wrong_stock(db, shop):
    lot = LotStock.lot_id == shop.body_lot.id
    db.execute(update(LotStock).where(lot).values(quantity=LotStock.quantity * 2))


@pytest.mark.parametrize("wrong", [forgotten_run, wrong_custody, wrong_stock])
def test_a_wrong_trace_is_found_by_the_raw_events(line, wrong):
    wrong(line.db, line)
    night, _ = run(line)

    assert ("forward", line.body_lot.id) in differing(line, night)
    assert night.outcome == "differs"
    assert set(line.db.scalars(select(Outgoing.layout))) == {"layouts/night_differs"}


def test_what_is_too_much_to_compare_is_said_not_to_be_compared(line, monkeypatch):
    monkeypatch.setattr(tracing, "MOST", 1)
    _, told = run(line)

    assert told.not_compared_count > 0
    assert told.differing_count == 0
    with pytest.raises(oracle.TooMuch):
        oracle.forward(line.db, ("node", line.body_lot.id), most=1)


def test_the_seed_is_committed_before_the_draw_and_draws_the_same_again(line):
    night, _ = run(line, sample=3)

    entries = [
        one
        for one in ledger.entries(line.db, "data:main")
        if one.action in ("night_committed", "night_drawn", "night_ended")
    ]
    committed, drawn, _ = entries
    assert [one.action for one in entries] == ["night_committed", "night_drawn", "night_ended"]
    assert night.seed not in committed.content
    assert committed.body["seed_sha256"] == sampling.seed_sha256(drawn.body["seed"])
    assert drawn.body["seed"] == night.seed
    again = running.draw_again(line.db, night)
    assert [(one.direction, one.what, one.id) for one in again] == [
        (one.direction, one.what, one.what_id) for one in running.traces(line.db, night.id)
    ]
    assert sampling.sample_sha256(again) == night.sample_sha256
    other = sampling.draw(line.db, "another", 3, last_unit=99, last_lot=99)
    assert len(other) == 3


def test_a_large_store_is_drawn_from_without_reading_it(line, monkeypatch):
    monkeypatch.setattr(sampling, "TRIES", 1)
    line.units(line.board, *(f"b{n}" for n in range(20)))
    last, _ = sampling.last_ids(line.db)
    some = sampling.draw(line.db, "seed", 4, last_unit=last, last_lot=99)

    assert some == sampling.draw(line.db, "seed", 4, last_unit=last, last_lot=99)
    assert [one for one in some if one.what == "unit"]


def test_a_night_and_its_traces_are_never_changed(line):
    night, _ = run(line)
    for wrong in (
        "UPDATE night_trace SET compared = 'equal'",
        "DELETE FROM night_trace",
        "UPDATE trace_night SET seed = 'x'",
        f"DELETE FROM trace_night WHERE id = {night.id}",
    ):
        with pytest.raises(DBAPIError, match="only grows"), line.db.begin_nested():
            line.db.execute(text(wrong))


def test_a_night_that_did_not_hold_is_settled_with_a_reason(line, people):
    orphan(line)
    night, _ = run(line)
    again, _ = run(line)
    running.take(line.db, again.id, by=people.qa_manager, at=NOW)
    running.settle(line.db, again.id, reason="Serials of a demo kit", by=people.qa_manager, at=NOW)

    line.db.refresh(night)
    assert night.looked_at_reason == "Serials of a demo kit"
    assert line.db.scalars(select(TraceNight.id).where(running.is_unsettled())).all() == []
    with pytest.raises(running.NightSettled):
        running.settle(line.db, night.id, reason="Twice", by=people.qa_manager, at=NOW)


def test_the_interval_of_a_rate_is_wilsons():
    low, high = wilson(98, 100)
    assert (round(low, 4), round(high, 4)) == (0.9300, 0.9945)
    assert wilson(0, 0) is None
    assert Figures().rate is None


def test_two_processes_trace_one_night_once(database, people):
    with database.begin() as db:
        shop = Shop(db, {"by": people.warehouse, "at": NOW})
        shop.units(shop.board, "b1", "b2")
    due = NOW.replace(hour=running.HOUR)
    for at in (due - timedelta(minutes=1), due, due + timedelta(minutes=15)):
        with database.begin() as db:
            running.ask_nightly(db, at=at)
    first = jobs._claim_one(database, at=due)
    ran = jobs.run_due_jobs(database, {running.VERB: running.trace_night}, at=due)

    assert ran.done_count == 0  # the other has it
    assert first is not None
    ran = jobs.run_due_jobs(
        database, {running.VERB: running.trace_night}, at=due + timedelta(hours=1)
    )
    assert ran.done_count == 1
    with database.read() as db:
        [night] = running.last_nights(db)
        assert night.figures.trace_count == 4
        assert (db.get_one(jobs.Job, first.id).result or {})["trace_count"] == 4
