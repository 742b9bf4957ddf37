"""Children run on their own lock, report to their parent, and are counted in exactly once."""

import pytest
from marshmallow import fields

from engine.bpmn import runtime
from engine.bpmn.models import ChildGroup, ChildReport, Instance
from tests.engine.bpmn.conftest import HOUR, NOW
from tests.engine.bpmn.drawing import catch, end, process, service, start, user


@pytest.fixture
def lines(house):
    """A disposition opens one child per line and waits for all."""

    def open_lines(step, lines):
        items = [(f"line-{n}", {"line_id": n}) for n in range(lines)]
        step.open_children("line", "lines_done", items)
        return {"line_count": len(items)}

    house.can(
        "open_lines",
        open_lines,
        parameters={"lines": fields.Integer(required=True)},
        line_count=fields.Integer(),
    )
    house.draw(
        "line",
        process(
            "line",
            start("line_opened", "work"),
            user("work", "line_done"),
            end("line_done"),
            inputs=("line_id",),
        ),
        work=(),
    )
    house.draw(
        "lot",
        process(
            "lot",
            start("opened", "open_lines"),
            service("open_lines", "all_done", parameter__lines="lines", children="line"),
            catch("all_done", "lines_done", "settle"),
            user("settle", "done"),
            end(),
            inputs=("lines",),
            messages=("lines_done",),
        ),
        settle=(),
    )
    assert house.check("lot") == house.check("line") == []


def take_up(database, parent, at=NOW):
    with database.begin() as db:
        return runtime.take_up_reports(db, parent, at=at)


def waiting_parents(database):
    with database.read() as db:
        return runtime.parents_with_reports(db)


def test_a_parent_goes_on_when_its_last_child_has_ended(story, lines, database):
    story.release("lot")
    parent = story.start("lot", lines=3)
    children = story.rows(Instance, parent_id=parent)
    assert {c.business_key for c in children} == {f"NC-2026-0001/line-{n}" for n in range(3)}
    assert {c.root_id for c in children} == {parent}

    for child in children[:2]:
        story.do("work", instance=child.id, at=NOW + HOUR)
    assert waiting_parents(database) == [parent]
    assert take_up(database, parent) == 2
    assert story.open(parent) == []
    assert take_up(database, parent) == 0, "a report counts once"

    story.do("work", instance=children[2].id)
    assert take_up(database, parent) == 1
    assert story.open(parent) == ["settle"]
    (group,) = story.rows(ChildGroup)
    assert (group.total_count, group.open_count) == (3, 0)
    story.do("settle")
    assert story.status(parent) == "completed"


def test_children_run_on_the_version_of_their_parent(story, lines, house, database):
    (definition,) = story.release("lot")
    parent = story.start("lot", lines=1)
    (child,) = story.rows(Instance, parent_id=parent)

    assert (child.definition_id, child.process) == (definition.id, "line")


def test_a_child_never_touches_its_parent(story, lines, database):
    story.release("lot")
    parent = story.start("lot", lines=1)
    (child,) = story.rows(Instance, parent_id=parent)
    before = story.instance(parent).version
    story.do("work", instance=child.id)

    assert story.instance(parent).version == before
    (report,) = story.rows(ChildReport)
    assert (report.child_id, report.key, report.status) == (child.id, "line-0", "completed")


def test_no_children_means_going_on_at_once(story, lines):
    story.release("lot")
    parent = story.start("lot", lines=0)

    assert story.open(parent) == ["settle"]


def test_a_child_cancelled_alone_is_counted_too(story, lines, database, people):
    story.release("lot")
    parent = story.start("lot", lines=1)
    (child,) = story.rows(Instance, parent_id=parent)
    with database.begin() as db:
        runtime.cancel(db, child.id, reason="Line withdrawn", by=people.qa_manager, at=NOW)
    take_up(database, parent)

    assert story.rows(ChildReport)[0].status == "cancelled"
    assert story.open(parent) == ["settle"]


def test_cancelling_a_case_cancels_its_children(story, lines, database, people):
    story.release("lot")
    parent = story.start("lot", lines=3)
    with database.begin() as db:
        runtime.cancel(db, parent, reason="Opened twice", by=people.qa_manager, at=NOW)

    assert {i.status for i in story.rows(Instance)} == {"cancelled"}
    assert story.open() == []
    assert story.rows(ChildReport) == []
