"""Every rule of the linter has one diagram that breaks it, and nothing else in it is wrong."""

from pathlib import Path

import pytest
from marshmallow import fields

from engine.bpmn.lint import check_paths, main, rules
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

LOOP = (
    "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>{}</bpmn:loopCardinality>"
    "</bpmn:multiInstanceLoopCharacteristics>"
)
REPEAT = "<bpmn:standardLoopCharacteristics/>"


def good():
    """A diagram that uses everything there is and breaks no rule."""
    return process(
        "good",
        start("opened", "count_units"),
        service("count_units", "board", parameter__lot="lot"),
        node("businessRuleTask", "board", "again"),
        xor("again", ("propose", None), max_rounds="3"),
        user("propose", "ask", signature="*:author"),
        boundary("overdue", "propose", "escalate", after='"PT8H"'),
        node("sendTask", "escalate", "escalated"),
        end("escalated"),
        any_of("ask", ("approve_quality", "True"), ("approve_design", "ask_design")),
        user(
            "approve_quality",
            "answered",
            signature="decision=approve:approve",
            separate_from="good.propose",
            lane="mrb_quality",
        ),
        user("approve_design", "answered", lane="mrb_engineering"),
        any_of("answered", ("agreed", None)),
        xor("agreed", ("again", "get('decision', 'reject') == 'reject'"), ("split", None)),
        both("split", "inner_work", "reply"),
        call("inner_work", "inner", "join"),
        catch("reply", "consignee_reply", "join"),
        both("join", "look"),
        user("look", "done", inner=LOOP.format(2)),
        end(),
        inputs=("lot", "severity"),
        outputs=("in_house_count",),
        messages=("consignee_reply",),
    )


INNER = process(
    "inner",
    start("in_opened", "in_done"),
    end("in_done"),
    inputs=("severity",),
    outputs=("severity_",),
).replace("severity_", "severity2")
BOARD = decision(
    "board",
    [("severity", '"minor","major"')],
    ["ask_design"],
    {"major": ['"major"', "True"], "minor": ['"minor"', "False"]},
)


def draw_good(house, xml=None, *, board=BOARD, inner=None):
    house.can(
        "count_units",
        lambda step, lot: {},
        in_house_count=fields.Integer(),
        parameters={"lot": fields.String(required=True)},
    )
    house.draw(
        "inner",
        inner
        or process("inner", start("in_opened", "in_done"), end("in_done"), inputs=("severity",)),
    )
    return house.draw(
        "good",
        xml or good(),
        dmn={"board": board},
        propose=("why",),
        approve_quality=("decision",),
        approve_design=("design",),
        look=("seen",),
    )


def swapped(old, new):
    xml = good()
    assert old in xml, old
    return xml.replace(old, new)


DONE = '<bpmn:endEvent id="done" name="Done">'
BAD = {
    "one_pool": lambda: swapped('processRef="good"', 'processRef="other"'),
    "one_lane_set": lambda: swapped("<bpmn:laneSet", '<bpmn:laneSet id="more"/><bpmn:laneSet'),
    "every_element_sits_in_a_lane": lambda: swapped(
        "<bpmn:flowNodeRef>done</bpmn:flowNodeRef>", ""
    ),
    "every_element_is_drawn": lambda: swapped('bpmnElement="propose"', 'bpmnElement="nothing"'),
    "no_generated_ids": lambda: good().replace("propose", "Activity_0x1f"),
    "ids_are_snake_case": lambda: good().replace("escalated", "Escalated-now"),
    "ids_are_not_reserved": lambda: (
        good().replace('"escalated"', '"words"').replace(">escalated<", ">words<")
    ),
    "variables_are_not_reserved": lambda: swapped(
        '<bpmn:dataInput id="severity"',
        '<bpmn:dataInput id="typename"/><bpmn:dataInput id="severity"',
    ),
    "process_is_named_like_its_file": lambda: (
        good()
        .replace('<bpmn:process id="good"', '<bpmn:process id="other"')
        .replace('processRef="good"', 'processRef="other"')
    ),
    "process_is_documented": lambda: swapped(
        "<bpmn:documentation>What good is for.</bpmn:documentation>", ""
    ),
    "process_has_a_version_tag": lambda: swapped("version_tag", "version"),
    "process_is_executable": lambda: swapped('isExecutable="true"', 'isExecutable="false"'),
    "elements_are_named": lambda: swapped('name="Propose"', 'name=" "'),
    "known_elements_only": lambda: swapped("bpmn:sendTask", "bpmn:manualTask"),
    "no_event_subprocess": lambda: swapped(
        "</bpmn:laneSet>",
        '</bpmn:laneSet><bpmn:subProcess id="on_call" name="On" triggeredByEvent="true"/>',
    ),
    "no_compensation": lambda: swapped(
        '<bpmn:userTask id="look"', '<bpmn:userTask isForCompensation="true" id="look"'
    ),
    "no_link_event": lambda: swapped(DONE, DONE + '<bpmn:linkEventDefinition name="x"/>'),
    "no_signal": lambda: swapped(DONE, DONE + "<bpmn:signalEventDefinition/>"),
    "no_script": lambda: swapped("bpmn:sendTask", "bpmn:scriptTask"),
    "no_repetition_of_one_task": lambda: swapped(LOOP.format(2), REPEAT),
    "instances_are_bounded": lambda: swapped(LOOP.format(2), LOOP.format("severity")),
    "messages_are_named": lambda: swapped(' messageRef="message_consignee_reply"', ""),
    "events_are_of_a_known_kind": lambda: swapped(
        '<bpmn:startEvent id="opened" name="Opened">',
        '<bpmn:startEvent id="opened" name="Opened"><bpmn:messageEventDefinition'
        ' messageRef="message_consignee_reply"/>',
    ),
    "call_activity_names_a_process": lambda: swapped('Element="inner"', 'Element="nobody"'),
    "one_start_event": lambda: swapped("bpmn:startEvent", "bpmn:intermediateThrowEvent"),
    "arrows_join_elements": lambda: swapped('targetRef="escalated"', 'targetRef="nowhere"'),
    "exclusive_gateway_has_a_default": lambda: swapped(' default="agreed_to_split"', ""),
    "inclusive_gateway_always_opens_a_branch": lambda: swapped(">True<", ">severity == 'x'<"),
    "every_choice_has_a_condition": lambda: swapped(
        'default="agreed_to_split"', 'default="agreed_to_again"'
    ),
    "conditions_leave_choices_only": lambda: swapped(
        'sourceRef="opened" targetRef="count_units" />',
        'sourceRef="opened" targetRef="count_units">'
        "<bpmn:conditionExpression>True</bpmn:conditionExpression></bpmn:sequenceFlow>",
    ),
    "tasks_neither_split_nor_merge": lambda: swapped(
        'sourceRef="answered" targetRef="agreed"', 'sourceRef="answered" targetRef="board"'
    ),
    "every_element_is_reachable": lambda: swapped(
        'sourceRef="escalate" targetRef="escalated"', 'sourceRef="escalate" targetRef="done"'
    ),
    "every_element_leads_to_an_end": lambda: swapped(
        'sourceRef="escalate" targetRef="escalated"', 'sourceRef="escalate" targetRef="escalate"'
    ),
    "loops_are_bounded": lambda: swapped("max_rounds", "rounds"),
    "timers_can_be_read": lambda: swapped('"PT8H"', "PT8H"),
    "timers_do_not_repeat": lambda: (
        good().replace("timeDuration", "timeCycle").replace("PT8H", "R/PT8H")
    ),
    "user_task_has_a_role": lambda: good().replace('"mrb_quality"', '"MRB Quality"'),
    "user_task_has_an_sla": lambda: swapped('value="PT4H"', 'value="soon, please"'),
    "signature_meanings_are_known": lambda: swapped("*:author", "*:bless"),
    "separate_from_names_a_user_task": lambda: swapped("good.propose", "good.prepose"),
    "expressions_are_safe": lambda: swapped(">ask_design<", ">ask_design.__class__<"),
    "names_are_written_before": lambda: swapped(">ask_design<", ">ask_desing<"),
    "outputs_are_written": lambda: (
        good().replace('"in_house_count"', '"recount"').replace(">in_house_count<", ">recount<")
    ),
    "service_task_names_an_action": lambda: good().replace("count_units", "count_unicorns"),
    "service_task_parameters_fit": lambda: swapped("parameter.lot", "parameter.lots"),
}
BAD_TABLES = {
    "business_rule_task_has_a_table": BOARD.replace('decision id="board"', 'decision id="bored"'),
    "hit_policy_is_unique_or_first": BOARD.replace("UNIQUE", "ANY"),
    "decision_inputs_are_declared": BOARD.replace('"minor","major"', ""),
    "decision_is_complete": BOARD.replace('<text>"minor"</text>', '<text>"major"</text>'),
}
# a rule may be broken in more than one way: each has its sentence
WAYS = [
    ("one_pool", "holds 2 processes", lambda: swapped(
        "<bpmndi:BPMNDiagram", '<bpmn:process id="more"/><bpmndi:BPMNDiagram')),
    ("one_lane_set", "A lane holds no further lanes", lambda: swapped(
        "<bpmn:flowNodeRef>opened</bpmn:flowNodeRef>",
        '<bpmn:flowNodeRef>opened</bpmn:flowNodeRef><bpmn:childLaneSet id="more_lanes"/>')),
    ("conditions_leave_choices_only", "default arrow out of a task", lambda: swapped(
        '<bpmn:userTask id="look"', '<bpmn:userTask default="look_to_done" id="look"')),
    ("loops_are_bounded", "a number from 1 to 50", lambda: swapped(
        'name="max_rounds" value="3"', 'name="max_rounds" value="99"')),
    ("timers_can_be_read", "Say when it fires", lambda: swapped(
        '<bpmn:timeDuration>"PT8H"</bpmn:timeDuration>', "")),
    ("signature_meanings_are_known", "no answer 'decision=bless' to sign", lambda: swapped(
        "decision=approve:approve", "decision=bless:approve")),
    ("separate_from_names_a_user_task", "There is no process bad", lambda: swapped(
        "good.propose", "bad.propose")),
    ("names_are_written_before", "Nothing ever writes decison", lambda: swapped(
        "get('decision', 'reject')", "get('decison', 'reject')")),
    ("service_task_parameters_fit", "It needs the property parameter.lot", lambda: swapped(
        "parameter.lot", "parameters.lot")),
    ("service_task_parameters_fit", "takes no parameter colour", lambda: swapped(
        'name="parameter.lot" value="lot" />',
        'name="parameter.lot" value="lot" />'
        '<spiffworkflow:property name="parameter.colour" value="lot" />')),
    ("service_task_parameters_fit", "parameter.lot does not fit", lambda: swapped(
        'name="parameter.lot" value="lot"', 'name="parameter.lot" value="7"')),
]  # fmt: skip
MINOR_MAJOR = '"minor","major"'
TABLE_WAYS = [
    ("variables_are_not_reserved", "It writes typename", decision(
        "board", [("severity", MINOR_MAJOR)], ["typename"], {"any": ["-", "True"]})),
    ("decision_inputs_are_declared", "not the name of a variable", decision(
        "board", [("severity + lot", MINOR_MAJOR)], ["ask_design"], {"any": ["-", "True"]})),
    ("decision_is_complete", "more than 10000 combinations", decision(
        "board", [(name, ",".join(f'"{n}"' for n in range(101))) for name in ("lot", "severity")],
        ["ask_design"], {"any": ["-", "-", "True"]})),
    ("decision_is_complete", "A cell cannot be worked out", BOARD.replace(
        '<text>"minor"</text>', "<text>lot.upper()</text>")),
    ("decision_is_complete", "No rule answers to severity=minor", decision(
        "board", [("severity", MINOR_MAJOR)], ["ask_design"], {"major": ['"major"', "True"]})),
    ("decision_is_complete", "The rules any, major all answer to severity=major", decision(
        "board", [("severity", MINOR_MAJOR)], ["ask_design"],
        {"any": ["-", "False"], "major": ['"major"', "True"]})),
]  # fmt: skip
ELSEWHERE = {
    "user_task_has_a_form",
    "call_activity_has_an_io_specification",
    "parallel_branches_write_apart",
}


def test_the_good_diagram_breaks_no_rule(house):
    draw_good(house)
    assert house.check("good") == []


@pytest.mark.parametrize("rule", BAD)
def test_a_bad_diagram_breaks_its_rule(house, rule):
    draw_good(house, BAD[rule]())
    assert rule in {finding.rule for finding in house.check("good")}


@pytest.mark.parametrize("rule", BAD_TABLES)
def test_a_bad_table_breaks_its_rule(house, rule):
    draw_good(house, board=BAD_TABLES[rule])
    assert rule in {finding.rule for finding in house.check("good")}


def says(house, rule, sentence):
    return any(f.rule == rule and sentence in str(f) for f in house.check("good"))


@pytest.mark.parametrize(("rule", "sentence", "xml"), WAYS)
def test_each_way_to_break_a_rule_has_its_sentence(house, rule, sentence, xml):
    draw_good(house, xml())
    assert says(house, rule, sentence), house.check("good")


@pytest.mark.parametrize(("rule", "sentence", "board"), TABLE_WAYS)
def test_each_way_to_break_a_table_has_its_sentence(house, rule, sentence, board):
    draw_good(house, board=board)
    assert says(house, rule, sentence), house.check("good")


def test_a_decision_without_its_table_is_told_where_to_write_it(house):
    draw_good(house).with_name("board.dmn").unlink()
    sentence = "Write its decision table, workflows/good/board.dmn"
    assert says(house, "business_rule_task_has_a_table", sentence)


def test_what_a_called_process_needs_must_be_written_before(house):
    draw_good(house, inner=process("inner", start("a", "b"), end("b"), inputs=("colour",)))
    sentence = "inner_work: names_are_written_before: colour is not written on every way"
    assert says(house, "names_are_written_before", sentence)


def test_a_task_without_a_form_breaks_its_rule(house):
    draw_good(house)
    (house.root / "forms/good/look.toml").unlink()
    assert {f.rule for f in house.check("good")} == {"user_task_has_a_form"}


def test_a_call_without_io_specification_breaks_its_rule(house):
    inner = process("inner", start("in_opened", "in_done"), end("in_done"))
    draw_good(house, inner=inner)
    assert {f.rule for f in house.check("good")} == {"call_activity_has_an_io_specification"}


def test_two_branches_writing_one_variable_break_their_rule(house):
    draw_good(house)
    (house.root / "forms/good/approve_design.toml").write_text(
        (house.root / "forms/good/approve_quality.toml").read_text("utf-8"), "utf-8"
    )
    assert {f.rule for f in house.check("good")} == {"parallel_branches_write_apart"}


def test_every_rule_has_a_diagram_that_breaks_it():
    assert {rule.__name__ for rule in rules()} == {*BAD, *BAD_TABLES, *ELSEWHERE}


def test_every_rule_says_in_a_sentence_what_it_refuses():
    assert [r.__name__ for r in rules() if not (r.__doc__ or "").startswith("Refuse ")] == []


def test_one_finding_is_one_line(house, capsys):
    path = draw_good(house, BAD["timers_can_be_read"]())
    assert main([str(path)], actions=house.action) == 1
    (line, *more) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{path}:overdue: timers_can_be_read: Write the time as a quoted text")
    draw_good(house)
    assert main([str(house.root)], actions=house.action) == 0 or more


def test_no_file_is_a_finding_too(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1


FOREIGN = [
    b"",
    b"<a/>",
    b"<!DOCTYPE a><a/>",
    b"\xff\xfe\x00",
    b"<definitions xmlns='x'><process/></definitions>",
]


@pytest.mark.parametrize("data", FOREIGN)
def test_a_file_that_is_no_diagram_is_a_finding(tmp_path, data):
    path = tmp_path / "any.bpmn"
    path.write_bytes(data)
    assert [f.rule for f in check_paths([path])] == ["file_can_be_read"]


def test_another_tools_file_is_read_and_judged(tmp_path):
    path = Path(__file__).parent / "diagrams/foreign.bpmn"
    rules_broken = {f.rule for f in check_paths([path])}
    assert {"no_generated_ids", "no_script", "process_has_a_version_tag"} <= rules_broken


@pytest.mark.parametrize("attribute", ["id", "sourceRef", "targetRef", "name", "attachedToRef"])
def test_a_missing_attribute_is_never_a_crash(house, attribute):
    import re

    draw_good(house, re.sub(rf' {attribute}="[^"]*"', "", good()))
    assert house.check("good")
