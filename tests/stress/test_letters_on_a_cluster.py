"""Letters on a real Dask cluster: two workers, one of them killed while it draws."""

import os
import signal
from pathlib import Path

import pytest
from distributed import LocalCluster

from engine.evidence import bulk
from tests.support.letters import letter

pytestmark = pytest.mark.stress

COUNT = 40


def test_a_worker_that_dies_costs_no_letter(tmp_path: Path) -> None:
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        local_directory=str(tmp_path),
    ) as cluster:
        requests = [(number, letter(number)) for number in range(COUNT)]
        with bulk.executor(cluster.scheduler_address) as pool:
            drawn: dict[int, bytes | str] = {}
            for key, pdf in bulk.draw_all(pool, requests):
                drawn[key] = pdf
                if len(drawn) == 5:
                    victim = next(iter(cluster.workers.values()))
                    os.kill(victim.process.pid, signal.SIGKILL)
    assert sorted(drawn) == list(range(COUNT))
    assert all(isinstance(pdf, bytes) and pdf.startswith(b"%PDF") for pdf in drawn.values())


def test_a_cluster_that_is_not_there_is_said_so() -> None:
    with (
        pytest.raises(bulk.ClusterMissing, match="cannot be used"),
        bulk.executor("tcp://127.0.0.1:1"),
    ):
        pass
