"""Three hundred genealogies on each database; every way to break the trace is found out."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.engine.serials.genealogies import assert_agrees, ground, grown, steps, suspects
from tests.support.tree import ROOT

pytestmark = pytest.mark.stress

SEARCH, SETS = "engine/serials/trace/search.py", "engine/serials/sets.py"
# what is broken, where, and how: the first text becomes the second
MUTANTS = {
    "no former hosts": (
        SEARCH,
        'f"n.to_event_id IS NOT NULL{over}',
        'f"n.to_event_id IS NOT NULL AND 1 = 0{over}',
    ),
    "one level only": (
        SEARCH,
        'edges = f"n.inp = w.id',
        "edges = f\"w.id IN ({self.ids('nodes')}) AND n.inp = w.id",
    ),
    "first row only": (
        SEARCH,
        'f"n.seg_id = w.id{there}"',
        'f"n.unit_id = (SELECT min(unit_id) FROM unit_root WHERE seg_id = w.id){there}"',
    ),
    "UNKNOWN skipped": (SEARCH, "AND u.is_unknown", "AND u.is_unknown AND 1 = 0"),
    "correction ignored": (SEARCH, 'return f"{row}.never_event_id IS NULL"', 'return "1 = 1"'),
    "removed part ignored": (
        SEARCH,
        'f"n.lot_id = w.id{there}"',
        (
            'f"n.lot_id = w.id AND NOT EXISTS (SELECT 1 FROM install x'
            ' WHERE x.child_id = n.unit_id AND x.to_event_id IS NOT NULL){there}"'
        ),
    ),
    "case folded": (SETS, "sorted(set(texts))", "sorted({one.lower() for one in texts})"),
    "zeros stripped": (SETS, "sorted(set(texts))", 'sorted({one.lstrip("0") for one in texts})'),
    "split edge dropped": (
        "engine/serials/lots.py",
        "add_edges(db, event, made.id, inputs,",
        "add_edges(db, event, made.id, [],",
    ),
    "relabelled name not found": (
        "engine/serials/named.py",
        "n.never_event_id IS NULL",
        "n.id < 0",
    ),
    "service part ignored": (
        "engine/serials/use.py",
        "open_installs(db, event, fittings)",
        "fittings.clear()",
    ),
    "service lot ignored": (
        "engine/serials/use.py",
        "use_in_units(db, event, [unit_id], lots)",
        "use_in_units(db, event, [], lots)",
    ),
    "rework of a quantity ignored": (
        "engine/serials/change.py",
        "by_lot(_each(inputs, count))",
        "[]",
    ),
    "lot of then forgotten": (
        SEARCH,
        "if self.as_of else ()),",
        "if self.as_of and not self.as_of else ()),",
    ),
}


@pytest.fixture
def start(db, people):
    return ground(db, people)


@settings(
    max_examples=300,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(recipe=steps, asked=suspects)
def test_every_trace_agrees_with_the_raw_events(start, recipe, asked):
    with grown(start, recipe) as made:
        assert_agrees(made, asked)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_trace_is_found_out(tmp_path: Path, name: str, kind: str) -> None:
    file, right, wrong = MUTANTS[name]
    for room in ROOT.iterdir():
        if room.name not in ("engine", ".git"):
            (tmp_path / room.name).symlink_to(room)
    shutil.copytree(ROOT / "engine", tmp_path / "engine")
    broken = tmp_path / file
    source = broken.read_text(encoding="utf-8")
    assert source.count(right) == 1, f"{file}: {right} is no more; break what took its place"
    broken.write_text(source.replace(right, wrong), encoding="utf-8")

    asked = [sys.executable, "-m", "pytest", "-q", "-x", "-k", kind, "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*asked, "tests/engine/serials/test_trace_oracle.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed" in done.stdout, f"{name} was not found out on {kind}:\n{done.stdout[-2000:]}"
    assert "AssertionError" in done.stdout, done.stdout[-3000:]
