"""Diagrams run as they are drawn."""

from datetime import timedelta

import pytest
from marshmallow import fields
from sqlalchemy import select

from engine import clock
from engine.bpmn import runtime
from engine.bpmn.errors import (
    CaseIsOver,
    DoneByTheSamePerson,
    NobodyWaits,
    NoSuchTask,
    NotAVariable,
    NothingReleased,
    TaskAlreadyDone,
    TaskWithdrawn,
    TooManyRounds,
)
from engine.bpmn.models import Decision, Instance, Subscription, Task, Timer, Token
from engine.bpmn.timers import due_timers, fire_due
from tests.engine.bpmn.conftest import HOUR, NOW
from tests.engine.bpmn.drawing import (
    any_of,
    both,
    boundary,
    call,
    catch,
    decision,
    end,
    node,
    process,
    service,
    start,
    user,
    xor,
)


@pytest.fixture
def review(house):
    """Check something, by another person approve it, round again when refused."""
    house.draw(
        "review",
        process(
            "review",
            start("opened", "again"),
            xor("again", ("check", None), max_rounds="3"),
            user("check", "approve", sla="PT4H", procedure="QP-13 rev 4"),
            user(
                "approve",
                "approved",
                lane="qa_manager",
                signature="decision=approve:approve",
                separate_from="review.check",
                document="review_record",
            ),
            xor("approved", ("again", "decision == 'reject'"), ("done", None)),
            end(),
        ),
        check=("finding",),
        approve=("decision",),
    )
    assert house.check("review") == []


def test_a_case_waits_where_the_diagram_says(story, review, people):
    story.release("review")
    case = story.start("review")

    (task,) = story.rows(Task)
    assert (task.element_id, task.role, task.process) == ("check", "qa_engineer", "review")
    assert (task.name, task.procedure, task.sla) == ("Check", "QP-13 rev 4", "PT4H")
    assert task.due_at == NOW + 4 * HOUR
    assert [token.element_id for token in story.rows(Token)] == ["check"]

    story.do("check", finding="scratch", at=NOW + HOUR)
    (approve,) = story.rows(Task, element_id="approve")
    assert (approve.role, approve.signature) == ("qa_manager", "decision=approve:approve")
    assert (approve.document, approve.opened_at) == ("review_record", NOW + HOUR)

    story.do("approve", decision="approve", by=people.qa_manager, at=NOW + 2 * HOUR)
    ended = story.instance(case)
    assert (ended.status, ended.ended_at, ended.version) == ("completed", NOW + 2 * HOUR, 3)
    assert story.rows(Token) == []


def test_a_completed_task_says_who_did_it_and_when(story, review, people):
    story.release("review")
    story.start("review")
    task = story.do("check", finding="none", at=NOW + HOUR)

    assert (task.done_at, task.done_by_id) == (NOW + HOUR, people.qa_engineer.id)


def test_a_task_is_completed_once(story, review, database, people):
    story.release("review")
    story.start("review")
    task = story.do("check", finding="none")

    with pytest.raises(TaskAlreadyDone), database.begin() as db:
        runtime.complete_task(db, task.id, variables={}, by=people.qa_engineer, at=NOW)


def test_a_task_that_never_was_cannot_be_completed(database, people):
    from uuid import uuid4

    with pytest.raises(NoSuchTask), database.begin() as db:
        runtime.complete_task(db, uuid4(), variables={}, by=people.qa_engineer, at=NOW)


def test_nobody_approves_what_they_checked_themselves(story, review, people):
    story.release("review")
    story.start("review")
    story.do("check", finding="none", by=people.qa_manager)

    with pytest.raises(DoneByTheSamePerson):
        story.do("approve", decision="approve", by=people.qa_manager)
    assert story.open() == ["approve"]


def test_a_delegate_is_kept_apart_from_the_principal(story, review, people):
    from dataclasses import replace

    story.release("review")
    story.start("review")
    story.do("check", finding="none", by=people.qa_engineer)
    delegate = replace(
        people.second_qa_manager, on_behalf_of=(("qa_manager", people.qa_engineer.id),)
    )
    with pytest.raises(DoneByTheSamePerson):
        story.do("approve", decision="approve", by=delegate)


def test_a_principal_is_kept_apart_from_the_delegate(story, review, people):
    from dataclasses import replace

    story.release("review")
    story.start("review")
    delegate = replace(
        people.second_qa_engineer, on_behalf_of=(("qa_engineer", people.qa_manager.id),)
    )
    story.do("check", finding="none", by=delegate)
    with pytest.raises(DoneByTheSamePerson):
        story.do("approve", decision="approve", by=people.qa_manager)
    story.do("approve", decision="approve", by=people.second_qa_manager)


def test_a_case_started_anew_remembers_who_did_what(story, review, people):
    story.release("review")
    story.start("review", key="NC-2026-0001")
    story.do("check", finding="none", by=people.qa_manager)
    again = story.start("review", key="NC-2026-0001")
    story.do("check", finding="none", by=people.qa_engineer, instance=again)
    with pytest.raises(DoneByTheSamePerson):
        story.do("approve", decision="approve", by=people.qa_manager, instance=again)
    other = story.start("review", key="NC-2026-0002")
    story.do("check", finding="none", by=people.qa_engineer, instance=other)
    story.do("approve", decision="approve", by=people.qa_manager, instance=other)


def test_a_round_too_many_is_refused_in_words(story, review, people):
    story.release("review")
    case = story.start("review")
    for _round in range(2):
        story.do("check", finding="x")
        story.do("approve", decision="reject", by=people.qa_manager)
    story.do("check", finding="x")

    with pytest.raises(TooManyRounds, match="3 times"):
        story.do("approve", decision="reject", by=people.qa_manager)
    assert story.status(case) == "running"
    story.do("approve", decision="approve", by=people.qa_manager)
    assert story.status(case) == "completed"


def test_a_case_starts_only_on_a_released_version(story, review, house):
    with pytest.raises(NothingReleased, match="review"):
        story.start("review")


def test_a_case_finishes_on_the_version_it_started_with(story, review, house, people):
    story.release("review")
    case = story.start("review")
    house.draw(
        "review",
        process("review", start("opened", "glance"), user("glance", "done"), end(), version="2"),
        glance=(),
    )
    story.release("review")
    other = story.start("review")

    assert story.open(case) == ["check"]
    assert story.open(other) == ["glance"]
    story.do("check", finding="x", instance=case)
    assert story.open(case) == ["approve"]


@pytest.fixture
def counting(house):
    """Count, decide by table, ask the boards in parallel, join."""
    house.can(
        "count_units",
        lambda step, lot: {"in_house_count": len(lot)},
        parameters={"lot": fields.String(required=True)},
        in_house_count=fields.Integer(),
    )
    house.draw(
        "counting",
        process(
            "counting",
            start("opened", "count_units"),
            service("count_units", "board", parameter__lot="lot"),
            node("businessRuleTask", "board", "ask"),
            any_of("ask", ("approve_quality", "True"), ("approve_design", "ask_design")),
            user("approve_quality", "answered", lane="mrb_quality"),
            user("approve_design", "answered", lane="mrb_engineering"),
            any_of("answered", ("done", None)),
            end(),
            inputs=("lot", "severity"),
        ),
        dmn={
            "board": decision(
                "board",
                [("severity", '"minor","major"')],
                ["ask_design"],
                {"major": ['"major"', "True"], "minor": ['"minor"', "False"]},
            )
        },
        approve_quality=("quality",),
        approve_design=("design",),
    )
    assert house.check("counting") == []


@pytest.mark.parametrize(
    ("severity", "asked"),
    [("major", ["approve_design", "approve_quality"]), ("minor", ["approve_quality"])],
)
def test_the_decision_table_chooses_who_is_asked(story, counting, severity, asked):
    story.release("counting")
    case = story.start("counting", lot="RESIN-7", severity=severity)

    assert story.open() == asked
    (answer,) = story.rows(Decision)
    assert (answer.rule_id, answer.inputs) == (severity, {"severity": severity})
    assert answer.outputs == {"ask_design": severity == "major"}
    for element in asked:
        story.do(element, **{element.removeprefix("approve_"): "yes"})
    assert story.status(case) == "completed"


def test_a_case_does_not_start_without_what_it_needs(story, counting):
    story.release("counting")
    with pytest.raises(NotAVariable, match="severity"):
        story.start("counting", lot="RESIN-7")


@pytest.fixture
def segregating(house):
    """Segregate; a non-interrupting clock says when it is overdue, an interrupting one ends it."""
    house.draw(
        "segregating",
        process(
            "segregating",
            start("opened", "segregate"),
            user("segregate", "done"),
            boundary("overdue", "segregate", "escalate", after='"PT8H"'),
            node("sendTask", "escalate", "escalated"),
            end("escalated"),
            boundary("given_up", "segregate", "search", after='"P2D"', interrupting=True),
            user("search", "found"),
            end("found"),
            end(),
        ),
        segregate=(),
        search=(),
    )
    assert house.check("segregating") == []


def test_a_boundary_timer_fires_once_and_leaves_the_task_open(story, segregating, info, database):
    said = []
    database.info["send"] = lambda step, element: said.append((step.instance.business_key, element))
    story.release("segregating")
    story.start("segregating")
    due = {t.element_id: t.due_at for t in story.rows(Timer)}
    assert due == {"overdue": NOW + 8 * HOUR, "given_up": NOW + 48 * HOUR}

    assert fire_due(database, NOW + 7 * HOUR) == 0
    assert fire_due(database, NOW + 8 * HOUR) == 1  # at the due time is due
    assert fire_due(database, NOW + 9 * HOUR) == 0
    assert said == [("NC-2026-0001", "escalate")]
    assert story.open() == ["segregate"]


def test_a_clock_of_its_own_fires_no_timer_of_another_case(story, segregating, info, database):
    database.info["send"] = lambda step, element: None
    story.release("segregating")
    real = story.start("segregating")
    with clock.at(NOW, own="drill"):
        drilled = story.start("segregating", key="DR-2026-0001")

    with clock.at(NOW + 9 * HOUR, own="drill"):
        assert fire_due(database, NOW + 9 * HOUR) == 1
    assert {
        t.instance_id: t.element_id for t in story.rows(Timer) if t.element_id == "overdue"
    } == {real: "overdue"}
    with clock.at(NOW + 49 * HOUR, own="another drill"):
        assert fire_due(database, NOW + 49 * HOUR) == 0
    assert fire_due(database, NOW + 49 * HOUR) == 1
    assert {t.instance_id for t in story.rows(Timer)} == {drilled}


def test_an_interrupting_timer_withdraws_the_task(story, segregating, database, people):
    story.release("segregating")
    case = story.start("segregating")
    (task,) = story.rows(Task)

    assert fire_due(database, NOW + 49 * HOUR) == 1  # one step fires all that is due
    assert story.open() == ["search"]
    with pytest.raises(TaskWithdrawn), database.begin() as db:
        runtime.complete_task(db, task.id, variables={}, by=people.qa_engineer, at=NOW)
    story.do("search")
    assert story.status(case) == "completed"
    assert story.rows(Timer) == []


def test_completing_the_task_stops_its_timers(story, segregating, database):
    story.release("segregating")
    case = story.start("segregating")
    story.do("segregate", at=NOW + HOUR)

    assert story.status(case) == "completed"
    with database.read() as db:
        assert due_timers(db, NOW + timedelta(days=99)) == []


@pytest.fixture
def waiting(house):
    """Wait for a reply under its own key."""
    house.draw(
        "waiting",
        process(
            "waiting",
            start("opened", "reply"),
            catch("reply", "consignee_reply", "read_reply", key="consignee", writes="answer"),
            user("read_reply", "done"),
            end(),
            inputs=("consignee",),
            messages=("consignee_reply",),
        ),
        read_reply=(),
    )
    assert house.check("waiting") == []


def test_a_message_reaches_the_one_case_that_waits_for_it(story, waiting, database):
    story.release("waiting")
    first = story.start("waiting", key="RC-1", consignee="C-1")
    second = story.start("waiting", key="RC-2", consignee="C-2")
    with database.begin() as db:
        runtime.deliver_message(db, "consignee_reply", "C-2", variables={"answer": "yes"}, at=NOW)

    assert story.open(first) == []
    assert story.open(second) == ["read_reply"]
    with pytest.raises(NobodyWaits, match="C-2"), database.begin() as db:
        runtime.deliver_message(db, "consignee_reply", "C-2", variables={}, at=NOW)


def test_a_called_process_shares_only_what_it_declares(story, house):
    seen = {}
    house.can(
        "look", lambda step: seen.update(step.variables) or {"round": 1}, round=fields.Integer()
    )
    house.draw(
        "inner",
        process(
            "inner",
            start("in_opened", "look"),
            service("look", "ask"),
            user("ask", "in_done"),
            end("in_done"),
            inputs=("severity",),
            outputs=("round",),
        ),
        ask=("secret",),
    )
    house.draw(
        "outer",
        process(
            "outer",
            start("opened", "inner_work"),
            call("inner_work", "inner", "after"),
            user("after", "done"),
            end(),
            inputs=("severity", "other"),
        ),
        after=(),
    )
    assert house.check("outer") == house.check("inner") == []
    story.release("outer")
    case = story.start("outer", severity="major", other="x")

    assert seen == {"severity": "major"}
    (task,) = story.rows(Task)
    assert (task.process, task.element_id, task.instance_id) == ("inner", "ask", case)
    assert sorted(t.element_id for t in story.rows(Token)) == ["ask", "inner_work"]
    story.do("ask", secret="s")
    assert story.open() == ["after"]
    story.do("after")
    assert story.status(case) == "completed"


def test_parallel_branches_meet_again(story, house):
    house.draw(
        "parallel",
        process(
            "parallel",
            start("opened", "split"),
            both("split", "one", "two"),
            user("one", "join"),
            user("two", "join"),
            both("join", "done"),
            end(),
        ),
        one=("left",),
        two=("right",),
    )
    assert house.check("parallel") == []
    story.release("parallel")
    case = story.start("parallel")
    story.do("one", left="1")
    assert story.open() == ["two"]
    story.do("two", right="2")
    assert story.status(case) == "completed"


def test_a_cancelled_case_is_over_with_all_its_work(story, segregating, database, people):
    story.release("segregating")
    case = story.start("segregating")
    with database.begin() as db:
        runtime.cancel(db, case, reason="Opened twice", by=people.qa_manager, at=NOW + HOUR)

    ended = story.instance(case)
    assert (ended.status, ended.ended_reason) == ("cancelled", "Opened twice")
    assert story.open() == []
    assert story.rows(Timer) == story.rows(Token) == story.rows(Subscription) == []
    with pytest.raises(CaseIsOver), database.begin() as db:
        runtime.cancel(db, case, reason="Again", by=people.qa_manager, at=NOW + HOUR)


def test_opened_and_closed_tasks_are_told(story, review, database):
    told = []
    database.info["on_task"] = lambda db, task, change: told.append((task.element_id, change))
    story.release("review")
    story.start("review")
    story.do("check", finding="x")

    assert told == [("check", "opened"), ("check", "closed"), ("approve", "opened")]


def test_the_saved_state_is_small_and_fingerprinted(story, review, database):
    story.release("review")
    story.start("review")
    with database.read() as db:
        instance = db.scalars(select(Instance)).one()
        assert len(instance.state) < 4_000
        assert len(instance.state_sha256) == 64
        assert instance.engine_version == "SpiffWorkflow 3.2.0"
