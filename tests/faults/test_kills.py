"""A command killed anywhere is done once after a restart, on both databases."""

import pytest

from tests.faults.harness import Sweep, assert_survived

CASES, IMPORTS = "tests.faults.cases", "tests.faults.imports"
RECALLS = "tests.faults.recalls"
SCENARIOS = {
    "a command and its outbox": "tests.faults.commands_and_outbox:SCENARIO",
    "a report that holds now": f"{CASES}:REPORT",
    "the last approval of a board": f"{CASES}:LAST_APPROVAL",
    "the last line of a disposition": f"{CASES}:LAST_LINE",
    "the closing of a case": f"{CASES}:CLOSE",
    "the sealing of a report": f"{CASES}:SEAL",
    "the sending of mail": f"{CASES}:MAIL",
    "a file that a worker loads": f"{IMPORTS}:BY_A_WORKER",
    "files of stock, installations and shipments": f"{IMPORTS}:FACTS",
    "a file of units that is taken back": f"{IMPORTS}:UNITS_BACK",
    "files of facts that are taken back": f"{IMPORTS}:FACTS_BACK",
    "the stop-ship of a recall": f"{RECALLS}:STOP_SHIP",
}
# a recall takes long to come so far: these do not gate
LATER = {
    "the letters of a recall": f"{RECALLS}:LETTERS",
    "the reply of a consignee": f"{RECALLS}:REPLY",
    "a wider scope with letters out": f"{RECALLS}:WIDER_SCOPE",
    "the closing of a recall": f"{RECALLS}:RECALL_CLOSES",
}
FEW = ("sealing", "file", "stop-ship")  # of these some points gate, all are passed in `make stress`
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS)


@each_scenario
@pytest.mark.usefixtures("mail_server")
def test_a_kill_loses_no_step_and_doubles_none(sweep: Sweep, scenario: str) -> None:
    most = 2 if any(one in scenario for one in FEW) else 6
    assert_survived(sweep.run(SCENARIOS[scenario], most=most))


@pytest.mark.stress
@pytest.mark.parametrize("scenario", SCENARIOS | LATER)
@pytest.mark.usefixtures("mail_server")
def test_a_kill_at_any_point_loses_no_step_and_doubles_none(sweep: Sweep, scenario: str) -> None:
    kills = sweep.run((SCENARIOS | LATER)[scenario])
    print(f"{scenario}: killed at {len(kills)} points")
    assert_survived(kills)


def test_a_step_in_two_transactions_is_found_out(sweep: Sweep) -> None:
    kills = sweep.run("tests.faults.commands_and_outbox:TORN")

    torn = [kill for kill in kills if kill.failure]
    assert torn
    assert all("4 messages were said" in str(kill.failure) for kill in torn)
