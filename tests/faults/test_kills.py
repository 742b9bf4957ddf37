"""A command killed anywhere is done once after a restart, on both databases."""

import pytest

from tests.faults.harness import Sweep, assert_survived

SCENARIOS = ["tests.faults.commands_and_outbox:SCENARIO"]
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS)


@each_scenario
def test_a_kill_loses_no_step_and_doubles_none(sweep: Sweep, scenario: str) -> None:
    assert_survived(sweep.run(scenario, most=12))


@pytest.mark.stress
@each_scenario
def test_a_kill_at_any_point_loses_no_step_and_doubles_none(sweep: Sweep, scenario: str) -> None:
    assert_survived(sweep.run(scenario))


def test_a_step_in_two_transactions_is_found_out(sweep: Sweep) -> None:
    kills = sweep.run("tests.faults.commands_and_outbox:TORN")

    torn = [kill for kill in kills if kill.failure]
    assert torn
    assert all("4 messages were said" in str(kill.failure) for kill in torn)
