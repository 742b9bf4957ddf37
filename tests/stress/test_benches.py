"""Every benchmark still runs, at its smallest size; what it measures is read, never asserted."""

import subprocess
import sys

import pytest

from tests.support.tree import ROOT

pytestmark = pytest.mark.stress

SMALL = {
    "balance": ["--units", "2000", "--consignees", "20", "--rounds", "2"],
    "bpmn_step": ["1"],
    "case_page": ["--entries", "60", "--rounds", "2"],
    "complete_task": ["1"],
    "freeze_scope": ["--devices", "2000"],
    "gate_check": ["--units", "2000", "--rounds", "10", "--seconds", "1"],
    "http_tasks": ["8"],
    "idle_memory": ["1"],
    "intake": ["--rows", "3000"],
    "join_recalls": ["--devices", "2000"],
    "my_tasks": ["--tasks", "500", "--rounds", "2"],
    "obligations": ["--recalls", "10", "--rounds", "2"],
    "open_notices": ["20"],
    "sealed_record": ["2"],
    "trace": ["--devices", "2000", "--affected", "83", "--rounds", "2", "--recursion", "83"],
}


def test_none_is_left_out() -> None:
    found = {one.stem for one in (ROOT / "bench").glob("*.py") if not one.name.startswith("_")}
    assert found == set(SMALL)


@pytest.mark.parametrize("name", SMALL)
def test_a_benchmark_runs(name: str) -> None:
    command = [sys.executable, f"bench/{name}.py", *SMALL[name]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
