"""The diagrams that ship pass the gate: linted, parsed, and restored from what is kept."""

from pathlib import Path

import pytest

from engine.bpmn import closure, spiff
from engine.bpmn.lint import check_paths

ROOT = Path(__file__).parents[3]
PROCESSES = sorted(path.name for path in (ROOT / "workflows").iterdir() if path.is_dir())


def test_the_diagrams_that_ship_break_no_rule():
    assert [str(finding) for finding in check_paths([ROOT / "workflows"])] == []


@pytest.mark.parametrize("process", PROCESSES)
def test_a_shipped_process_can_be_kept_and_started(process):
    files = closure.closure(ROOT, process)
    spec_gz = spiff.parse(files, closure.processes(files))

    workflow = spiff.new_workflow(spec_gz, process, None)
    assert workflow.spec.name == process
