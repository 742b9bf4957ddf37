"""Random genealogies, built through the commands, and the questions that are asked of each."""

from collections import defaultdict
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import strategies as st
from sqlalchemy import func, select

from engine.errors import Conflict, NotFound, Refused
from engine.serials import (
    build,
    correct,
    find,
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
from engine.serials.backward import composition
from engine.serials.build import ToBuild
from engine.serials.install import Fitting
from engine.serials.models import Event, EventLink, LotStock, Unit
from engine.serials.packing import Load
from engine.serials.record import LotInput, StockPart
from engine.serials.relabel import NewLabel
from engine.serials.trace import Seeds
from engine.serials.undo import latest_of
from engine.serials.units import open_hosts
from tests.engine.serials.oracle import Oracle
from tests.support.shop import NOW, Shop

pick = st.integers(0, 11)
WHAT = (
    "add_input make_lot merge_lots receive run run_with_unit run_of_lot install remove rework ship "
    "report_shipment withdraw replace_inputs replace_units unknown_run install remove "
    "receive_unreleased split_lot split_units merge_quantities merge_units relabel_lot relabel_unit"
    " kit kit_lot service exchange rework_quantity ship_quantity report_quantity return_quantity "
    "move_quantity pack ship_case unknown_made unknown_units withdraw_removal withdraw_latest "
    "replace_latest ship_elsewhere service exchange rework_quantity split_units withdraw_made "
    "withdraw_made receive_again receive_again"
).split()
steps = st.lists(st.tuples(st.sampled_from(WHAT), pick, pick, pick), min_size=8, max_size=20)
# lots, units and runs that are suspect, and at which event one asks what was known then
suspects = st.lists(
    st.tuples(
        st.lists(pick, max_size=2),
        st.lists(pick, max_size=2),
        st.lists(pick, max_size=1),
        st.integers(0, 25),
    ),
    min_size=2,
    max_size=2,
)
TAKES_OUT = ("removed", "serviced")  # taken back, the install is open again as if never ended
EXPLAINED = 2  # units of each trace, and as many outside of it
CASES = ("376130321109103420", "376130321109103437", "376130321109103444")


@dataclass
class Genealogy:
    """Lots, units and events as they come to be; `take` picks from them by any number."""

    shop: Shop
    lots: list = field(default_factory=list)
    units: list = field(default_factory=list)
    runs: list = field(default_factory=list)
    events: list = field(default_factory=list)
    inside: list = field(default_factory=list)  # units that were put into others
    removals: list = field(default_factory=list)
    cases: list = field(default_factory=list)

    def __post_init__(self):
        shop = self.shop
        # two parts, numbers that differ in case and zeros only: whoever folds them is found out
        for part, numbers in ((shop.resin, ("a1", "A1", "0A1")), (shop.body, ("7", "07"))):
            self.lots += [shop.lot(part, number, 50).id for number in numbers]
        board_lot = shop.lot(shop.board, "L")
        self.lots.append(board_lot.id)
        of_lot = receive.receive_units(
            shop.db, shop.board.id, ["u1", "U1", "0U1"], location_id=shop.store.id,
            lot_id=board_lot.id, usability="conforming", **shop.how,
        )  # fmt: skip
        self.units += of_lot.unit_ids
        self.units += shop.units(shop.board, "7", "07", "007")
        clinic = parties.add_party(
            shop.db, "C-2", "Lake Clinic", kind="consignee", country="DE", **shop.how
        )
        self.clinic = parties.add_location(
            shop.db, clinic.id, "C-2-S", "Theatre", kind="consignee", **shop.how
        )

    def lot(self, n):
        return self.lots[n % len(self.lots)]

    def unit(self, n):
        return self.units[n % len(self.units)]

    def consignee(self, n):
        return (self.shop.ward, self.clinic)[n % 2].id

    def part(self, n, where, *, custody=("in_house", "returned")):
        """Return some of a lot, out of any row of it."""
        rows = self.shop.db.query(LotStock).filter(
            LotStock.lot_id == self.lot(n), LotStock.quantity > 0, LotStock.custody.in_(custody)
        )
        there = rows.order_by(LotStock.id).all()
        if not there:
            return []
        row = there[where % len(there)]
        return [StockPart(row.id, min(row.quantity, Decimal(1 + where % 2)))]

    def take(self, count, what, one, two, three):
        self.shop.later(minutes=1)
        noted = (self.lots, self.units, self.runs, self.inside, self.removals, self.cases)
        lengths = [len(some) for some in noted]
        try:
            with self.shop.db.begin_nested():
                recorded = getattr(self, what)(count, one, two, three)
        except (Refused, Conflict, NotFound):
            for some, length in zip(noted, lengths, strict=True):
                del some[length:]  # the store will not have it: nothing was recorded
            _forget_events(self.shop.db)
            return
        if recorded is not None:
            self.events.append(recorded.event.id)

    def add_input(self, _count, one, two, _three):
        return build.add_inputs(
            self.shop.db, self.lot(two), [LotInput(self.lot(one))],
            location_id=self.shop.store.id, **self.shop.how,
        )  # fmt: skip

    def make_lot(self, count, one, _two, _three):
        return self.merge_lots(count, one, one, one)

    def merge_lots(self, count, one, two, _three):
        shop = self.shop
        lot = parties.ensure_lot(shop.db, shop.body.id, f"B{count}", **shop.how)
        recorded = build.build_lot(
            shop.db, lot.id, Decimal(5), location_id=shop.store.id, usability="conforming",
            inputs=[LotInput(key, Decimal(1)) for key in {self.lot(one), self.lot(two)}],
            **shop.how,
        )  # fmt: skip
        self.lots.append(lot.id)
        return recorded

    def receive(self, count, one, _two, _three):
        shop = self.shop
        lot = parties.ensure_lot(shop.db, shop.board.id, f"L{one % 2}", **shop.how)
        recorded = receive.receive_units(
            shop.db, shop.board.id, [f"R{count}"], location_id=shop.store.id, lot_id=lot.id,
            usability="conforming", **shop.how,
        )  # fmt: skip
        self.units += recorded.unit_ids
        self.lots.append(lot.id)
        return recorded

    def receive_again(self, count, one, _two, three):
        """Receive under the number of a unit that is there, of another lot or made in a run."""
        unit = self.shop.db.get(Unit, self.unit(one))
        if three % 2 and unit.part_id == self.shop.pump.id:
            return self.run(count, one, three, three, again=unit.serial)
        lot = parties.ensure_lot(self.shop.db, unit.part_id, f"L{three % 3}", **self.shop.how)
        recorded = receive.receive_units(
            self.shop.db, unit.part_id, [unit.serial], location_id=self.shop.store.id,
            lot_id=lot.id, usability="conforming", **self.shop.how,
        )  # fmt: skip
        self.lots.append(lot.id)
        return recorded

    def withdraw_made(self, _count, one, _two, _three):
        """Say of what made or brought a unit that it did not occur."""
        made = self.shop.db.scalar(
            select(func.max(Event.id))
            .join(EventLink, EventLink.event_id == Event.id)
            .where(
                EventLink.unit_id == self.unit(one),
                EventLink.role == "subject",
                Event.type.in_(("received", "built", "kitted")),
            )
        )
        return correct.withdraw(self.shop.db, made, **self.because("another delivery"))

    def run(self, count, one, two, _three, installs=(), lot_id=None, *, as_kit=False, again=""):
        shop = self.shop
        made = [ToBuild(again or f"P{count}", tuple(installs)), ToBuild(f"p{count}")]
        recorded = build.build_units(
            shop.db, shop.pump.id, made, location_id=shop.store.id, usability="conforming",
            inputs=[LotInput(key, Decimal(1)) for key in {self.lot(one), self.lot(two)}],
            lot_id=lot_id, reported=True, as_kit=as_kit, **shop.how,
        )  # fmt: skip
        self.units += recorded.unit_ids
        self.runs.append(recorded.segment_id)
        return recorded

    def run_with_unit(self, count, one, two, three):
        child = self.unit(three)
        recorded = self.run(count, one, two, three, installs=((child, "main"),))
        self.inside.append(child)
        return recorded

    def run_of_lot(self, count, one, two, three):
        lot = parties.ensure_lot(self.shop.db, self.shop.pump.id, f"P{three % 2}", **self.shop.how)
        recorded = self.run(count, one, two, three, lot_id=lot.id)
        self.lots.append(lot.id)
        return recorded

    def unknown_run(self, count, one, _two, _three):
        part = (self.shop.resin, self.shop.body)[one % 2]
        unknown = parties.unknown_lot(self.shop.db, part.id, **self.shop.how)
        recorded = build.build_units(
            self.shop.db, self.shop.pump.id, [f"X{count}"], location_id=self.shop.store.id,
            inputs=[LotInput(unknown.id)], usability="conforming", **self.shop.how,
        )  # fmt: skip
        self.units += recorded.unit_ids
        self.lots.append(unknown.id)
        return recorded

    def install(self, _count, one, two, _three):
        fitting = Fitting(self.unit(one), self.unit(-1 - two))
        recorded = install.install_units(self.shop.db, [fitting], **self.shop.how)
        self.inside.append(fitting.child_id)
        return recorded

    def remove(self, count, one, two, three):
        if not self.inside:
            return self.install(count, one, two, three)
        child = self.inside[one % len(self.inside)]
        recorded = install.remove_units(self.shop.db, [child], **self.shop.how)
        self.removals.append(recorded.event.id)
        return recorded

    def receive_unreleased(self, count, one, two, _three):
        shop = self.shop
        lot = parties.ensure_lot(shop.db, shop.board.id, f"L{one % 2}", **shop.how)
        recorded = receive.receive_units(
            shop.db, shop.board.id, [f"w{count}", f"W{count}"], location_id=shop.store.id,
            lot_id=lot.id, usability="unreleased", **shop.how,
        )  # fmt: skip
        self.units += recorded.unit_ids
        self.lots.append(lot.id)
        return self.split_units(count, -1 - two % 2, 0, 0) if two % 3 == 0 else recorded

    def split_lot(self, count, one, _two, three):
        return self._become(lots.split_lot, count, stock_parts=self.part(one, three))

    def relabel_lot(self, count, one, _two, three):
        return self._become(lots.relabel_lot, count, stock_parts=self.part(one, three))

    def merge_quantities(self, count, one, two, three):
        parts = self.part(one, three) + self.part(two, three)
        return self._become(lots.merge_lots, count, stock_parts=parts)

    def split_units(self, count, one, _two, _three):
        return self._become(lots.split_lot, count, units=[self.unreleased(one)])

    def merge_units(self, count, one, two, _three):
        units = list({self.unreleased(one), self.unreleased(two)})
        return self._become(lots.merge_lots, count, units=units)

    def unreleased(self, n):
        """Return a unit that may change its lot still, while there is one."""
        some = [u for u in self.units if not self.shop.db.get(Unit, u).is_released]
        return some[n % len(some)] if some else self.unit(n)

    def _become(self, command, count, **goods):
        recorded = command(self.shop.db, f"S{count}", **goods, **self.shop.how)
        self.lots.append(recorded.lot_id)
        return recorded

    def relabel_unit(self, count, one, two, _three):
        labels = [
            NewLabel(unit, serial)
            for unit, serial in {self.unit(one): f"n{count}", self.unit(two): f"0N{count}"}.items()
        ]
        return relabel.relabel_units(self.shop.db, labels, **self.shop.how)

    def kit(self, count, one, two, three):
        child = self.unit(three)
        recorded = self.run(count, one, two, three, installs=((child, None),), as_kit=True)
        self.inside.append(child)
        return recorded

    def kit_lot(self, count, one, two, _three):
        shop = self.shop
        lot = parties.ensure_lot(shop.db, shop.set.id, f"K{count % 2}", **shop.how)
        recorded = build.build_lot(
            shop.db, lot.id, Decimal(3), location_id=shop.store.id, usability="conforming",
            inputs=[LotInput(key, Decimal(1)) for key in {self.lot(one), self.lot(two)}],
            as_kit=True, **shop.how,
        )  # fmt: skip
        self.lots.append(lot.id)
        return recorded

    def service(self, _count, one, two, three, removed=()):
        fitted = [(self.unit(two), "J1")]
        recorded = use.service(
            self.shop.db, one if removed else self.unit(one),
            use.Visit("no flow", "parts replaced", "in_use"),
            use.Exchange(removed, fitted, [LotInput(self.lot(three))]), **self.shop.how,
        )  # fmt: skip
        self.inside.append(fitted[0][0])
        self.removals += [recorded.event.id] if removed else []
        return recorded

    def exchange(self, count, one, two, three):
        """Service what has something in it: that comes out, another goes in."""
        hosts = open_hosts(self.shop.db, self.inside)
        if not hosts:
            return self.install(count, one, two, three)
        child = sorted(hosts)[one % len(hosts)]
        return self.service(count, hosts[child], two, three, removed=(child,))

    def rework_quantity(self, _count, one, two, three):
        used = [LotInput(self.lot(two), Decimal(1), self.shop.store.id)]
        parts = self.part(one, three)
        units = [self.unit(three)] if three % 4 == 0 else []
        if not parts:
            return None
        return state.rework(
            self.shop.db, units=units, stock_parts=parts, inputs=used, **self.shop.how
        )

    def ship_quantity(self, _count, one, two, three):
        return ship.ship(
            self.shop.db, to_location_id=self.consignee(two), stock_parts=self.part(one, three),
            **self.shop.how,
        )  # fmt: skip

    def report_quantity(self, _count, one, two, three):
        return ship.report_shipment(
            self.shop.db, to_location_id=self.consignee(two), stock_parts=self.part(one, three),
            units=[self.unit(three)], **self.shop.how,
        )  # fmt: skip

    def return_quantity(self, _count, one, _two, three):
        parts = self.part(one, three, custody=("in_transit", "at_consignee"))
        return ship.receive_return(
            self.shop.db, location_id=self.shop.cage.id, stock_parts=parts, **self.shop.how
        )

    def move_quantity(self, _count, one, _two, three):
        return state.move(
            self.shop.db, location_id=self.shop.cage.id, stock_parts=self.part(one, three),
            **self.shop.how,
        )  # fmt: skip

    def pack(self, _count, one, two, three):
        load = Load([self.unit(one)], self.part(two, three) if three % 2 else [])
        recorded = packing.pack(self.shop.db, CASES[three % 3], "case", load, **self.shop.how)
        self.cases.append(recorded.facts["container_id"])
        return recorded

    def ship_case(self, count, one, two, three):
        if not self.cases:
            return self.pack(count, one, two, three)
        return packing.ship_containers(
            self.shop.db, [self.cases[one % len(self.cases)]], to_location_id=self.consignee(two),
            **self.shop.how,
        )  # fmt: skip

    def unknown_made(self, _count, one, two, _three):
        """Make a quantity of which nobody knows the lot."""
        shop = self.shop
        part = (shop.body, shop.set)[two % 2]
        unknown = parties.unknown_lot(shop.db, part.id, **shop.how)
        self.lots.append(unknown.id)
        return build.build_lot(
            shop.db, unknown.id, Decimal(4), location_id=shop.store.id, usability="conforming",
            inputs=[LotInput(self.lot(one), Decimal(1))], reported=True, **shop.how,
        )  # fmt: skip

    def unknown_units(self, count, _one, _two, _three):
        shop = self.shop
        unknown = parties.unknown_lot(shop.db, shop.board.id, **shop.how)
        recorded = receive.receive_units(
            shop.db, shop.board.id, [f"q{count}"], location_id=shop.store.id, lot_id=unknown.id,
            usability="unreleased", **shop.how,
        )  # fmt: skip
        self.units += recorded.unit_ids
        self.lots.append(unknown.id)
        return recorded

    def rework(self, _count, one, two, _three):
        used = [LotInput(self.lot(two), Decimal(1), self.shop.store.id)]
        return state.rework(self.shop.db, units=[self.unit(one)], inputs=used, **self.shop.how)

    def ship(self, _count, one, _two, _three):
        return ship.ship(
            self.shop.db, to_location_id=self.shop.ward.id, units=[self.unit(one)], **self.shop.how
        )

    def report_shipment(self, _count, one, two, _three):
        return ship.report_shipment(
            self.shop.db, to_location_id=self.shop.ward.id,
            units=list({self.unit(one), self.unit(two)}), **self.shop.how,
        )  # fmt: skip

    def withdraw(self, _count, one, _two, _three):
        if not self.events:
            return None
        event_id = self.events[one % len(self.events)]
        return correct.withdraw(self.shop.db, event_id, **self.because("did not happen"))

    def withdraw_removal(self, count, one, two, three):
        if not self.removals:
            return self.remove(count, one, two, three)
        event_id = self.removals[one % len(self.removals)]
        return correct.withdraw(self.shop.db, event_id, **self.because("was never taken out"))

    def latest(self, n):
        return latest_of(self.shop.db, self.events[n % len(self.events)])

    def withdraw_latest(self, _count, one, _two, _three):
        if not self.events:
            return None
        return correct.withdraw(self.shop.db, self.latest(one), **self.because("did not happen"))

    def replace_latest(self, _count, one, _two, _three):
        if not self.events:
            return None
        return correct.replace(self.shop.db, self.latest(one), **self.because("another document"))

    def ship_elsewhere(self, _count, one, two, _three):
        if not self.events:
            return None
        return correct.replace(
            self.shop.db, self.latest(one), location_id=self.consignee(two),
            **self.because("went elsewhere"),
        )  # fmt: skip

    def replace_inputs(self, _count, one, two, three):
        if not self.events:
            return None
        return correct.correct_inputs(
            self.shop.db, self.events[one % len(self.events)], wrong=[self.lot(two)],
            right=[LotInput(self.lot(three))], **self.because("other lot"),
        )  # fmt: skip

    def replace_units(self, _count, one, two, _three):
        if not self.events:
            return None
        return correct.replace(
            self.shop.db, self.events[one % len(self.events)], units=[self.unit(two)],
            **self.because("other unit"),
        )  # fmt: skip

    def because(self, reason):
        return {**self.shop.how, "reason": reason}


def ground(db, people):
    """Return what every genealogy grows from: made once, for each is rolled back to it."""
    return Genealogy(Shop(db, {"by": people.production, "at": NOW}))


@contextmanager
def grown(start, recipe):
    """Give a genealogy made by these steps; nothing is left of it afterwards."""
    db = start.shop.db
    made = copy(start)
    made.lots, made.units = list(start.lots), list(start.units)
    made.runs, made.events, made.inside, made.removals, made.cases = [], [], [], [], []
    how = start.shop.how
    with db.begin_nested() as to_here:
        for count, step in enumerate(recipe):
            made.take(count, *step)
        yield made
        to_here.rollback()
    _forget_events(db)
    start.shop.how = how


def _forget_events(db):
    """Let go of events that were rolled back: SQLite gives their numbers out again."""
    for row in list(db.identity_map.values()):
        if isinstance(row, Event):
            db.expunge(row)


def assert_agrees(made, asked):
    """Hold every kind of trace against the oracle, from these suspects."""
    db = made.shop.db
    db.flush()
    oracle = Oracle(db)
    for lot_picks, unit_picks, run_picks, when in asked:
        seeds = Seeds(
            lots=frozenset(made.lot(n) for n in lot_picks),
            segments=frozenset(made.runs[n % len(made.runs)] for n in run_picks if made.runs),
            units=frozenset(made.unit(n) for n in unit_picks),
        )
        _assert_named(db, oracle, seeds)
        _assert_forward(db, oracle, seeds)
        _assert_known_then(db, oracle, seeds, oracle.events[-1 - when % len(oracle.events)].id)
        for unit in seeds.units:
            assert _inside(composition(db, unit_id=unit)) == oracle.backward("unit", unit)
        for lot in seeds.lots:
            assert _inside(composition(db, lot_id=lot)) == oracle.backward("node", lot)


def _assert_named(db, oracle, seeds):
    """Hold what is found under a suspect's numbers against all that bear it, byte for byte."""
    names = oracle.names()
    for name, alike in names.items():
        if alike & seeds.units:
            assert {one.id for one in find.resolve(db, name) if one.kind == "unit"} == alike
    for lot in seeds.lots & oracle.lot_numbers.keys():
        name = oracle.lot_numbers[lot]
        alike = {key for key, other in oracle.lot_numbers.items() if other == name}
        assert {one.id for one in find.resolve(db, name) if one.kind == "lot"} == alike


def _assert_known_then(db, oracle, seeds, event_id):
    """Hold what was known at an event against a search of the events up to it."""
    then = Oracle(db, as_of=event_id)
    found, nodes = then.forward(seeds.nodes, seeds.units)
    kept = trace.run(db, seeds, expression={}, by=None, at=NOW, as_of=event_id)
    rows = list(trace.every_unit(db, kept.id))
    assert {one.unit_id: one.is_certain for one in rows} == {
        unit: certain for unit, (_, certain) in found.items()
    }
    assert {one.node_id: one.is_certain for one in trace.affected_nodes(db, kept.id)} == nodes
    since = {one.corrects for one in oracle.events if one.id > event_id}
    if not any(one.id in since and one.type in TAKES_OUT for one in then.events):
        assert {one.unit_id: one.how for one in rows} == {u: how for u, (how, _) in found.items()}
        assert {one.unit_id: one.root_id for one in rows} == {u: then.root(u) for u in found}


def _assert_explained(db, oracle, seeds, run_id, found):
    """Check ways in step by step against the raw events, and that nothing outside has one."""
    inside = sorted(found)
    for unit in {*inside[:EXPLAINED], *inside[-EXPLAINED:]}:
        why = trace.why(db, run_id, unit)
        ways = [("unit" if one.kind == "unit" else "node", one.id) for one in why.path]
        first = why.path[0]
        assert ways[-1] == ("unit", unit)
        assert (why.how, why.is_certain) == found[unit]
        assert first.how == ("suspect" if why.is_certain else "cannot_exclude")
        if why.is_certain:
            assert first.id in (seeds.units if first.kind == "unit" else seeds.nodes)
        else:
            assert oracle.lots[first.id][1]
        for before, here, step in zip(ways, ways[1:], why.path[1:], strict=False):
            assert here in oracle.after[before], why.path
            if step.how == "installed_in":
                assert oracle.open[before[1]] == step.id
    outside = sorted(set(oracle.serials) - set(found))
    for unit in {*outside[:EXPLAINED], *outside[-EXPLAINED:]}:
        with pytest.raises(trace.UnitNotInRun):
            trace.why(db, run_id, unit)
        assert trace.why_not(db, run_id, unit).reason not in ("found_since", "recorded_since")


def _assert_forward(db, oracle, seeds):
    found, nodes = oracle.forward(seeds.nodes, seeds.units)
    kept = trace.run(db, seeds, expression={}, by=None, at=NOW)
    rows = list(trace.every_unit(db, kept.id))
    assert {one.unit_id: (one.how, one.is_certain) for one in rows} == found
    assert {one.unit_id: one.root_id for one in rows} == {u: oracle.root(u) for u in found}
    there = {one.node_id: one.is_certain for one in trace.affected_nodes(db, kept.id)}
    assert there == nodes
    lying = defaultdict(Decimal)
    for one in trace.every_stock(db, kept.id):
        lying[one.lot_id, one.location_id, one.custody, one.usability] += one.quantity
    assert {spot: quantity for spot, quantity in lying.items() if quantity} == oracle.stock(nodes)

    _assert_explained(db, oracle, seeds, kept.id, found)
    affected = trace.contains(db, lots=seeds.nodes, units=seeds.units)
    assert {one.unit_id: one.is_certain for one in affected.units} == {
        unit: certain for unit, (_, certain) in found.items()
    }
    counts = trace.counted(db, seeds)
    roots = {unit for unit in found if oracle.root(unit) == unit}
    assert counts == trace.counts(db, kept.id)
    assert counts.root_count == len(roots)
    sent = {key: tally.unit_count for key, tally in counts.by_consignee().items()}
    assert {key: n for key, n in sent.items() if n} == {
        key: len(those) for key, those in oracle.sent(roots).items()
    }
    much = {
        key: tally.quantity + tally.quantity_cannot_exclude
        for key, tally in counts.by_consignee().items()
    }
    assert {key: n for key, n in much.items() if n} == oracle.lots_sent(nodes)


def _inside(made):
    found = set()
    for part in made.parts:
        found.add(("unit" if part.kind == "unit" else "node", part.id))
        found |= _inside(part)
    return found
