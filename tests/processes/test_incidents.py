"""Stories of a fault nobody is there to see: it leaves an incident, and Retry works."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from engine.bpmn import incidents
from engine.bpmn.errors import StepFailed
from engine.bpmn.step import Action, Step
from tests.processes.company import Company


class DiskFull(OSError):
    """What no diagram knows of."""


def fail(*_: Any, **__: Any) -> Any:
    message = "no space left on device"
    raise DiskFull(message)


@contextmanager
def failing(company: Company, name: str, stand_in: Callable[..., Any]) -> Iterator[None]:
    """Hand the engine something else under a name, as another composition root would."""
    info = company.holdfast.database.info
    kept = info[name]
    info[name] = stand_in
    yield
    info[name] = kept


@contextmanager
def failing_action(company: Company, verb: str) -> Iterator[None]:
    """Have one verb fail."""
    lookup = company.holdfast.database.info["actions"]

    def look(name: str) -> Action:
        real = lookup(name)
        return Action(fail, real.parameters, real.result) if name == verb else real

    with failing(company, "actions", look):
        yield


def retry(company: Company) -> None:
    [incident] = company.incidents
    with company.holdfast.database.begin() as db:
        incidents.retry(db, incident.id, by=company.people.administrator, at=company.at)
    company.take_up_reports()


def test_a_timer_that_fails_leaves_an_incident_and_is_tried_again(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    company.do("triage")
    with failing(company, "send", fail):
        company.later(hours=8, minutes=1)
    [incident] = company.incidents
    assert (incident.attempt, incident.element_id) == ("fire_timer", "escalate_segregation")
    assert incident.error == "DiskFull: no space left on device"
    assert company.waiting_at == {"confirm_segregation"}
    retry(company)
    assert company.incidents == []
    assert company.mailed("quarantine/escalate_segregation")
    company.do("confirm_segregation")


def test_children_that_cannot_be_counted_in_leave_an_incident(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.to_disposition("P-1")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    with failing_action(company, "settle_round"):
        company.release()
    [incident] = company.incidents
    assert (incident.attempt, incident.element_id) == ("take_up_reports", "settle_round")
    assert incident.error == "DiskFull: no space left on device"
    assert company.waiting_at == set()
    retry(company)
    assert company.incidents == []
    assert company.waiting_at == {"verify_and_close"}


def test_a_retry_that_fails_again_leaves_the_incident_open(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.to_disposition("P-1")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    with failing_action(company, "settle_round"):
        company.release()
        with pytest.raises(StepFailed):
            retry(company)
    assert len(company.incidents) == 1
    retry(company)
    assert company.waiting_at == {"verify_and_close"}


def test_a_persons_answer_that_fails_is_kept_by_nobody_but_them(company: Company) -> None:
    company.make_lot("S-1", 40)
    company.report("S-1")
    with failing_action(company, "settle_scope"), pytest.raises(StepFailed) as failed:
        company.do("triage")
    incidents.record_incident(company.holdfast.database, failed.value)
    [incident] = company.incidents
    assert (incident.attempt, incident.element_id) == ("complete_task", "settle_scope")
    assert "variables" not in incident.facts
    assert company.waiting_at == {"triage"}
    with pytest.raises(incidents.AnswerAgain):
        retry(company)
    company.do("triage")
    assert company.incidents == []


def test_the_store_is_as_it_was_when_a_step_fails(company: Company) -> None:
    company.make_devices("SENS-1", ["P-1"])
    company.to_disposition("P-1")
    company.propose(company.line("no_fault_found", "P-1"))
    company.do("confirm_no_fault")
    company.do("authorise_release")
    before: Step | Any = (company.totals, company.case.version, company.may_ship("P-1"))
    with failing_action(company, "release_units"), pytest.raises(StepFailed):
        company.do("remove_tags")
    assert (company.totals, company.case.version, company.may_ship("P-1")) == before
