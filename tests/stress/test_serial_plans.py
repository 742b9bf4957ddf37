"""At a million units no trace, gate or list reads a whole table: plans are held on PostgreSQL."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from psycopg import sql
from sqlalchemy import Connection, event, text

from engine.db import Database
from engine.serials import find, gate, listing, trace
from engine.serials.beginning import beginning_with
from engine.serials.listing import Start, Wanted
from engine.serials.models import CUSTODY, USABILITY
from engine.serials.near import near
from engine.serials.queries.unit import unit_page
from engine.serials.targets import HoldTarget

pytestmark = pytest.mark.stress
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
IN_HOUSE, CONFORMING = CUSTODY.code("in_house"), USABILITY.code("conforming")
UNITS, RUN, BOARDS = 1_000_000, 50, 100_000
# runs and their edges are fifty times fewer than units: reading those whole is the planner's choice
BIG = {"unit", "unit_root", "install", "hold_target"}
GOODS = f"""
INSERT INTO party (id, code, name, kind) VALUES (1, 'OWN', 'Maker', 'site');
INSERT INTO location (id, party_id, code, name, kind) VALUES (1, 1, 'WH', 'Store', 'warehouse');
INSERT INTO part (id, manufacturer_id, part_no, name, kind, control, uom, is_released)
  VALUES (1, 1, 'PUMP', 'Pump', 'device', 'serial', 'pcs', false),
         (2, 1, 'RES', 'Resin', 'material', 'lot', 'kg', false);
INSERT INTO event (id, uuid, recording, type, event_at, recorded_at, source, payload)
  VALUES (1, gen_random_uuid(), gen_random_uuid(), 'built', now(), now(), 'test', '{{}}');
INSERT INTO trace_node (id, kind) SELECT n, 'segment' FROM generate_series(1, {UNITS // RUN}) n;
INSERT INTO trace_node (id, kind)
  SELECT n, 'lot' FROM generate_series({UNITS // RUN} + 1, {UNITS // RUN} + 1000) n;
INSERT INTO segment (id, part_id, site_id, from_at, to_at, event_id)
  SELECT n, 1, 1, now(), now(), 1 FROM generate_series(1, {UNITS // RUN}) n;
INSERT INTO lot (id, part_id, manufacturer_id, lot_no, is_unknown, is_released)
  SELECT id, 2, 1, 'R-' || id, false, false FROM trace_node WHERE kind = 'lot';
INSERT INTO edge (inp, out, event_id)
  SELECT {UNITS // RUN} + 1 + n % 1000, n, 1 FROM generate_series(1, {UNITS // RUN}) n;
INSERT INTO unit (id, part_id, serial, seg_id, custody, usability, location_id, is_released,
                  version)
  SELECT n, 1, 'SN-' || n, 1 + (n - 1) / {RUN}, {IN_HOUSE}, {CONFORMING}, 1, false, 1
  FROM generate_series(1, {UNITS}) n;
INSERT INTO unit_root (unit_id, root_id, seg_id)
  SELECT id, id, seg_id FROM unit;
INSERT INTO unit (id, part_id, serial, custody, usability, location_id, is_released, version)
  SELECT {UNITS} + n, 1, 'B-' || n, {IN_HOUSE}, {CONFORMING}, 1, false, 1
  FROM generate_series(1, {BOARDS}) n;
INSERT INTO unit_root (unit_id, root_id) SELECT {UNITS} + n, n FROM generate_series(1, {BOARDS}) n;
INSERT INTO install (child_id, host_id, from_event_id)
  SELECT {UNITS} + n, n, 1 FROM generate_series(1, {BOARDS}) n;
INSERT INTO hold (id, stream, case_number, reason, basis, target_kind, target_count, placed_at,
                  placed_event_id)
  VALUES (1, 'case:NC-2026-0001', 'NC-2026-0001', 'crack', 'test', 'scope', {UNITS}, now(), 1);
INSERT INTO hold_target (hold_id, kind, target_id) SELECT 1, 'unit', id FROM unit;
ANALYZE;
"""


@pytest.fixture
def peopled(database: Database) -> Database:
    if not database.url.startswith("postgresql"):
        pytest.skip("plans are a matter of PostgreSQL")
    with database.begin() as db:
        for statement in GOODS.split(";\n"):
            if statement.strip():
                db.execute(text(statement))
    return database


@pytest.fixture
def plans(peopled: Database) -> Iterator[list[str]]:
    """Explain every query of the reading connections as it is sent; give the tables read whole.

    Each is explained twice: with its values, and prepared without them, as a driver sends what it
    sends often (`EXPLAIN` of a statement with values never shows that generic plan).
    """
    whole: list[str] = []
    numbers = count(1)

    def explain(
        connection: Connection, cursor: Any, statement: str, parameters: Any, *_more: Any
    ) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
            return
        whole.extend(explained(cursor, "EXPLAIN (FORMAT JSON) " + statement, parameters))
        raw = cursor.connection.cursor()
        name, query, values = f"asked_{next(numbers)}", *numbered(statement, parameters, raw)
        raw.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        raw.execute(f"PREPARE {name} AS {query}")
        given = f"({', '.join(values)})" if values else ""
        found = explained(raw, f"EXPLAIN (FORMAT JSON) EXECUTE {name}{given}", None)
        whole.extend(f"prepared: {one}" for one in found)
        raw.execute(f"DEALLOCATE {name}")
        raw.execute("SET LOCAL plan_cache_mode = auto")

    event.listen(peopled.reader, "before_cursor_execute", explain)
    yield whole
    event.remove(peopled.reader, "before_cursor_execute", explain)


def explained(cursor: Any, statement: str, parameters: Any) -> list[str]:
    cursor.execute(statement, parameters)
    (said,) = cursor.fetchone()
    plan = (json.loads(said) if isinstance(said, str) else said)[0]["Plan"]
    return list(read_whole(plan))


def numbered(statement: str, parameters: Any, cursor: Any) -> tuple[str, list[str]]:
    """Return a statement with $1, $2, … for its values as PREPARE wants it, and the values."""
    names: dict[str, int] = {}
    query = re.sub(
        r"%\((\w+)\)s",
        lambda found: f"${names.setdefault(found[1], len(names) + 1)}",
        statement,
    )
    query = query.replace("%%", "%")
    return query, [literal(parameters[name], cursor) for name in names]


def literal(value: Any, cursor: Any) -> str:
    return str(sql.Literal(value).as_string(cursor))


def read_whole(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in BIG:
        yield f"{plan['Relation Name']}: {plan.get('Filter', 'all of it')}"
    for inner in plan.get("Plans", ()):
        yield from read_whole(inner)


def test_no_trace_and_no_gate_reads_a_whole_table(peopled: Database, plans: list[str]) -> None:
    lot = UNITS // RUN + 7
    with peopled.read() as db:
        affected = trace.contains(db, lots=[lot])
        assert len(affected.units) == UNITS // 1000

        asked = [HoldTarget.unit(unit.unit_id) for unit in affected.units[:100]]
        for targets in (asked[:1], asked):
            assert not any(v.allowed for v in gate.check(db, targets, door="ship"))
        assert not gate.check(db, ["SN-77"], door="ship")[0].allowed
    assert not plans, "read whole: " + "; ".join(sorted(set(plans)))


def test_counting_a_trace_and_a_page_of_a_unit_read_no_whole_table(
    peopled: Database, plans: list[str]
) -> None:
    lot = UNITS // RUN + 7
    with peopled.read() as db:
        assert unit_page(db, 7).root_id == 7
        assert unit_page(db, UNITS + 7).root_id == 7
        seeds = trace.Seeds(lots=frozenset({lot}))
        assert trace.counted(db, seeds).root_count == UNITS // 1000
        assert trace.counted(db, trace.Seeds(units=frozenset({UNITS + 7}))).root_count == 1
    assert not plans, "read whole: " + "; ".join(sorted(set(plans)))


def test_no_list_and_no_beginning_reads_a_whole_table(peopled: Database, plans: list[str]) -> None:
    with peopled.read() as db:
        assert len(beginning_with(db, "SN-7777").units) == 10
        assert near(db, "sn-77")[0].label == "SN-77"
        assert find.look_up(db, "SN-1000000").matches[0].id == UNITS
        newest = listing.units(db, Wanted())
        beyond = listing.units(db, Wanted(), Start(after=newest.after))
        assert beyond.rows[0].id == newest.rows[-1].id - 1
        named = listing.units(db, Wanted(begins="SN-99"))
        following = listing.units(db, Wanted(begins="SN-99"), Start(after=named.after))
        assert following.rows[0].serial > named.rows[-1].serial
        back = listing.units(db, Wanted(begins="SN-99"), Start(before=following.rows[0].id))
        assert back.rows == named.rows
        assert all(row.holds for row in newest.rows)
    assert not plans, "read whole: " + "; ".join(sorted(set(plans)))
