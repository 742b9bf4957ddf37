"""The traps of the process engine, each with the test that holds it shut.

Every test here was seen red with its handling removed: repeat that when you change either.

== ============================================ ==================================================
#  trap                                         test
== ============================================ ==================================================
1  sorted state silently loses data             test_a_saved_state_is_never_sorted
2  depth 1000 silently "completes" a case       test_a_loop_too_deep_is_an_incident_and_no_end
2  the same, at the end                         test_an_end_without_an_end_event_is_not_believed
3  event subprocesses start at the wrong time   test_an_event_subprocess_is_refused
4  running an instance changes a shared spec    test_every_instance_has_a_spec_of_its_own
5  unsupported elements do nothing, silently    test_what_the_library_drops_silently_is_refused
6  every expression is `eval`                   test_escapes.py, and
                                                test_the_runner_never_evaluates_python
7  a later step changes completed data          test_an_action_cannot_change_what_was_answered
8  parallel branches lose list items            test_two_branches_may_not_write_one_variable
9  multi-instance grows with the square         test_more_than_fifty_instances_are_refused
10 migration restarts timers                    test_nothing_migrates_a_running_case
11 service errors are hidden                    test_an_actions_own_error_reaches_the_incident
11 business errors are sentences                test_a_refusal_by_an_action_reaches_the_person
12 decision tables match silently               test_a_decision_without_one_answer_is_an_incident
12 the same, before it runs                     test_a_table_with_a_gap_is_refused
13 timers: unquoted, naive, cycles              test_unsound_timers_are_refused
13 naive dates take the server's offset         test_a_time_without_offset_never_starts_a_timer
13 timers read the server's clock               test_timers_run_on_the_clock_of_the_command
14 dates, decimals, typename, len               test_only_json_under_plain_names_travels
15 unknown versions are accepted                test_a_state_of_another_engine_is_not_read
15 old states must stay readable                test_golden.py
16 a choice without match or variable raises    test_a_choice_needs_a_default_and_written_names
17 timers are refreshed once                    test_work_made_by_a_due_timer_is_done_in_its_step
17 no step limit                                test_a_step_has_a_budget
-- -------------------------------------------- --------------------------------------------------
18 gateways lose their properties               test_a_gateway_keeps_its_properties
19 two threads share the encoder's switch       test_two_threads_save_at_once
== ============================================ ==================================================
"""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from marshmallow import fields
from SpiffWorkflow.bpmn.serializer.helpers import DefaultRegistry
from sqlalchemy import update

from engine import clock
from engine.bpmn import closure, library, runtime, spiff, step
from engine.bpmn.errors import DiagramFault, NotAVariable, StepFailed, VariablesTooLarge
from engine.bpmn.incidents import record_incident
from engine.bpmn.models import Incident, Instance, Task, Timer
from engine.errors import Refused
from forms.expressions import ExpressionRefused
from tests.engine.bpmn.conftest import HOUR, NOW
from tests.engine.bpmn.drawing import (
    both,
    call,
    decision,
    end,
    node,
    process,
    service,
    start,
    timer,
    user,
    xor,
)


def rules_broken(house, process):
    return {finding.rule for finding in house.check(process)}


def install_unlinted(house, database, people, monkeypatch, *processes):
    """Put in force what the linter would refuse: the second lock must hold by itself."""
    monkeypatch.setattr(library, "check_closure", lambda *_a, **_k: [])
    return house.release(database, people, *processes)


# --- 1 ---------------------------------------------------------------------------------------


def test_a_saved_state_is_never_sorted(story, house, database, people):
    inner = process(
        "inner",
        start("z_start", "ask"),
        user("ask", "a_end"),
        end("a_end"),
        inputs=("alpha",),
        outputs=("beta",),
    )
    house.draw("inner", inner, ask=("beta",))
    house.draw(
        "outer",
        process(
            "outer",
            start("opened", "first"),
            user("first", "go"),
            call("go", "inner", "last"),
            user("last", "done"),
            end(),
            inputs=("alpha",),
        ),
        first=("omega", "gamma"),
        last=("delta",),
    )
    story.release("outer")
    case = story.start("outer", alpha="1")
    story.do("first", omega="2", gamma="3")
    story.do("ask", beta="4")

    state = story.instance(case).state
    assert isinstance(state, bytes)
    written = gzip.decompress(state).decode()
    keys = [*json.loads(written)["tasks"]]
    # parents before children: the order data is put together in again
    tasks = json.loads(written)["tasks"]
    assert all(
        t["parent"] is None or keys.index(t["parent"]) < keys.index(k) for k, t in tasks.items()
    )
    with database.begin() as db:
        db.execute(update(Instance).values(state=_sorted(state)))
    with pytest.raises(StepFailed) as failure:
        story.do("last", delta="5")
    assert "bytes are not those that were saved" in str(failure.value.cause)


def _sorted(state):
    text = json.dumps(json.loads(gzip.decompress(state)), sort_keys=True)
    return gzip.compress(text.encode())


# --- 2 ---------------------------------------------------------------------------------------


def endless(limit=None):
    more = {"max_rounds": limit} if limit else {}
    return process(
        "endless",
        start("opened", "again"),
        xor("again", ("look", None), **more),
        user("look", "found"),
        xor("found", ("again", "decision == 'reject'"), ("done", None)),
        end(),
    )


def test_a_loop_too_deep_is_an_incident_and_no_end(story, house, database, people, monkeypatch):
    house.draw("endless", endless(), look=("decision",))
    assert "loops_are_bounded" in rules_broken(house, "endless")
    install_unlinted(house, database, people, monkeypatch, "endless")
    monkeypatch.setattr(step, "MAX_DEPTH", 30)
    case = story.start("endless")

    for _round in range(20):
        try:
            story.do("look", decision="reject")
        except StepFailed as failure:
            stopped = failure
            record_incident(database, failure)
            break
    else:
        pytest.fail("it went on for ever")
    assert "30 elements deep" in str(stopped.cause)
    assert story.status(case) == "incident"


def test_the_guard_stands_below_the_librarys_own_limit():
    from SpiffWorkflow.util.task import TaskIterator

    limit = TaskIterator.__init__.__defaults__[1]
    assert step.MAX_DEPTH == 900
    assert limit - step.MAX_DEPTH >= 100


def test_an_end_without_an_end_event_is_not_believed(story, house, database, people, monkeypatch):
    house.draw("endless", endless("3"), look=("decision",))
    story.release("endless")
    case = story.start("endless")
    # what the library says at depth 1000
    monkeypatch.setattr(spiff.BpmnWorkflow, "is_completed", lambda _self: True)
    with pytest.raises(StepFailed) as failure:
        story.do("look", decision="reject")

    assert "did not reach its end" in str(failure.value.cause)
    assert story.status(case) == "running"


# --- 3, 5 ------------------------------------------------------------------------------------


def test_an_event_subprocess_is_refused(house):
    xml = endless("3").replace(
        "</bpmn:laneSet>",
        "</bpmn:laneSet>"
        '<bpmn:subProcess id="on_message" name="On message" triggeredByEvent="true"/>',
    )
    house.draw("endless", xml, look=("decision",))
    assert "no_event_subprocess" in rules_broken(house, "endless")


SILENT = {
    "signal end": (
        '<bpmn:endEvent id="done" name="Done">',
        '<bpmn:endEvent id="done" name="Done"><bpmn:signalEventDefinition/>',
        "no_signal",
    ),
    "link": (
        '<bpmn:endEvent id="done" name="Done">',
        '<bpmn:endEvent id="done" name="Done"><bpmn:linkEventDefinition name="x"/>',
        "no_link_event",
    ),
    "compensation": (
        '<bpmn:userTask id="look"',
        '<bpmn:userTask isForCompensation="true" id="look"',
        "no_compensation",
    ),
    "error throw": (
        '<bpmn:endEvent id="done" name="Done">',
        '<bpmn:endEvent id="done" name="Done"><bpmn:errorEventDefinition/>',
        "known_elements_only",
    ),
    "complex gateway": ("bpmn:exclusiveGateway", "bpmn:complexGateway", "known_elements_only"),
    "receive without message": ("bpmn:userTask", "bpmn:receiveTask", "messages_are_named"),
}


@pytest.mark.parametrize("element", SILENT)
def test_what_the_library_drops_silently_is_refused(house, element):
    old, new, rule = SILENT[element]
    xml = endless("3")
    assert old in xml
    house.draw("endless", xml.replace(old, new), look=("decision",))
    assert rule in rules_broken(house, "endless")


def test_a_condition_on_a_tasks_own_arrow_is_refused(house):
    xml = process(
        "direct", start("opened", "look"), user("look", [("done", "decision == 'x'")]), end()
    )
    house.draw("direct", xml, look=("decision",))
    assert "conditions_leave_choices_only" in rules_broken(house, "direct")


# --- 4 ---------------------------------------------------------------------------------------


def test_every_instance_has_a_spec_of_its_own(house):
    house.draw("endless", endless("3"), look=("decision",))
    files = closure.closure(house.root, "endless")
    spec_gz = spiff.parse(files, ["endless"])
    one = spiff.new_workflow(spec_gz, "endless", None)
    other = spiff.new_workflow(spec_gz, "endless", None)
    assert one.spec is not other.spec

    one.spec.task_specs["look"].name = "changed"
    other.spec.task_specs["again"].extensions["properties"]["max_rounds"] = "99"
    third = spiff.new_workflow(spec_gz, "endless", None)
    assert third.spec.task_specs["look"].name == "look"
    assert step.properties_of(third.spec.task_specs["again"]) == {"max_rounds": "3"}


# --- 6 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("condition", ["().__class__ == 1", "(lambda: True)()", "[x for x in '1']"])
def test_the_runner_never_evaluates_python(story, house, database, people, monkeypatch, condition):
    xml = process(
        "direct",
        start("opened", "choose"),
        xor("choose", ("look", condition), ("done", None)),
        user("look", "done"),
        end(),
    )
    house.draw("direct", xml, look=())
    assert "expressions_are_safe" in rules_broken(house, "direct")
    install_unlinted(house, database, people, monkeypatch, "direct")
    with pytest.raises(StepFailed) as failure:
        story.start("direct")

    assert isinstance(failure.value.cause, ExpressionRefused)


# --- 7, 8, 9 ---------------------------------------------------------------------------------


def test_an_action_cannot_change_what_was_answered(story, house, database):
    def tamper(step):
        step.variables["lines"][0]["quantity"] = "tampered"
        return {"count": 1}

    house.can("tamper", tamper, count=fields.Integer())
    xml = process(
        "direct",
        start("opened", "look"),
        user("look", "tamper"),
        service("tamper", "sign"),
        user("sign", "done"),
        end(),
    )
    house.draw("direct", xml, look=("lines",), sign=())
    story.release("direct")
    case = story.start("direct")
    story.do("look", lines=[{"quantity": 5}])

    assert "tampered" not in gzip.decompress(story.instance(case).state).decode()


def test_two_branches_may_not_write_one_variable(house):
    xml = process(
        "direct",
        start("opened", "split"),
        both("split", "one", "two"),
        user("one", "join"),
        user("two", "join"),
        both("join", "done"),
        end(),
    )
    house.draw("direct", xml, one=("found", "left"), two=("found", "right"))
    (finding,) = house.check("direct")
    assert (finding.rule, finding.element) == ("parallel_branches_write_apart", "split")


def many(cardinality):
    loop = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>"
        f"{cardinality}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )
    return process(
        "many", start("opened", "look"), user("look", "done", inner=loop), end(), inputs=("units",)
    )


def test_more_than_fifty_instances_are_refused(story, house, database, people, monkeypatch):
    house.draw("many", many("units"), look=())
    assert rules_broken(house, "many") == {"instances_are_bounded"}
    install_unlinted(house, database, people, monkeypatch, "many")
    with pytest.raises(StepFailed) as failure:
        story.start("many", units=51)
    assert "51 instances" in str(failure.value.cause)

    full = story.start("many", units=50, key="NC-2026-0050")
    with database.begin() as db:
        runtime.cancel(db, full, reason="Only to see", by=people.qa_manager, at=NOW)
    case = story.start("many", units=3)
    opened = [task for task in story.rows(Task) if task.is_open]
    assert sorted(task.loop_key for task in opened) == ["0", "1", "2"]
    for _instance in range(3):
        story.do("look")
    assert story.status(case) == "completed"


# --- 10 --------------------------------------------------------------------------------------


def test_nothing_migrates_a_running_case(story, house, people):
    """The library's `migrate_workflow` restarts timers and drops drafts: we never call it."""
    house.draw("endless", endless("3"), look=("decision",))
    story.release("endless")
    case = story.start("endless")
    before = story.instance(case).definition_id
    house.draw("endless", endless("4"), look=("decision",))
    (new,) = story.release("endless")
    story.do("look", decision="reject")

    assert story.instance(case).definition_id == before != new.id


# --- 11 --------------------------------------------------------------------------------------


@pytest.fixture
def acting(house):
    house.can("weigh", lambda step: step.db.info["weigh"](step), weight=fields.Integer())
    house.draw(
        "acting",
        process(
            "acting",
            start("opened", "look"),
            user("look", "weigh"),
            service("weigh", "done"),
            end(),
        ),
        look=(),
    )


def test_an_actions_own_error_reaches_the_incident(story, acting, database, people):
    def broken(step):
        return {"weight": 1 // 0}

    story.release("acting")
    database.info["weigh"] = broken
    case = story.start("acting")
    with pytest.raises(StepFailed) as failure:
        story.do("look")
    record_incident(database, failure.value)

    (incident,) = story.rows(Incident)
    assert (incident.element_id, incident.attempt) == ("weigh", "complete_task")
    assert incident.error.startswith("ZeroDivisionError")
    assert "in broken" in incident.trace
    assert story.status(case) == "incident"
    assert story.open() == ["look"], "the step was rolled back: the person still has the task"

    database.info["weigh"] = lambda step: {"weight": 5}
    story.do("look")
    assert story.status(case) == "completed"
    assert story.rows(Incident)[0].resolved_at is not None


def test_a_refusal_by_an_action_reaches_the_person(story, acting, database):
    class ScaleBroken(Refused):
        """The scale is out of order. Weigh again tomorrow."""

    def refuse(step):
        raise ScaleBroken

    story.release("acting")
    database.info["weigh"] = refuse
    case = story.start("acting")
    with pytest.raises(ScaleBroken):
        story.do("look")
    assert story.status(case) == "running"


def test_a_result_the_action_did_not_promise_is_a_fault(story, acting, database):
    story.release("acting")
    story.start("acting")
    for result in ({}, {"weight": "heavy"}, {"weight": 1, "more": 2}):
        database.info["weigh"] = lambda step, result=result: result
        with pytest.raises(StepFailed) as failure:
            story.do("look")
        assert isinstance(failure.value.cause, DiagramFault)


# --- 12 --------------------------------------------------------------------------------------


def deciding(house, rules, *, policy="UNIQUE"):
    house.draw(
        "deciding",
        process(
            "deciding",
            start("opened", "board"),
            node("businessRuleTask", "board", "look"),
            user("look", "done"),
            end(),
            inputs=("severity",),
        ),
        dmn={
            "board": decision(
                "board", [("severity", '"minor","major"')], ["ask"], rules, policy=policy
            )
        },
        look=(),
    )


GAPS = {
    "no answer": {"major": ['"major"', "1"]},
    "two answers": {"major": ['"major"', "1"], "any": ["", "2"]},
}


@pytest.mark.parametrize("case", GAPS)
def test_a_table_with_a_gap_is_refused(house, case):
    deciding(house, GAPS[case])
    assert rules_broken(house, "deciding") == {"decision_is_complete"}


@pytest.mark.parametrize("policy", ["ANY", "COLLECT", "PRIORITY", "RULE ORDER"])
def test_a_policy_the_library_ignores_is_refused(house, policy):
    deciding(house, {"any": ["", "1"]}, policy=policy)
    assert rules_broken(house, "deciding") == {"hit_policy_is_unique_or_first"}


@pytest.mark.parametrize(("case", "severity"), [("no answer", "minor"), ("two answers", "major")])
def test_a_decision_without_one_answer_is_an_incident(
    story, house, database, people, monkeypatch, case, severity
):
    deciding(house, GAPS[case])
    install_unlinted(house, database, people, monkeypatch, "deciding")
    with pytest.raises(StepFailed) as failure:
        story.start("deciding", severity=severity)
    assert "one must" in str(failure.value.cause)


# --- 13 --------------------------------------------------------------------------------------

UNSOUND = {
    "unquoted": ("P5D", "timeDuration"),
    "no duration": ('"5 days"', "timeDuration"),
    "naive date": ('"2026-03-02T08:00:00"', "timeDate"),
    "no date": ('"next week"', "timeDate"),
    "cycle": ('"R/P1D"', "timeCycle"),
}


@pytest.mark.parametrize("case", UNSOUND)
def test_unsound_timers_are_refused(house, case):
    text, tag = UNSOUND[case]
    later = node("intermediateCatchEvent", "later", "done", inner=timer(text, tag))
    house.draw("direct", process("direct", start("opened", "later"), later, end()))
    rule = "timers_do_not_repeat" if case == "cycle" else "timers_can_be_read"
    assert rule in rules_broken(house, "direct")


def waits_until(text, tag="timeDate"):
    later = node("intermediateCatchEvent", "later", "look", inner=timer(text, tag))
    return process(
        "direct", start("opened", "later"), later, user("look", "done"), end(), inputs=("due",)
    )


def test_a_time_without_offset_never_starts_a_timer(story, house):
    house.draw("direct", waits_until("due"), look=())
    story.release("direct")
    with pytest.raises(StepFailed) as failure:
        story.start("direct", due="2026-04-01T08:00:00")
    assert "without offset" in str(failure.value.cause)

    story.start("direct", due="2026-04-01T08:00:00+08:00")
    (waiting,) = story.rows(Timer)
    assert waiting.due_at == datetime.fromisoformat("2026-04-01T00:00:00+00:00")


def test_timers_run_on_the_clock_of_the_command(story, house, database):
    house.draw("direct", waits_until('"P1D"', "timeDuration"), look=())
    story.release("direct")
    drill = datetime.fromisoformat("2031-01-01T00:00:00+00:00")
    story.start("direct", at=NOW, due="")
    with clock.at(drill):
        story.start("direct", at=NOW + HOUR, key="NC-2026-0002", due="")

    assert sorted(t.due_at for t in story.rows(Timer)) == [
        NOW + timedelta(days=1),
        NOW + timedelta(days=1, hours=1),
    ]
    assert spiff.library_timer.datetime.now().tzinfo is not None


# --- 14 --------------------------------------------------------------------------------------

UNFIT = {
    "decimal": {"price": Decimal("1.5")},
    "date": {"on": date(2026, 3, 2)},
    "bytes": {"raw": b"x"},
    "set": {"lots": {"a"}},
    "tuple": {"lots": ("a",)},
    "not a number": {"x": float("nan")},
    "typename": {"typename": "Task"},
    "typename within": {"unit": {"typename": "Task"}},
    "typename far within": {"units": [{"a": {"typename": "UUID"}}]},
    "a number as key": {"unit": {1: "a"}},
    "a function's name": {"len": 1},
    "a keyword": {"class": 1},
    "underscored": {"_x": 1},
    "not a word": {"a b": 1},
    "the library's own": {"data_objects": {}},
}


@pytest.mark.parametrize("case", UNFIT)
def test_only_json_under_plain_names_travels(story, house, case):
    house.draw("endless", endless("3"), look=("decision",))
    story.release("endless")
    story.start("endless")
    with pytest.raises(NotAVariable):
        story.do("look", decision="reject", **UNFIT[case])
    assert story.open() == ["look"]


def test_a_case_carries_codes_and_no_data(story, house):
    house.draw("endless", endless("3"), look=("decision",))
    story.release("endless")
    story.start("endless")
    with pytest.raises(VariablesTooLarge, match="32000"):
        story.do("look", decision="x" * 33_000)
    story.do("look", decision="reject", one="x" * 20_000)
    with pytest.raises(VariablesTooLarge):
        story.do("look", decision="reject", other="x" * 20_000)


# --- 15 --------------------------------------------------------------------------------------


def test_a_state_of_another_engine_is_not_read(story, house, database):
    house.draw("endless", endless("3"), look=("decision",))
    story.release("endless")
    story.start("endless")
    with database.begin() as db:
        db.execute(update(Instance).values(engine_version="SpiffWorkflow 3.3.0"))
    with pytest.raises(StepFailed) as failure:
        story.do("look", decision="reject")
    assert "3.3.0" in str(failure.value.cause)


# --- 16 --------------------------------------------------------------------------------------


def test_a_choice_needs_a_default_and_written_names(house):
    xml = process(
        "direct",
        start("opened", "choose"),
        xor("choose", ("look", "never_written == 1"), ("done", None)),
        user("look", "done"),
        end(),
    )
    house.draw("direct", xml, look=())
    assert rules_broken(house, "direct") == {"names_are_written_before"}
    house.draw("direct", xml.replace(' default="choose_to_done"', ""), look=())
    assert "exclusive_gateway_has_a_default" in rules_broken(house, "direct")


# --- 17 --------------------------------------------------------------------------------------


def test_work_made_by_a_due_timer_is_done_in_its_step(story, house):
    house.can("note", lambda step: {"noted": True}, noted=fields.Boolean())
    tomorrow = node("intermediateCatchEvent", "tomorrow", "note", inner=timer('"P1D"'))
    inner = (start("in_opened", "tomorrow"), tomorrow, service("note", "look"))
    xml = process(
        "direct",
        start("opened", "split"),
        both("split", "one", "go"),
        user("one", "join"),
        call("go", "inner", "join"),
        both("join", "done"),
        end(),
        inputs=("lot",),
    )
    inner_xml = process("inner", *inner, user("look", "in_done"), end("in_done"), inputs=("lot",))
    house.draw("inner", inner_xml, look=())
    house.draw("direct", xml, one=())
    story.release("direct")
    story.start("direct", lot="RESIN-7")
    story.do("one", at=NOW + timedelta(days=2))  # nobody fired the timer yet

    assert story.open() == ["look"]
    assert story.rows(Timer) == []


def test_a_step_has_a_budget(story, house, database, people, monkeypatch):
    xml = process(
        "direct",
        start("opened", "again"),
        xor("again", ("turn", None)),
        xor("turn", ("again", "True"), ("done", None)),
        end(),
    )
    house.draw("direct", xml)
    install_unlinted(house, database, people, monkeypatch, "direct")
    with pytest.raises(StepFailed) as failure:
        story.start("direct")
    assert "500 elements" in str(failure.value.cause)


# --- what we found ourselves -----------------------------------------------------------------


def test_a_gateway_keeps_its_properties(house):
    house.draw("endless", endless("3"), look=("decision",))
    spec_gz = spiff.parse(closure.closure(house.root, "endless"), ["endless"])
    workflow = spiff.new_workflow(spec_gz, "endless", None)
    assert step.properties_of(workflow.spec.task_specs["again"]) == {"max_rounds": "3"}


def test_two_threads_save_at_once(house, monkeypatch):
    house.draw("endless", endless("3"), look=("decision",))
    spec_gz = spiff.parse(closure.closure(house.root, "endless"), ["endless"])
    flows = [spiff.new_workflow(spec_gz, "endless", None) for _ in range(8)]
    alone = [len(gzip.decompress(spiff.save(flow)[0])) for flow in flows]
    # threads meet by chance only: a save that touches the switch at all fails here
    switch = property(lambda _registry: False, lambda _registry, _on: pytest.fail("switched"))
    monkeypatch.setattr(DefaultRegistry, "_encoder_mode", switch, raising=False)
    with ThreadPoolExecutor(8) as pool:
        together = [len(gzip.decompress(s)) for s, _h in pool.map(spiff.save, flows)]
    assert together == alone
