"""States saved by this engine version stay readable: each golden case goes on to its end.

A folder of `golden/` holds a closure and a state in the middle of it. When the library's version
changes, `ENGINE_VERSION` changes with it: migrate these states, and only then the goldens.
"""

import gzip
import json
from pathlib import Path

import pytest
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import closure, projections, spiff
from engine.bpmn.step import StepEngine
from tests.engine.bpmn.conftest import NOW

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.name for path in GOLDEN.iterdir())


def load(case):
    files = closure.closure(GOLDEN / case, case)
    spec_gz = spiff.parse(files, closure.processes(files))
    state = (GOLDEN / case / "state.json.gz").read_bytes()
    about = json.loads((GOLDEN / case / "about.json").read_text())
    engine = StepEngine(db=None, instance=None, by=None, at=NOW, open_children=None)
    workflow = spiff.load(
        state,
        about["sha256"],
        about["engine_version"],
        spec_gz=spec_gz,
        process=case,
        engine=engine,
    )
    return workflow, about, state


def test_there_are_golden_states():
    assert CASES == ["parallel_call", "rounds"]


@pytest.mark.parametrize("case", CASES)
def test_a_golden_state_goes_on_to_its_end(case):
    workflow, about, _state = load(case)
    open_now = {str(t.id): t for t in projections.open_work(workflow)}
    assert sorted(t.task_spec.name for t in open_now.values()) == about["open"]
    assert {key: task.data for key, task in open_now.items()} == about["data"]

    for _step in range(20):
        work = projections.open_work(workflow)
        if not work:
            break
        work[0].data.update(about["answers"])
        work[0].run()
        workflow.do_engine_steps()
    assert workflow.is_completed()
    assert any(
        t.task_spec.name == "done" and t.state == TaskState.COMPLETED
        for t in workflow.tasks.values()
    )


@pytest.mark.parametrize("case", CASES)
def test_a_state_is_written_as_it_was(case):
    workflow, _about, state = load(case)
    again, _sha256 = spiff.save(workflow)

    # to the letter: the order of its keys is part of a state
    assert gzip.decompress(again) == gzip.decompress(state)
