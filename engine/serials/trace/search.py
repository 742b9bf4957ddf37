"""The one search forward, as SQL: lots and runs first, then units by run, then who held them.

Lots and runs are few (0.7 per device), so they are followed by recursion over `edge` alone. Units
join through `unit_root`, which also names what they stand in now. What is between the two is
climbed, former hosts are followed through the install history to any depth: the question is "ever
contained", and whatever contained a former host is affected as that host is.

Every step is an index lookup by itself. On PostgreSQL it is fenced (`LATERAL … OFFSET 0`):
without the fence the planner takes a recursive union for huge and reads whole tables.

The named parts: `node(id, certain)`, `direct(unit_id, root_id, certain)` made in, of or with a
node, `mid` between them and their roots, `root`, `was` everything a former host leads to. `certain`
is 0 for what only an UNKNOWN lot brought in: it cannot be excluded. Only from a unit that ever left
a host, or sits in one that did (`unit_root.has_past`: few), is climbed for former hosts; a small
index finds those of a run or lot.

With `as_of` only what was recorded up to that event counts: edges, inputs, memberships, installs,
removals and corrections. The root pointer says only what is now, so every host is climbed.
"""

# ruff: noqa: S608  names and steps come from here, values are bound

from dataclasses import dataclass

from engine.serials.models import LINK_ROLE
from engine.serials.sets import ids_of
from engine.serials.walk import FEW, look_up

SUBJECT = LINK_ROLE.code("subject")
MAKING = "('received', 'built', 'kitted')"  # units, of a lot
# by which they are of another, or of one at all
BECOMING = "('lot_added', 'lot_split', 'lot_merged', 'relabelled')"

CAME_LATER = (
    "SELECT 1 FROM event_link l CROSS JOIN event_node m CROSS JOIN event e"
    f" WHERE l.unit_id = n.unit_id AND l.event_id > :as_of AND l.role = {SUBJECT}"
    " AND e.id = l.event_id AND m.node_id = n.lot_id AND m.event_id = e.id AND m.role = 'output'"
    f" AND e.type IN {BECOMING}"
)
# a unit whose making did not occur comes to be again under its row: of another lot, of another run
BORN = (
    "SELECT 1 FROM event_link b CROSS JOIN event f WHERE b.unit_id = n.unit_id AND {when}"
    f" AND b.role = {SUBJECT} AND b.custody IS NOT NULL AND f.id = b.event_id"
    f" AND f.corrects_id IS NULL AND f.type IN {MAKING}"
)
BORN_LATER = BORN.format(when="b.event_id > :as_of")
BORN_BETWEEN = BORN.format(when="b.event_id > e.id AND b.event_id <= :as_of")
# the making that counted then
MADE_THEN = (
    f"e.type IN {MAKING} AND e.corrects_id IS NULL AND l.custody IS NOT NULL"
    f" AND NOT EXISTS ({BORN_BETWEEN})"
)


@dataclass(frozen=True)
class Search:
    """The search in the words of one kind of database; `as_of` binds `:as_of`."""

    is_sqlite: bool
    as_of: bool = False

    def ids(self, name: str) -> str:
        """Return a set of ids that is bound as one parameter."""
        return ids_of(name, sqlite=self.is_sqlite)

    def step(self, shown: str, left: str, tables: str, where: str, **picks: str) -> str:
        """Look up `tables` for each row of `left`: never a scan, whatever the planner expects."""
        return look_up(shown, left, tables, where, sqlite=self.is_sqlite, **picks)

    def nodes(self) -> str:
        """Return the lots and runs reached, UNKNOWN lots of the same parts included."""
        recorded = " AND n.event_id <= :as_of" if self.as_of else ""
        edges = f"n.inp = w.id{recorded} AND {self._happened('n')}"
        unknown = "l.id = w.id AND u.part_id = l.part_id AND u.is_unknown"
        if self.is_sqlite:
            grown = (
                f"SELECT n.out, w.certain FROM walk w CROSS JOIN edge n"
                f" WHERE {edges} AND {FEW.format('w.id')} UNION "
                f"SELECT u.id, 0 FROM walk w CROSS JOIN lot l CROSS JOIN lot u"
                f" WHERE {unknown} AND {FEW.format('w.id')}"
            )
        else:  # which allows one recursive term
            grown = (
                "SELECT n_.id, n_.certain FROM walk w CROSS JOIN LATERAL ("
                f"SELECT n.out AS id, w.certain FROM edge n WHERE {edges}"
                f" UNION ALL SELECT u.id, 0 FROM lot l CROSS JOIN lot u WHERE {unknown}"
                " OFFSET 0) n_"
            )
        return (
            f"walk(id, certain) AS (SELECT s.id, 1 FROM ({self.ids('nodes')}) s UNION {grown}),"
            " node(id, certain) AS MATERIALIZED"
            " (SELECT id, max(certain) FROM walk GROUP BY id)"
        )

    def kept_nodes(self) -> str:
        """Return the lots and runs that a run has kept already."""
        return (
            "node(id, certain) AS (SELECT node_id, CASE WHEN is_certain THEN 1 ELSE 0 END"
            " FROM trace_run_node WHERE run_id = :run_id)"
        )

    def units(self) -> str:
        """Return what stands on `node` and the units named, and what former hosts lead to."""
        climb = {"host": "n.host_id"}
        above = self.step(
            "{host}, w.certain", "chain w", "install n", f"n.child_id = w.id AND {self._open()}",
            **climb,
        )  # fmt: skip
        ended = self.step(
            "{host}, w.certain", "chain w", "install n", f"n.child_id = w.id AND {self._ended()}",
            **climb,
        )  # fmt: skip
        moved = [] if self.as_of else self._direct(" AND n.has_past")
        start = " UNION ALL ".join(moved) or "SELECT * FROM direct"
        return (
            f"direct(unit_id, root_id, certain) AS ({' UNION ALL '.join(self._direct())}),"
            f" moved(id, root_id, certain) AS ({start}),"
            f" chain(id, certain) AS (SELECT id, certain FROM moved UNION {above}),"
            f" was(id, certain) AS (SELECT * FROM ({ended}) e UNION {self._ever()})"
        )

    def everyone(self) -> str:
        """Return every affected unit: `certain`, and `present` unless only a former host."""
        up = f"n.host_id <> w.root_id AND {self._open()}"
        mid = (
            self.step(
                "DISTINCT {host}, w.root_id, w.certain",
                "direct w",
                "install n",
                f"n.child_id = w.unit_id AND w.unit_id <> w.root_id AND {up}",
                host="n.host_id",
            )
            + " UNION "
            + self.step(
                "{host}, w.root_id, w.certain",
                "mid w",
                "install n",
                f"n.child_id = w.id AND {up}",
                host="n.host_id",
            )
        )
        return (
            f"mid(id, root_id, certain) AS ({mid}),"
            " root(id, certain) AS (SELECT root_id, max(certain) FROM direct"
            " WHERE root_id <> 0 GROUP BY root_id),"
            " everyone(id, certain, present) AS (SELECT id, max(certain), max(present) FROM ("
            "SELECT unit_id AS id, certain, 1 AS present FROM direct"
            " UNION ALL SELECT id, certain, 1 FROM mid UNION ALL SELECT id, certain, 1 FROM root"
            " UNION ALL SELECT id, certain, 0 FROM was) a GROUP BY id)"
        )

    def standing(self) -> str:
        """Return the affected units that stand by themselves now: what one can go and fetch."""
        formers = self.step(
            "w.id, w.certain, 0",
            "was w",
            "unit_root n",
            "n.unit_id = w.id AND n.root_id = n.unit_id",
            unit="n.unit_id",
        )
        return (
            "standing(id, certain, present) AS ("
            "SELECT id, max(certain), max(present) FROM ("
            f"SELECT root_id AS id, certain, 1 AS present FROM direct UNION ALL {formers}) a"
            " GROUP BY id)"
        )

    def tops(self) -> str:
        """Return what each affected unit stood in as of then (`as_of` only)."""
        up = self.step(
            "w.id, {host}", "climb w", "install n", f"n.child_id = w.top AND {self._open()}",
            host="n.host_id",
        )  # fmt: skip
        return (
            f"climb(id, top) AS (SELECT id, id FROM everyone UNION {up}),"
            " top(id, root_id) AS (SELECT w.id, w.top FROM climb w WHERE NOT EXISTS"
            f" (SELECT 1 FROM install n WHERE n.child_id = w.top AND {self._open()}))"
        )

    def _direct(self, only: str = "") -> list[str]:
        picks = {"unit": "n.unit_id", "root": "0" if self.as_of else "n.root_id"}
        shown = "{unit}, {root}, w.certain"
        there = f" AND {self._existed()} AND NOT EXISTS ({BORN_LATER})" if self.as_of else only
        recorded = " AND i.event_id <= :as_of" if self.as_of else ""
        used = f"i.lot_id = w.id AND n.unit_id = i.unit_id{recorded} AND {self._happened('i')}"
        of_lot = f"n.lot_id = w.id{there}"
        if self.as_of:
            of_lot += f" AND NOT EXISTS ({CAME_LATER})"
        return [
            self.step(shown, "node w", "unit_root n", f"n.seg_id = w.id{there}", **picks),
            self.step(shown, "node w", "unit_root n", of_lot, **picks),
            *([self._was_of(shown, picks), self._was_made(shown, picks)] if self.as_of else ()),
            self.step(shown, "node w", "unit_input i CROSS JOIN unit_root n", used + only, **picks),
            self.step(
                "{unit}, {root}, 1",
                f"({self.ids('units')}) w",
                "unit_root n",
                f"n.unit_id = w.id{only}",
                **picks,
            ),
        ]

    def _was_of(self, shown: str, picks: dict[str, str]) -> str:
        """Look up the units that were made of a lot, or came into it, and are of another by now."""
        elsewhere = f"(n.lot_id IS NULL OR n.lot_id <> o.id OR EXISTS ({BORN_LATER}))"
        stood = (
            f"{elsewhere} AND (e.type IN {BECOMING} AND NOT EXISTS"
            " (SELECT 1 FROM event c WHERE c.corrects_id = e.id AND c.id <= :as_of)"
            f" OR {MADE_THEN})"
        )
        return self.step(
            shown,
            "node w",
            "lot o CROSS JOIN event_node m CROSS JOIN event e CROSS JOIN event_link l"
            " CROSS JOIN unit_root n CROSS JOIN unit u",
            "o.id = w.id AND m.node_id = o.id AND m.role <> 'input' AND m.event_id <= :as_of"
            " AND e.id = m.event_id"
            f" AND {stood} AND l.event_id = e.id AND l.role = {SUBJECT}"
            " AND n.unit_id = l.unit_id"
            " AND u.id = n.unit_id AND u.part_id = o.part_id",
            **picks,
        )

    def _was_made(self, shown: str, picks: dict[str, str]) -> str:
        """Look up the units that were made in a run, and came to be again otherwise since."""
        return self.step(
            shown,
            "node w",
            "segment o CROSS JOIN event_node m CROSS JOIN event e CROSS JOIN event_link l"
            " CROSS JOIN unit_root n",
            "o.id = w.id AND m.node_id = o.id AND m.role = 'output' AND m.event_id <= :as_of"
            " AND e.id = m.event_id AND l.event_id = e.id"
            f" AND l.role = {SUBJECT} AND n.unit_id = l.unit_id"
            f" AND (n.seg_id IS NULL OR n.seg_id <> o.id OR EXISTS ({BORN_LATER}))"
            f" AND {MADE_THEN}",
            **picks,
        )

    def _existed(self) -> str:
        return (
            "EXISTS (SELECT 1 FROM event_link l"
            " WHERE l.unit_id = n.unit_id AND l.event_id <= :as_of)"
        )

    def _open(self) -> str:
        if not self.as_of:
            return "n.to_event_id IS NULL"
        return "n.from_event_id <= :as_of AND (n.to_event_id IS NULL OR n.to_event_id > :as_of)"

    def _ended(self) -> str:
        """Return the rule for an install that is over; one that never was is in no history."""
        over = " AND n.from_event_id <= :as_of AND n.to_event_id <= :as_of" if self.as_of else ""
        return f"n.to_event_id IS NOT NULL{over} AND {self._happened('n')}"

    def _happened(self, row: str) -> str:
        """Return the rule that no correction known by then says this never was."""
        if not self.as_of:
            return f"{row}.never_event_id IS NULL"
        return f"({row}.never_event_id IS NULL OR {row}.never_event_id > :as_of)"

    def _ever(self) -> str:
        both = f"(({self._open()}) OR ({self._ended()}))"
        return self.step(
            "{host}, w.certain", "was w", "install n", f"n.child_id = w.id AND {both}",
            host="n.host_id",
        )  # fmt: skip
