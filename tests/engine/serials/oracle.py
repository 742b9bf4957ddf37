"""An independent answer to "where did this go" and "what is in this", from the raw events alone.

It reads what was recorded (events, what they are about, their payloads, postings) and what things
are (kinds, parts, serials), builds the whole graph in memory and searches it breadth first. It
reads no edge, run, install, root or stock row, and shares no line with the store.
"""

import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import text

BECOMES = {"lot_split", "lot_merged", "relabelled"}
MAKES_FROM_INPUTS = {"built", "input_added", "kitted", *BECOMES}
MAKES_UNITS = {"received", "built", "kitted"}
USES_IN_UNITS = {"reworked", "serviced"}
SHIPS = {"shipped", "shipment_reported"}
# as the columns keep them
ROLES = {1: "subject", 2: "removed", 3: "host", 4: "child", 5: "carried"}
CUSTODIES = dict(
    enumerate(
        (
            "in_house", "in_transit", "at_third_party", "at_consignee", "returned", "consumed",
            "destroyed", "never_existed", "unknown",
        ),
        start=1,
    )
)  # fmt: skip
USABILITIES = {1: "unreleased", 2: "conforming", 3: "nonconforming", 4: "scrapped", 5: "unknown"}


@dataclass
class Recorded:
    id: int
    type: str
    payload: dict
    corrects: int | None
    units: dict = field(default_factory=lambda: defaultdict(list))  # role -> ids
    nodes: dict = field(default_factory=lambda: defaultdict(list))


class Oracle:
    """The graph as the events tell it."""

    def __init__(self, db, *, as_of=None):
        self.by_id = _events(db, as_of)
        self.events = list(self.by_id.values())
        self.kind = dict(tuple(row) for row in db.execute(text("SELECT id, kind FROM trace_node")))
        self.lots = {
            row[0]: (row[1], bool(row[2]))
            for row in db.execute(text("SELECT id, part_id, is_unknown FROM lot"))
        }
        rows = list(db.execute(text("SELECT id, serial, part_id FROM unit ORDER BY id")))
        self.serials = {row[0]: row[1] for row in rows}
        self.part_of = {row[0]: row[2] for row in rows}
        self.lot_numbers = dict(
            tuple(row)
            for row in db.execute(text("SELECT id, lot_no FROM lot WHERE NOT is_unknown"))
        )
        self.postings = [
            (lot, place, CUSTODIES[custody], USABILITIES[usability], quantity, event)
            for lot, place, custody, usability, quantity, event in db.execute(
                text(
                    "SELECT lot_id, location_id, custody, usability, quantity, event_id"
                    " FROM stock_posting"
                )
            )
        ]
        corrected = {one.corrects for one in self.events if one.corrects is not None}
        standing = [
            one for one in self.events if one.id not in corrected and one.type != "did_not_occur"
        ]
        # a correction says what happened when the event that it corrects did
        self.standing = sorted(standing, key=lambda one: self.chain(one)[-1].id)
        self.after = defaultdict(set)  # thing -> things made of it or around it, ever
        self.open = {}  # child -> host
        self._made()
        self._fitted()

    def chain(self, one):
        """Return an event and those it corrects, the newest first."""
        chain = [one]
        while chain[-1].corrects is not None:
            chain.append(self.by_id[chain[-1].corrects])
        return chain

    def _made(self):
        # what a thing is of (its run, its lot) is what it was called when it came to be: the last
        # time, where it turned out before that it never had
        made_by, called = defaultdict(set), {}
        for one in self.events:
            was = self.by_id.get(one.corrects)
            for unit in was.units["subject"] if was else ():
                made_by[unit].discard(was.id)
            if one.type in MAKES_UNITS:
                for unit in one.units["subject"]:
                    if one.corrects is None and not made_by[unit]:
                        called[unit] = (*one.nodes["subject"], *one.nodes["output"])
                    made_by[unit].add(one.id)
        for unit, nodes in called.items():
            self._of(nodes, unit)
        self._went_in()

    def _went_in(self):
        for one in self.standing:
            if one.type in MAKES_FROM_INPUTS:
                self._made_from_inputs(one)
            if one.type in BECOMES:
                for unit in one.units["subject"]:
                    self._of(one.nodes["output"], unit)
            if one.type == "reworked":
                for lot in one.nodes["input"]:
                    self.after["node", lot] |= {("node", node) for node in one.nodes["subject"]}
            if one.type in USES_IN_UNITS:
                for lot in one.nodes["input"]:
                    self.after["node", lot] |= {("unit", unit) for unit in one.units["subject"]}

    def _of(self, nodes, unit):
        for node in nodes:
            if self.kind[node] == "segment" or self.lots[node][0] == self.part_of[unit]:
                self.after["node", node].add(("unit", unit))

    def _made_from_inputs(self, one):
        made = one.nodes["output"]
        runs = [node for node in made if self.kind[node] == "segment"]
        for source in one.nodes["input"]:
            self.after["node", source] |= {("node", node) for node in runs or made}

    def _fitted(self):
        for one in self.standing:
            for child in one.units["child" if one.type == "removed" else "removed"]:
                self.open.pop(child, None)
            for child, host in self._fittings(one):
                self.after["unit", child].add(("unit", host))
                self.open[child] = host

    def _fittings(self, one):
        pairs = one.payload.get("fittings", ())
        # what was made stays made when the event is corrected
        made = {self.serials[u]: u for version in self.chain(one) for u in version.units["subject"]}
        for child, host, _position in pairs:
            yield child, made[host] if isinstance(host, str) else host

    def reached(self, nodes, units):
        """Return everything that these reach, themselves included."""
        return _search(self.after, [*(("node", n) for n in nodes), *(("unit", u) for u in units)])

    def forward(self, nodes=(), units=()):
        """Return unit -> (how, certain) and node -> certain of a trace from these."""
        certain = self.reached(nodes, units)
        everything = set(certain)
        while True:
            parts = {self.lots[key][0] for kind, key in everything if (kind, key) in self._lots()}
            unknown = {key for key, (part, blank) in self.lots.items() if blank and part in parts}
            more = everything | self.reached(unknown, ())
            if more == everything:
                break
            everything = more
        present = self._present({key for kind, key in everything if kind == "node"}, set(units))
        found = {}
        for kind, key in everything:
            if kind == "unit":
                how = "contains" if key in present else "contained"
                found[key] = ("named" if key in units else how, (kind, key) in certain)
        return found, {k: (kind, k) in certain for kind, k in everything if kind == "node"}

    def _lots(self):
        return {("node", key) for key in self.lots}

    def _present(self, nodes, units):
        """Return the units that are, or now have in them, something of these."""
        queue = deque(units)
        for node in nodes:
            queue.extend(key for kind, key in self.after["node", node] if kind == "unit")
        present = set()
        while queue:
            unit = queue.popleft()
            if unit not in present:
                present.add(unit)
                if unit in self.open:
                    queue.append(self.open[unit])
        return present

    def root(self, unit):
        while unit in self.open:
            unit = self.open[unit]
        return unit

    def backward(self, kind, key):
        """Return everything a unit or lot is made of or ever had in it."""
        before = defaultdict(set)
        for source, targets in self.after.items():
            for target in targets:
                before[target].add(source)
        return _search(before, [(kind, key)]) - {(kind, key)}

    def names(self):
        """Return which units bear or ever bore each serial."""
        names = defaultdict(set)
        for unit, serial in self.serials.items():
            names[serial].add(unit)
        for one in self.standing:
            if one.type == "relabelled":
                for unit, (_, serial) in zip(
                    one.payload.get("units", ()), one.payload.get("serials", ()), strict=True
                ):
                    names[serial].add(unit)
        return names

    def stock(self, nodes):
        """Return what lies of these lots, spot by spot, in millionths."""
        sums = defaultdict(int)
        for lot, place, custody, usability, quantity, _ in self.postings:
            if lot in nodes:
                sums[lot, place, custody, usability] += quantity
        return {spot: Decimal(n) / 1_000_000 for spot, n in sums.items() if n}

    def sent(self, units):
        """Return which of these units each consignee was ever sent."""
        sent = defaultdict(set)
        for one in self.standing:
            if one.type in SHIPS:
                sent[one.payload["consignee"]] |= set(one.units["subject"]) & units
        return {consignee: those for consignee, those in sent.items() if those}

    def lots_sent(self, nodes):
        """Return how much of these lots each consignee was ever sent."""
        sent = defaultdict(int)
        for one in self.standing:
            if one.type in SHIPS:
                versions = {version.id for version in self.chain(one)}
                for lot, *_, quantity, event in self.postings:
                    if event in versions and lot in nodes and quantity > 0:
                        sent[one.payload["consignee"]] += quantity
        return {consignee: Decimal(n) / 1_000_000 for consignee, n in sent.items() if n}


def _search(after, starts):
    seen = set(starts)
    queue = deque(starts)
    while queue:
        for there in after.get(queue.popleft(), ()):
            if there not in seen:
                seen.add(there)
                queue.append(there)
    return seen


def _events(db, as_of):
    events = {
        row[0]: Recorded(row[0], row[1], json.loads(row[2]), row[3])
        for row in db.execute(text("SELECT id, type, payload, corrects_id FROM event ORDER BY id"))
        if as_of is None or row[0] <= as_of
    }
    for unit, event, role in db.execute(text("SELECT unit_id, event_id, role FROM event_link")):
        if event in events:
            events[event].units[ROLES[role]].append(unit)
    for node, event, role in db.execute(text("SELECT node_id, event_id, role FROM event_node")):
        if event in events:
            events[event].nodes[role].append(node)
    return events
