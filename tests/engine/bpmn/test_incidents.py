"""A technical fault changes nothing, is written down, and can be tried again."""

import pytest
from marshmallow import fields

from engine.bpmn import runtime
from engine.bpmn.errors import StepFailed
from engine.bpmn.incidents import AnswerAgain, NoSuchIncident, record_incident, retry
from engine.bpmn.models import Incident, Timer
from engine.bpmn.timers import fire_due
from tests.engine.bpmn.conftest import HOUR, NOW
from tests.engine.bpmn.drawing import catch, end, node, process, service, start, timer, user


@pytest.fixture
def later(house):
    house.can("weigh", lambda step: step.db.info["weigh"](step), weight=fields.Integer())
    clock = node("intermediateCatchEvent", "tomorrow", "weigh", inner=timer('"P1D"'))
    house.draw(
        "later",
        process(
            "later",
            start("opened", "tomorrow"),
            clock,
            service("weigh", "look"),
            user("look", "done"),
            end(),
        ),
        look=(),
    )
    house.draw(
        "told",
        process(
            "told",
            start("opened", "reply"),
            catch("reply", "reply", "weigh", writes="answer"),
            service("weigh", "look"),
            user("look", "done"),
            end(),
            messages=("reply",),
        ),
        look=(),
    )


def broken(step):
    message = "no scale"
    raise OSError(message)


def test_a_timer_that_fails_leaves_an_incident_and_its_timer(story, later, database, people):
    database.info["weigh"] = broken
    story.release("later")
    case = story.start("later")
    assert fire_due(database, NOW + 25 * HOUR) == 0

    (incident,) = story.rows(Incident)
    assert (incident.instance_id, incident.element_id) == (case, "weigh")
    assert incident.error == "OSError: no scale"
    assert story.status(case) == "incident"
    assert story.rows(Timer)[0].attempts == 1
    assert fire_due(database, NOW + 26 * HOUR) == 0, "an incident stops the timers"
    assert len(story.rows(Incident)) == 1


def test_an_incident_is_tried_again_by_a_person(story, later, database, people):
    database.info["weigh"] = broken
    story.release("later")
    case = story.start("later")
    fire_due(database, NOW + 25 * HOUR)
    (incident,) = story.rows(Incident)
    with pytest.raises(StepFailed), database.begin() as db:
        retry(db, incident.id, by=people.administrator, at=NOW + 26 * HOUR)

    database.info["weigh"] = lambda step: {"weight": 5}
    with database.begin() as db:
        retry(db, incident.id, by=people.administrator, at=NOW + 27 * HOUR)
    (incident,) = story.rows(Incident)
    assert incident.resolved_by_id == people.administrator.id
    assert story.status(case) == "running"
    assert story.open() == ["look"]
    with pytest.raises(NoSuchIncident), database.begin() as db:
        retry(db, incident.id, by=people.administrator, at=NOW + 27 * HOUR)


def test_a_message_that_failed_is_delivered_by_the_retry(story, later, database, people):
    database.info["weigh"] = broken
    story.release("told")
    story.start("told", key="NC-7")
    with pytest.raises(StepFailed) as failure, database.begin() as db:
        runtime.deliver_message(db, "reply", "NC-7", variables={"answer": "yes"}, at=NOW)
    number = record_incident(database, failure.value)

    database.info["weigh"] = lambda step: {"weight": len(step.variables["answer"])}
    with database.begin() as db:
        retry(db, number, by=people.administrator, at=NOW)
    assert story.open() == ["look"]


def test_a_persons_answer_is_never_sent_again_by_a_machine(story, house, database, people):
    house.can("weigh", broken, weight=fields.Integer())
    house.draw(
        "acting",
        process(
            "acting",
            start("opened", "look"),
            user("look", "weigh"),
            service("weigh", "done"),
            end(),
        ),
        look=("finding",),
    )
    story.release("acting")
    story.start("acting")
    with pytest.raises(StepFailed) as failure:
        story.do("look", finding="private")
    number = record_incident(database, failure.value)

    assert "variables" not in story.rows(Incident)[0].facts
    with pytest.raises(AnswerAgain), database.begin() as db:
        retry(db, number, by=people.administrator, at=NOW)


def test_a_case_that_could_not_start_leaves_an_incident_without_a_case(story, house, database):
    house.can("weigh", broken, weight=fields.Integer())
    house.draw(
        "acting", process("acting", start("opened", "weigh"), service("weigh", "done"), end())
    )
    story.release("acting")
    with pytest.raises(StepFailed) as failure:
        story.start("acting")
    record_incident(database, failure.value)

    (incident,) = story.rows(Incident)
    assert (incident.instance_id, incident.process) == (None, "acting")
