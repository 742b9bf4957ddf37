"""Attempts to get out of an expression, refused in every place that holds one."""

import pytest

from engine.bpmn import decisions
from engine.bpmn.step import StepEngine, _Correlations
from forms.expressions import (
    ExpressionFailed,
    ExpressionRefused,
    check,
    evaluate,
    is_variable_name,
    reads,
)
from tests.engine.bpmn.conftest import fields
from tests.engine.bpmn.drawing import (
    catch,
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

ESCAPES = [
    "().__class__",
    "''.__class__.__mro__[1].__subclasses__()",
    "().__class__.__bases__[0].__subclasses__()",
    "__import__('os').system('id')",
    "__builtins__",
    "open('/etc/passwd')",
    "eval('1')",
    "exec('1')",
    "compile('1', '', 'eval')",
    "getattr(a, 'b')",
    "globals()",
    "vars()",
    "type(a)",
    "breakpoint()",
    "(lambda: 1)()",
    "[x for x in (1, 2)]",
    "{x for x in (1, 2)}",
    "{x: x for x in (1, 2)}",
    "(x for x in (1, 2))",
    "[y for y in [(z := 1)]]",
    "(z := 1)",
    "f'{a}'",
    "f'{a.__class__}'",
    "'{0.__class__}'.format(a)",
    "'%s'.__mod__(a)",
    "2 ** 99999999",
    "1 << 99999999",
    "~a",
    "a @ a",
    "len.__self__",
    "get.__globals__",
    "get('a').__class__",
    "get(name='a')",
    "get(a)",
    "len(*a)",
    "len(**a)",
    "max(a, key=len)",
    "words(a).append(1)",
    "(yield 1)",
    "await a",
    "a[1:2]",
    "{'a': 1}",
    "{1, 2}",
    "...",
    "b'bytes'",
    "1j",
    "_private",
    "__name__",
    "a if (lambda: 1)() else b",
    "not ().__class__",
    "a; b",
    "a = 1",
    "import os",
    "[*a]",
    "1e999",
    "(" * 300 + "1" + ")" * 300,
    "-" * 900 + "1",
    "+".join(["1"] * 400),
    "a" * 1_001,
    "\x00",
]
HEAVY = [
    "'a' * 99999999",
    "'a' * 9999 * 9999",
    "[1] * 99999999",
    "'%99999999d' % 1",
    "('a' * 9000) + ('b' * 9000)",
    "999999999999999999 * 999999999999999999",
    "len(9)",
    "a[0]",
]


@pytest.mark.parametrize("attempt", ESCAPES)
def test_an_escape_is_refused_before_it_is_worked_out(attempt):
    with pytest.raises(ExpressionRefused):
        check(attempt)
    with pytest.raises(ExpressionRefused):
        evaluate(attempt, {"a": "x", "b": 1})


@pytest.mark.parametrize("attempt", HEAVY)
def test_a_heavy_expression_is_stopped(attempt):
    with pytest.raises(ExpressionFailed):
        evaluate(attempt, {"a": 1})


def test_an_object_among_the_names_is_not_handled():
    with pytest.raises(ExpressionFailed):
        evaluate("a == 1", {"a": object()})


def in_a_condition(house, attempt):
    return process(
        "p",
        start("opened", "choose"),
        xor("choose", ("look", attempt), ("done", None)),
        user("look", "done"),
        end(),
    )


def in_a_timer(house, attempt):
    later = node("intermediateCatchEvent", "later", "done", inner=timer(_escaped(attempt)))
    return process("p", start("opened", "later"), later, end())


def in_a_cardinality(house, attempt):
    loop = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>"
        f"{_escaped(attempt)}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    )
    return process("p", start("opened", "look"), user("look", "done", inner=loop), end())


def in_a_completion(house, attempt):
    loop = (
        "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>2</bpmn:loopCardinality>"
        f"<bpmn:completionCondition>{_escaped(attempt)}</bpmn:completionCondition>"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    return process("p", start("opened", "look"), user("look", "done", inner=loop), end())


def in_a_parameter(house, attempt):
    return process("p", start("opened", "act"), service("act", "done", parameter__x=attempt), end())


def in_a_message_key(house, attempt):
    return process(
        "p",
        start("opened", "reply"),
        catch("reply", "reply", "done", key=attempt),
        end(),
        messages=("reply",),
    )


def in_a_correlation(house, attempt):
    xml = process(
        "p", start("opened", "reply"), catch("reply", "reply", "done"), end(), messages=("reply",)
    )
    return xml.replace(
        "<bpmn:collaboration",
        '<bpmn:correlationProperty id="key_property">'
        '<bpmn:correlationPropertyRetrievalExpression messageRef="message_reply">'
        f"<bpmn:messagePath>{_escaped(attempt)}</bpmn:messagePath>"
        "</bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>"
        "<bpmn:collaboration",
        1,
    )


def in_a_decision_input(house, attempt):
    return _deciding(house, ['"a"', "1"], attempt)


def in_a_decision_cell(house, attempt):
    return _deciding(house, [attempt, "1"])


def in_a_decision_output(house, attempt):
    return _deciding(house, ['"a"', attempt])


def _deciding(house, cells, asked="severity"):
    table = decision("board", [("severity", '"a"')], ["x"], {"one": [_escaped(c) for c in cells]})
    table = table.replace("<text>severity</text>", f"<text>{_escaped(asked)}</text>")
    (house.root / "workflows/p").mkdir(parents=True, exist_ok=True)
    (house.root / "workflows/p/board.dmn").write_text(table.replace("&amp;amp;", "&amp;"), "utf-8")
    return process(
        "p",
        start("opened", "board"),
        node("businessRuleTask", "board", "done"),
        end(),
        inputs=("severity",),
    )


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


PLACES = [
    in_a_condition,
    in_a_timer,
    in_a_cardinality,
    in_a_completion,
    in_a_parameter,
    in_a_message_key,
    in_a_correlation,
    in_a_decision_input,
    in_a_decision_cell,
    in_a_decision_output,
]


@pytest.mark.parametrize("place", PLACES)
def test_every_place_of_a_diagram_refuses_every_escape(house, place):
    house.can("act", lambda step, x: {}, parameters={"x": fields.String()})
    # a NUL cannot stand in XML, a `<` in a cell is an operator: both are tried above
    attempts = [a for a in ESCAPES if "\x00" not in a and "<" not in a]
    passed = []
    for attempt in attempts:
        house.draw("p", place(house, attempt), look=())
        if "expressions_are_safe" not in {f.rule for f in house.check("p")}:
            passed.append(attempt)
    assert passed == []


@pytest.mark.parametrize("attempt", ESCAPES)
def test_the_runners_own_doors_refuse_every_escape(attempt):
    engine = StepEngine(db=None, instance=None, by=None, at=None, open_children=None)
    task = type("Task", (), {"data": {"a": 1, "b": 2}})()
    with pytest.raises(ExpressionRefused):
        engine.evaluate(task, attempt)
    with pytest.raises(ExpressionRefused):
        _Correlations().evaluate(attempt, {"a": 1, "b": 2})
    if "<" not in attempt:
        with pytest.raises(ExpressionRefused):
            decisions.matches("a", attempt, {"a": 1, "b": 2})


def test_a_decision_cell_cannot_close_our_parentheses():
    with pytest.raises(ExpressionRefused):
        decisions.matches("a", "1) or (True", {"a": 2})


def test_what_a_condition_may_say():
    names = {"severity": "major", "count": 3, "types": "scrap, repair", "lines": [{"n": 2}]}
    for said in (
        "severity == 'major' and count > 2",
        "severity in ('major', 'critical')",
        "'repair' in words(types)",
        "get('missing', 'approve') == 'approve'",
        "lines[0]['n'] == 2",
        "not (count < 3 or len(types) == 0)",
        "1 < count <= 3",
        "(count + 1) * 2 == 8 if severity else False",
        "min(count, 5) + max(1, 2) + sum([1, 2]) + abs(-1) == 9",
        "severity is not None",
    ):
        assert evaluate(said, names) is True, said


def test_what_an_expression_reads_is_known():
    read = reads("severity == 'x' and get('decision', default) and len(lines)")
    assert read.needed == {"severity", "default", "lines"}
    assert read.optional == {"decision"}


def test_a_word_a_newer_python_reserves_softly_stays_a_name():
    assert is_variable_name("type")
    assert not any(map(is_variable_name, ("match", "case", "if", "get", "typename", "_")))
