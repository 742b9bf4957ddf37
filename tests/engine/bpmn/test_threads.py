"""Eight people at once: nothing is lost, nothing is done twice, nobody sees a locked database."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.bpmn import runtime
from engine.bpmn.errors import TaskAlreadyDone
from engine.bpmn.models import Instance, Task
from engine.bpmn.timers import fire_due
from engine.errors import Busy
from tests.engine.bpmn.conftest import NOW
from tests.engine.bpmn.drawing import both, end, node, process, start, timer, user

EIGHT = [f"branch_{n}" for n in range(8)]


@pytest.fixture
def wide(house):
    house.draw(
        "wide",
        process(
            "wide",
            start("opened", "split"),
            both("split", *EIGHT),
            *(user(one, "join") for one in EIGHT),
            both("join", "done"),
            end(),
        ),
        **{one: (f"answer_{n}",) for n, one in enumerate(EIGHT)},
    )


def complete(database, people, task):
    for _attempt in range(50):
        try:
            with database.begin() as db:
                runtime.complete_task(
                    db,
                    task.id,
                    variables={f"answer_{task.element_id[-1]}": "yes"},
                    by=people.qa_engineer,
                    at=NOW,
                )
        except Busy:
            continue
        except TaskAlreadyDone:
            return "done before"
        return "done"
    return "never"


def test_eight_people_complete_the_tasks_of_one_case(story, wide, database, people):
    story.release("wide")
    case = story.start("wide")
    tasks = story.rows(Task)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda task: complete(database, people, task), tasks))

    assert said == ["done"] * 8
    ended = story.instance(case)
    assert (ended.status, ended.version) == ("completed", 9)


def test_eight_people_complete_the_same_task(story, wide, database, people):
    story.release("wide")
    story.start("wide")
    task = story.rows(Task)[0]
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _n: complete(database, people, task), range(8)))

    assert sorted(said) == ["done", *["done before"] * 7]


def test_eight_people_complete_the_tasks_of_many_cases(story, wide, database, people):
    story.release("wide")
    for number in range(6):
        story.start("wide", key=f"NC-2026-{number}")
    tasks = story.rows(Task)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda task: complete(database, people, task), tasks))

    assert said == ["done"] * 48
    assert {i.status for i in story.rows(Instance)} == {"completed"}


def test_four_schedulers_fire_each_timer_once(story, house, database):
    clock = node("intermediateCatchEvent", "tomorrow", "look", inner=timer('"P1D"'))
    house.draw(
        "later",
        process("later", start("opened", "tomorrow"), clock, user("look", "done"), end()),
        look=(),
    )
    story.release("later")
    for number in range(20):
        story.start("later", key=f"NC-2026-{number}")
    due = NOW.replace(day=4)
    with ThreadPoolExecutor(4) as pool:
        fired = list(pool.map(lambda _n: fire_due(database, due), range(4)))
    fired.append(fire_due(database, due))

    assert sum(fired) == 20
    assert story.open() == ["look"] * 20
