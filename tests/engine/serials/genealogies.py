"""Random genealogies, built through the commands, and the questions that are asked of each."""

from collections import defaultdict
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import strategies as st

from engine.errors import Conflict, NotFound, Refused
from engine.serials import build, correct, find, install, parties, receive, ship, state, trace
from engine.serials.backward import composition
from engine.serials.build import ToBuild
from engine.serials.install import Fitting
from engine.serials.record import LotInput
from engine.serials.trace import Seeds
from tests.engine.serials.conftest import NOW, Shop
from tests.engine.serials.oracle import Oracle

pick = st.integers(0, 11)
WHAT = (
    "add_input make_lot merge_lots receive run run_with_unit run_of_lot install remove rework ship "
    "report_shipment withdraw replace_inputs replace_units unknown_run install remove"
).split()
steps = st.lists(st.tuples(st.sampled_from(WHAT), pick, pick, pick), min_size=6, max_size=16)
suspects = st.lists(
    st.tuples(st.lists(pick, max_size=2), st.lists(pick, max_size=2)), min_size=2, max_size=2
)


@dataclass
class Genealogy:
    """Lots, units and events as they come to be; `take` picks from them by any number."""

    shop: Shop
    lots: list = field(default_factory=list)
    units: list = field(default_factory=list)
    runs: list = field(default_factory=list)
    events: list = field(default_factory=list)
    inside: list = field(default_factory=list)  # units that were put into others

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

    def lot(self, n):
        return self.lots[n % len(self.lots)]

    def unit(self, n):
        return self.units[n % len(self.units)]

    def take(self, count, what, one, two, three):
        self.shop.later(minutes=1)
        try:
            with self.shop.db.begin_nested():
                recorded = getattr(self, what)(count, one, two, three)
        except (Refused, Conflict, NotFound):
            return  # the store will not have it: nothing was recorded
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

    def run(self, count, one, two, _three, installs=(), lot_id=None):
        shop = self.shop
        made = [ToBuild(f"P{count}", tuple(installs)), ToBuild(f"p{count}")]
        recorded = build.build_units(
            shop.db, shop.pump.id, made, location_id=shop.store.id, usability="conforming",
            inputs=[LotInput(key, Decimal(1)) for key in {self.lot(one), self.lot(two)}],
            lot_id=lot_id, reported=True, **shop.how,
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

    def remove(self, _count, one, _two, _three):
        if not self.inside:
            return None
        child = self.inside[one % len(self.inside)]
        return install.remove_units(self.shop.db, [child], **self.shop.how)

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
    made.runs, made.events, made.inside = [], [], []
    how = start.shop.how
    with db.begin_nested() as to_here:
        for count, step in enumerate(recipe):
            made.take(count, *step)
        yield made
        to_here.rollback()
    start.shop.how = how


def assert_agrees(made, asked):
    """Hold every kind of trace against the oracle, from these suspects."""
    db = made.shop.db
    db.flush()
    oracle = Oracle(db)
    for lots, units in asked:
        seeds = Seeds(
            lots=frozenset(made.lot(n) for n in lots), units=frozenset(made.unit(n) for n in units)
        )
        _assert_named(db, oracle, seeds)
        _assert_forward(db, oracle, seeds)
        for unit in seeds.units:
            assert _inside(composition(db, unit_id=unit)) == oracle.backward(unit)


def _assert_named(db, oracle, seeds):
    """Hold what is found under a suspect's number against all that bear it, byte for byte."""
    for kind, ids, names in (
        ("lot", seeds.lots, oracle.lot_numbers),
        ("unit", seeds.units, oracle.serials),
    ):
        for name in {names[key] for key in ids if key in names}:
            alike = {key for key, other in names.items() if other == name}
            assert {one.id for one in find.resolve(db, name) if one.kind == kind} == alike


def _assert_forward(db, oracle, seeds):
    found, nodes = oracle.forward(seeds.lots, seeds.units)
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

    affected = trace.contains(db, lots=seeds.lots, units=seeds.units)
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


def _inside(made):
    found = set()
    for part in made.parts:
        found.add(("unit" if part.kind == "unit" else "node", part.id))
        found |= _inside(part)
    return found
