"""The diagrams of the house: each is read, looked at as a drawing, and run to every end."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise, product
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from marshmallow import Schema, fields
from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import spiff
from engine.bpmn.lint import check_file
from engine.bpmn.step import Action
from engine.bpmn.xml import read_xml
from forms import expressions, library
from tests.support.tree import ROOT

NAMES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "spiffworkflow": "http://spiffworkflow.org/bpmn/schema/1.0/core",
}
WORKFLOWS = ROOT / "workflows"
DIAGRAMS = tuple(sorted(WORKFLOWS.glob("*/*.bpmn")))
NODES = (
    "startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent", "userTask",
    "serviceTask", "sendTask", "receiveTask", "businessRuleTask", "callActivity",
    "exclusiveGateway", "parallelGateway", "inclusiveGateway",
)  # fmt: skip
ROLES = frozenset(
    "qa_technician qa_engineer inspector production warehouse qa_manager "
    "management_representative executive mrb_quality mrb_engineering mrb_manufacturing "
    "medical_reviewer regulatory_affairs prrc supplier_quality complaint_handler "
    "customer_service field_service purchasing auditor administrator".split()
)
each_diagram = pytest.mark.parametrize("path", DIAGRAMS, ids=lambda path: path.stem)


# --- reading ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Box:
    """A rectangle of the drawing."""

    owner: str
    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: "Box") -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@cache
def drawing(path: Path) -> Any:
    return read_xml(path.read_bytes(), path.name)


def nodes(path: Path) -> dict[str, Any]:
    """Return every flow node of a diagram by its id."""
    found = drawing(path).iterfind("bpmn:process/*", NAMES)
    return {node.get("id"): node for node in found if kind(node) in NODES}


def flows(path: Path) -> dict[str, Any]:
    found = drawing(path).iterfind("bpmn:process/bpmn:sequenceFlow", NAMES)
    return {flow.get("id"): flow for flow in found}


def kind(element: Any) -> str:
    return str(etree.QName(element).localname)


def of_kind(path: Path, *kinds: str) -> list[str]:
    return [name for name, node in nodes(path).items() if kind(node) in kinds]


def properties(node: Any) -> dict[str, str]:
    found = node.iterfind("bpmn:extensionElements//spiffworkflow:property", NAMES)
    return {prop.get("name"): prop.get("value") for prop in found}


def box(owner: str, bounds: Any) -> Box:
    return Box(owner, *(float(bounds.get(key)) for key in ("x", "y", "width", "height")))


def shapes(path: Path) -> dict[str, Box]:
    found = drawing(path).iterfind(".//bpmndi:BPMNShape", NAMES)
    named = ((s.get("bpmnElement"), s.find("dc:Bounds", NAMES)) for s in found)
    return {name: box(name, bounds) for name, bounds in named}


def labels(path: Path) -> list[Box]:
    found = drawing(path).iterfind(".//bpmndi:BPMNLabel", NAMES)
    return [box(one.getparent().get("bpmnElement"), one.find("dc:Bounds", NAMES)) for one in found]


def lines(path: Path) -> dict[str, list[tuple[float, float]]]:
    found = drawing(path).iterfind(".//bpmndi:BPMNEdge", NAMES)
    return {
        edge.get("bpmnElement"): [
            (float(p.get("x")), float(p.get("y"))) for p in edge.iterfind("di:waypoint", NAMES)
        ]
        for edge in found
    }


# --- what a diagram says -----------------------------------------------------------------------


@each_diagram
def test_a_lane_is_the_role_that_does_the_work(path: Path) -> None:
    lanes = {lane.get("id") for lane in drawing(path).iterfind(".//bpmn:lane", NAMES)}

    assert lanes <= ROLES
    assert set(spiff.lane_roles(drawing(path))) == set(nodes(path)), "every element has one lane"


@each_diagram
def test_every_user_task_has_its_form_and_every_form_its_task(path: Path) -> None:
    forms = {form.stem for form in (ROOT / "forms" / path.stem).glob("*.toml")}
    starts = forms & set(of_kind(path, "startEvent"))

    assert forms == set(of_kind(path, "userTask")) | starts


@each_diagram
def test_every_user_task_says_what_to_do_by_when_and_by_which_procedure(path: Path) -> None:
    for name in of_kind(path, "userTask"):
        said = nodes(path)[name].findtext("bpmn:documentation", "", NAMES)
        assert said.endswith("."), name
        assert {"sla", "procedure"} <= set(properties(nodes(path)[name])), name
        procedure = properties(nodes(path)[name])["procedure"]
        assert re.fullmatch(r"(QP|WI)-\d\d(-\d)? rev \d+", procedure), name


@each_diagram
def test_a_signature_is_bound_to_an_answer_that_the_form_asks(path: Path) -> None:
    for name in of_kind(path, "userTask"):
        meanings = properties(nodes(path)[name]).get("signature", "")
        if not meanings or meanings.startswith("*:"):
            continue
        field, _, answers = meanings.partition("=")
        values = {answer.split(":")[0].strip() for answer in answers.split(",")}
        (asked,) = [one for one in library.form(path.stem, name).fields if one.id == field]
        assert values <= {choice.value for choice in asked.choices}, name


@each_diagram
def test_duties_are_separated_from_tasks_that_exist(path: Path) -> None:
    for node in nodes(path).values():
        for pair in properties(node).get("separate_from", "").split(","):
            process, _, element = pair.strip().partition(".")
            if process:
                other = WORKFLOWS / process / f"{process}.bpmn"
                # whoever starts a diagram by a command stands for its start event
                assert element in of_kind(other, "userTask", "startEvent"), pair


@each_diagram
def test_every_question_has_a_default_and_every_other_answer_a_condition(path: Path) -> None:
    for name in of_kind(path, "exclusiveGateway", "inclusiveGateway"):
        answers = [f for f in flows(path).values() if f.get("sourceRef") == name]
        if len(answers) < 2:
            continue
        default = nodes(path)[name].get("default")
        assert nodes(path)[name].get("name", "").endswith("?"), name
        assert default or name == "ask_board", f"{name} has no default"
        for answer in answers:
            assert answer.get("name"), answer.get("id")
            if answer.get("id") != default:
                expressions.check(answer.findtext("bpmn:conditionExpression", "", NAMES))


# --- how it is drawn ---------------------------------------------------------------------------


@each_diagram
def test_everything_is_drawn(path: Path) -> None:
    lanes = {lane.get("id") for lane in drawing(path).iterfind(".//bpmn:lane", NAMES)}

    assert set(shapes(path)) == set(nodes(path)) | lanes | {f"{path.stem}_pool"}
    assert set(lines(path)) == set(flows(path))


@each_diagram
def test_no_two_shapes_overlap(path: Path) -> None:
    boxes = [shapes(path)[name] for name in nodes(path)]

    assert not [
        (a.owner, b.owner)
        for a, b in combinations(boxes, 2)
        if a.overlaps(b) and not is_attached(path, a.owner, b.owner)
    ]


def is_attached(path: Path, one: str, other: str) -> bool:
    found = nodes(path)
    hosts = {found[one].get("attachedToRef"), found[other].get("attachedToRef")}
    return bool(hosts & {one, other})


@each_diagram
def test_no_label_covers_a_shape_or_another_label(path: Path) -> None:
    boxes = [shapes(path)[name] for name in nodes(path)]

    assert not [(a.owner, b.owner) for a, b in product(labels(path), boxes) if a.overlaps(b)]
    assert not [(a.owner, b.owner) for a, b in combinations(labels(path), 2) if a.overlaps(b)]


@each_diagram
def test_every_line_is_level_or_upright_and_touches_what_it_joins(path: Path) -> None:
    for name, points in lines(path).items():
        assert all(x == u or y == v for (x, y), (u, v) in pairwise(points)), name
        ends = flows(path)[name].get("sourceRef"), flows(path)[name].get("targetRef")
        for (x, y), end in zip((points[0], points[-1]), ends, strict=True):
            assert on_edge(shapes(path)[end], x, y), f"{name} misses {end}"


def on_edge(shape: Box, x: float, y: float) -> bool:
    left, right = shape.x, shape.x + shape.width
    top, bottom = shape.y, shape.y + shape.height
    upright = x in (left, right) and top <= y <= bottom
    level = y in (top, bottom) and left <= x <= right
    return upright or level


@each_diagram
def test_no_line_runs_through_a_shape(path: Path) -> None:
    for name, points in lines(path).items():
        ends = {flows(path)[name].get("sourceRef"), flows(path)[name].get("targetRef")}
        others = [shapes(path)[node] for node in nodes(path) if node not in ends]
        for (x, y), (u, v) in pairwise(points):
            line = Box(name, min(x, u), min(y, v), abs(x - u) or 0.1, abs(y - v) or 0.1)
            crossed = [shape.owner for shape in others if line.overlaps(shape)]
            assert not crossed, f"{name} runs through {crossed}"


@each_diagram
def test_every_element_stands_in_its_lane(path: Path) -> None:
    for name, role in spiff.lane_roles(drawing(path)).items():
        lane, shape = shapes(path)[role], shapes(path)[name]
        assert lane.y <= shape.y, name
        assert shape.y + shape.height <= lane.y + lane.height, name


# --- how it runs ---------------------------------------------------------------------------------


class Rehearsal(PythonScriptEngine):  # type: ignore[misc]  # the library has no types
    """Runs a diagram with made-up results of its verbs; everything else is the library."""

    def __init__(self, results: dict[str, dict[str, Any]]) -> None:
        super().__init__()
        self.results, self.done, self.sent = results, list[str](), list[str]()

    def validate(self, expression: str) -> None:
        try:
            expressions.check(expression)
        except expressions.ExpressionRefused as error:
            raise error.__cause__ or error from error

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> Any:
        return expressions.evaluate(expression, {**task.data, **(external_context or {})})

    def act(self, task: Any) -> None:
        self.done.append(task.task_spec.name)
        task.data.update(self.results.get(task.task_spec.name, {}))

    def send(self, task: Any) -> None:
        self.sent.append(task.task_spec.name)

    def decide(self, task: Any, engine: Any) -> None:
        task.data.update(engine.result(task))


class Run:
    """One diagram under way; every step is saved and read back as a case would be."""

    def __init__(self, process: str, variables: dict[str, Any], results: dict[str, Any]) -> None:
        self.process, self.engine = process, Rehearsal(results)
        self.workflow = spiff.new_workflow(specs(), process, self.engine)
        self.workflow.get_next_task(spec_name="Start").data.update(variables)
        self._settle()

    @property
    def waiting_at(self) -> set[str]:
        return {task.task_spec.name for task in self._ready()}

    @property
    def ended_at(self) -> set[str]:
        assert self.workflow.is_completed(), f"still waiting at {self.waiting_at}"
        ends = of_kind(WORKFLOWS / self.process / f"{self.process}.bpmn", "endEvent")
        done = self.workflow.get_tasks(state=TaskState.COMPLETED)
        return {task.task_spec.name for task in done} & set(ends)

    def do(self, element: str, **variables: Any) -> None:
        (task,) = [task for task in self._ready() if task.task_spec.name == element]
        task.data.update(variables)
        task.run()
        self._settle()

    def tell(self, message: str) -> None:
        waiting = self.workflow.get_tasks(state=TaskState.WAITING)
        (task,) = [task for task in waiting if task.task_spec.name == message]
        self.workflow.send_event(BpmnEvent(task.task_spec.event_definition, {}))
        self._settle()

    def time_out(self, timer: str) -> None:
        waiting = self.workflow.get_tasks(state=TaskState.WAITING)
        (task,) = [task for task in waiting if task.task_spec.name == timer]
        definition = task.task_spec.event_definition
        self.workflow.catch(BpmnEvent(definition))
        self._settle()

    def _ready(self) -> list[Any]:
        return list(self.workflow.get_tasks(state=TaskState.READY, manual=True))

    def _settle(self) -> None:
        while self.workflow.get_tasks(state=TaskState.READY, manual=False):
            self.workflow.do_engine_steps()
        state, sha256 = spiff.save(self.workflow)
        self.workflow = spiff.load(
            state,
            sha256,
            spiff.ENGINE_VERSION,
            spec_gz=specs(),
            process=self.process,
            engine=self.engine,
        )


@cache
def specs() -> bytes:
    """Return the specs of all diagrams, read by the hardened parser."""
    files = [*DIAGRAMS, *sorted(WORKFLOWS.glob("*/*.dmn"))]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in files}
    return spiff.parse(texts, [path.stem for path in DIAGRAMS])


@each_diagram
def test_the_hardened_parser_reads_it(path: Path) -> None:
    assert path.stem in spiff.processes(specs())
    assert isinstance(Run(path.stem, STARTS.get(path.stem, {}), FINDS).workflow, BpmnWorkflow)


FINDS: dict[str, dict[str, Any]] = {
    "register_report": {"left_control": False, "hold_count": 2},
    "settle_scope": {"left_control": True},
    "hold_units": {"in_house_count": 12},
    "compare_counts": {"counts_match": True},
    "take_up_findings": {"all_identified": True},
    "open_round": {"round": 1, "pending": True},
    "weigh_lines": {"needs_regulatory": True, "needs_manufacturing": True},
    "settle_round": {"pending": False},
    "record_sort": {"good_count": 3},
    "register_signal": {"is_scope_proposed": True},
    "contain_scope": {"held_count": 2},
    "take_decision": {"action": "removal", "severity": "critical"},
    "settle_jurisdictions": {"must_act": True},
    "record_strategy": {"must_announce": True},
    "record_submission": {"has_gate": True},
    "take_country": {"is_new": True},
    "settle_terminations": {"has_ended": True},
    "record_attempt": {"attempt_count": 3},
    "reopen_decisions": {"asked_again_count": 1},
    "draw_checks": {"check_count": 2},
    "record_check": {"result": "effective"},
}
TAKES = {
    "record_field_action": ["decision"],
    **{key: ["notice_id"] for key in ("record_attempt", "escalate_notice", "close_notice")},
    **{key: ["text_id"] for key in ("keep_text", "approve_text", "send_letters")},
}
STARTS: dict[str, dict[str, Any]] = {
    "recall_decision": {"hazard_severity": "death"},
    "jurisdiction_decision": {"jurisdiction": "CN", "is_known": True},
    "regulator_notification": {"jurisdiction": "EU", "gate_key": "RC-2026-0001/EU"},
    "termination_request": {"jurisdiction": "CN"},
    "class_review": {"jurisdiction": "US", "class_name": "fda_class_i"},
    "consignee_notice": {"notice_id": 1, "follow_up_after": "P3D"},
    "notice_text": {"text_id": 1, "is_translation": True},
    "effectiveness_check": {"frame_id": 1},
    "device_review": {"scope": 2},
    "scope_change": {"scope": 2, "tags_to_remove": True},
    "disposition": {"severity": "critical"},
    "disposition_line": {"type": "scrap", "line_id": 1},
}


def verb(name: str) -> Action:
    """Return a verb that takes and finds what the diagrams count on."""
    return Action(
        run=lambda _step, **_parameters: FINDS.get(name, {}),
        parameters=Schema.from_dict({key: fields.Raw() for key in TAKES.get(name, ())}),
        result=Schema.from_dict({key: fields.Raw() for key in FINDS.get(name, ())}),
    )


@each_diagram
def test_the_linter_lets_it_run(path: Path) -> None:
    assert not [str(finding) for finding in check_file(path, actions=verb)]


def run(process: str, /, *, finds: dict[str, dict[str, Any]] | None = None, **start: Any) -> Run:
    return Run(process, {**STARTS.get(process, {}), **start}, FINDS | (finds or {}))


def quarantine_and_investigate(case: Run) -> None:
    case.do("confirm_segregation")
    case.do("investigate", cause="process")


def decide(case: Run, *functions: str, decision: str = "approve") -> None:
    for function in functions:
        case.do(f"approve_{function}", **{f"{function}_decision": decision})


BOARD = ("quality", "engineering", "manufacturing", "regulatory")


def test_a_confirmed_nonconformance_that_left_control_is_evaluated_and_closed() -> None:
    case = run("nonconformance", hold_now=True)
    case.do("triage", outcome="confirmed", severity="critical")
    assert case.waiting_at == {"confirm_segregation", "evaluate_health_risk"}

    quarantine_and_investigate(case)
    case.do("propose_disposition", types="scrap")
    decide(case, *BOARD)
    case.tell("lines_done")
    assert case.waiting_at == {"evaluate_health_risk"}, "nobody screens the evaluation out"

    case.do("evaluate_health_risk")
    case.do("evaluate_field_action", field_action="no_field_action")
    assert case.waiting_at == {"verify_and_close"}

    case.do("verify_and_close", decision="close")
    assert case.ended_at == {"closed"}


@pytest.mark.parametrize("outcome", ["duplicate", "not_a_nonconformance"])
def test_a_report_screened_out_is_confirmed_by_a_second_person(outcome: str) -> None:
    case = run("nonconformance", finds={"settle_scope": {"left_control": False}})
    case.do("triage", outcome=outcome, severity="minor")
    assert case.waiting_at == {"confirm_screening"}

    case.do("confirm_screening")
    assert case.ended_at == {"closed"}
    assert "lift_holds" in case.engine.done


def test_screening_out_does_not_spare_the_evaluation_of_what_left_control() -> None:
    case = run("nonconformance")
    case.do("triage", outcome="not_a_nonconformance", severity="minor")
    case.do("confirm_screening")
    assert case.waiting_at == {"evaluate_health_risk"}

    case.do("evaluate_health_risk")
    case.do("evaluate_field_action", field_action="opens_recall")
    assert case.ended_at == {"closed"}


def test_a_rejected_proposal_comes_back_in_a_new_round_that_forgets_the_old_answers() -> None:
    case = run("nonconformance", finds={"settle_scope": {"left_control": False}})
    case.do("triage", outcome="confirmed", severity="critical")
    quarantine_and_investigate(case)

    case.do("propose_disposition", types="rework")
    decide(case, "quality", "engineering", "manufacturing", decision="reject")
    decide(case, "regulatory")
    assert case.waiting_at == {"propose_disposition"}

    case.do("propose_disposition", types="scrap")
    for left in (("regulatory", "engineering"), ("manufacturing",)):
        decide(case, *left)
        assert "propose_disposition" not in case.waiting_at, "nobody has rejected this round"
    decide(case, "quality")
    case.tell("lines_done")
    assert case.waiting_at == {"verify_and_close"}


def test_nothing_in_the_house_needs_no_segregation() -> None:
    assert run("quarantine", finds={"hold_units": {"in_house_count": 0}}).ended_at == {
        "nothing_to_segregate"
    }


def test_segregation_that_takes_too_long_is_escalated_and_stays_open() -> None:
    case = run("quarantine")
    case.time_out("segregation_overdue")
    assert case.engine.sent == ["escalate_segregation"]
    assert case.waiting_at == {"confirm_segregation"}

    case.do("confirm_segregation")
    assert case.ended_at == {"escalated", "segregated"}


@pytest.mark.parametrize(
    ("process", "count", "end"),
    [
        ("quarantine", "confirm_segregation", "segregated"),
        ("recount", "recount_held_stock", "recounted"),
    ],
)
@pytest.mark.parametrize("match", [True, False])
def test_a_count_that_does_not_match_is_resolved(
    process: str, count: str, end: str, *, match: bool
) -> None:
    case = run(process, finds={"compare_counts": {"counts_match": match}})
    case.do(count)
    if not match:
        case.do("resolve_count_mismatch")

    assert case.ended_at == {end}


@pytest.mark.parametrize("standing", ["stands", "withdrawn"])
def test_a_signature_asked_again_stands_or_its_withdrawal_is_resolved(standing: str) -> None:
    case = run("signature_renewal")
    case.do("sign_again", standing=standing)
    if standing == "withdrawn":
        assert case.waiting_at == {"resolve_withdrawal"}
        case.do("resolve_withdrawal")

    assert case.ended_at == {"renewed"}


def asked(severity: str, *, regulatory: bool, manufacturing: bool) -> Iterator[str]:
    critical = severity == "critical"
    yield "approve_quality"
    if critical or severity == "major" or regulatory or manufacturing:
        yield "approve_engineering"
    if critical or manufacturing:
        yield "approve_manufacturing"
    if critical or regulatory:
        yield "approve_regulatory"


@pytest.mark.parametrize("severity", ["minor", "major", "critical"])
@pytest.mark.parametrize("regulatory", [True, False])
@pytest.mark.parametrize("manufacturing", [True, False])
def test_the_board_functions_asked_all_answer_before_anything_goes_on(
    severity: str, *, regulatory: bool, manufacturing: bool
) -> None:
    weighed = {"needs_regulatory": regulatory, "needs_manufacturing": manufacturing}
    case = run("disposition", severity=severity, finds={"weigh_lines": weighed})
    case.do("propose_disposition", types="rework")
    functions = set(asked(severity, regulatory=regulatory, manufacturing=manufacturing))
    assert case.waiting_at == functions

    for task in sorted(functions, reverse=True):
        assert "open_lines" not in case.engine.done
        case.do(task, **{f"{task.removeprefix('approve_')}_decision": "approve"})
    case.tell("lines_done")
    assert case.ended_at == {"round_settled"}


@pytest.mark.parametrize("rejecting", BOARD)
def test_one_rejection_returns_the_proposal(rejecting: str) -> None:
    case = run("disposition")
    case.do("propose_disposition", types="use_as_is")
    for function in BOARD:
        decide(case, function, decision="reject" if function == rejecting else "approve")

    assert case.ended_at == {"proposal_rejected"}
    assert "open_lines" not in case.engine.done


def test_a_round_with_nothing_to_decide_ends_at_once() -> None:
    case = run("disposition", finds={"open_round": {"round": 1, "pending": False}})
    assert case.ended_at == {"nothing_awaiting"}


Steps = tuple[tuple[str, dict[str, Any]], ...]
RELEASE: Steps = (
    ("authorise_release", {"release_decision": "released"}),
    ("remove_tags", {}),
)
CONFIRMED, REFUSED = {"confirmation": "confirmed"}, {"confirmation": "refused"}
REWORK: Steps = ("approve_rework_instruction", {}), ("perform_rework", {})
REPAIR: Steps = REWORK[0], ("confirm_repair_conformity", CONFIRMED), REWORK[1]
PASSED, FAILED = (
    ("reinspect", {"reinspection": "passed"}),
    ("reinspect", {"reinspection": "failed"}),
)


@pytest.mark.parametrize(
    ("disposition", "steps", "end"),
    [
        ("use_as_is", (("confirm_concession", CONFIRMED), *RELEASE), "line_done"),
        ("use_as_is", (("confirm_concession", REFUSED),), "line_returned"),
        ("rework", (*REWORK, PASSED, *RELEASE), "line_done"),
        ("rework", (*REWORK, FAILED), "line_returned"),
        ("repair", (*REPAIR, PASSED, *RELEASE), "line_done"),
        ("repair", (*REPAIR, FAILED), "line_returned"),
        ("repair", (REWORK[0], ("confirm_repair_conformity", REFUSED)), "line_returned"),
        ("regrade", (("relabel_units", {}), ("verify_labels", {}), *RELEASE), "line_done"),
        ("sort", (("sort_units", {}), *RELEASE), "line_done"),
        ("no_fault_found", (("confirm_no_fault", CONFIRMED), *RELEASE), "line_done"),
        ("no_fault_found", (("confirm_no_fault", REFUSED),), "line_returned"),
        (
            "no_fault_found",
            (("confirm_no_fault", CONFIRMED), ("authorise_release", {"release_decision": "no"})),
            "line_returned",
        ),
        ("return_to_supplier", (("return_to_supplier", {}),), "returned"),
        (
            "scrap",
            (("decide_samples", {}), ("destroy_units", {}), ("witness_destruction", {})),
            "units_destroyed",
        ),
    ],
)
def test_each_disposition_takes_its_own_steps_to_its_end(
    disposition: str, steps: Steps, end: str
) -> None:
    case = run("disposition_line", type=disposition)
    for task, variables in steps:
        assert case.waiting_at == {task}
        case.do(task, **variables)

    assert case.ended_at == {end}
    assert ("release_units" in case.engine.done) == (end == "line_done")


def test_sorting_that_finds_nothing_good_releases_nothing() -> None:
    case = run("disposition_line", type="sort", finds={"record_sort": {"good_count": 0}})
    case.do("sort_units")

    assert case.ended_at == {"none_good"}


@pytest.mark.parametrize(
    ("process", "steps", "end"),
    [
        ("hold_breach", ("handle_hold_breach",), "breach_handled"),
        ("reply_difference", ("settle_reply",), "reply_settled"),
        (
            "field_action_evaluation",
            ("evaluate_health_risk", "evaluate_field_action"),
            "evaluated",
        ),
    ],
)
def test_a_straight_process_goes_to_its_end(process: str, steps: tuple[str, ...], end: str) -> None:
    case = run(process)
    for task in steps:
        case.do(task)

    assert case.ended_at == {end}


DECIDERS = ("executive", "medical", "regulatory", "quality")


def to_decision(case: Run) -> None:
    case.do("triage_signal", outcome="pursue")
    case.do("order_containment")
    case.do("evaluate_health_hazard", hazard_severity="death", hazard_likelihood="remote")


def give_decision(case: Run, action: str, *, rejecting: str = "") -> None:
    case.do("prepare_decision", proposed_action=action)
    for who in DECIDERS:
        given = "reject" if who == rejecting else "approve"
        case.do(f"decide_as_{who}", **{f"{who}_decision": given})


def test_everyone_answers_before_a_decision_on_a_recall_is_there() -> None:
    case = run("recall_decision")
    give_decision(case, "removal", rejecting="executive")
    assert case.ended_at == {"decided"}


@pytest.mark.parametrize("rejecting", DECIDERS)
def test_one_rejection_returns_the_decision_on_a_recall(rejecting: str) -> None:
    case = run("recall")
    to_decision(case)
    give_decision(case, "correction", rejecting=rejecting)
    assert case.waiting_at == {"prepare_decision"}
    give_decision(case, "removal")
    case.tell("jurisdictions_done")
    assert case.waiting_at == {"draft_strategy"}


def to_work(case: Run, action: str = "removal") -> None:
    to_decision(case)
    give_decision(case, action)
    case.tell("jurisdictions_done")
    approve_strategy(case)


def approve_strategy(case: Run) -> None:
    case.do("draft_strategy")
    case.do("approve_strategy", strategy_decision="approve")


def do_work(case: Run) -> None:
    case.tell("notifications_done")
    case.do("publish_announcement")
    case.do("review_returns", board_is_asked=False)
    case.tell("notices_done")
    verify_effectiveness(case)


def verify_effectiveness(case: Run, decision: str = "effective") -> None:
    case.do("plan_checks")
    case.do("start_checks")
    case.tell("checks_done")
    case.do("evaluate_effectiveness", decision=decision)


def test_nobody_is_checked_before_the_notices_are_answered() -> None:
    case = run("recall")
    to_work(case)
    assert "plan_checks" not in case.waiting_at
    case.tell("notices_done")
    assert "plan_checks" in case.waiting_at


def test_results_that_fall_short_are_checked_again_at_a_higher_level() -> None:
    case = run("effectiveness")
    verify_effectiveness(case, "raise_level")
    assert case.waiting_at == {"plan_checks"}
    verify_effectiveness(case)
    assert case.ended_at == {"effectiveness_settled"}


def test_who_did_not_act_is_put_right_and_checked_again_or_accepted() -> None:
    case = run("effectiveness_check", finds={"record_check": {"result": "not_effective"}})
    case.do("check_consignee")
    case.do("correct_consignee", check_again=True)
    case.do("check_consignee")
    case.do("correct_consignee", check_again=False)
    case.do("accept_result")
    assert case.ended_at == {"checked"}


@pytest.mark.parametrize("sent", [True, False])
def test_a_reply_ends_a_notice_even_before_its_letter(*, sent: bool) -> None:
    case = run("consignee_notice")
    if sent:
        case.tell("wait_for_sending")
    case.tell("wait_for_reply" if sent else "answered_before")
    assert case.ended_at == {"consignee_answered"}


@pytest.mark.parametrize("settlement", ["unresolved", "try_again"])
def test_who_never_answers_is_given_to_a_person(settlement: str) -> None:
    case = run("consignee_notice")
    case.tell("wait_for_sending")
    case.time_out("follow_up_due")
    case.do("reach_consignee")
    assert case.waiting_at == {"settle_without_reply"}
    case.do("settle_without_reply", settlement=settlement)
    if settlement == "unresolved":
        assert case.ended_at == {"consignee_unresolved"}
    else:
        case.tell("letter_came_back")
        assert case.waiting_at == {"reach_consignee"}


def test_a_text_is_verified_and_approved_by_two_before_its_letters_go_out() -> None:
    case = run("notice_text")
    for verdict, medical in (("wrong", ""), ("verified", "reject"), ("verified", "approve")):
        case.do("draft_text")
        case.do("verify_translation", verdict=verdict)
        if medical:
            case.do("approve_text_regulatory", regulatory_decision="approve")
            assert "approve_text" not in case.engine.done
            case.do("approve_text_medical", medical_decision=medical)
    case.do("release_letters")
    assert case.ended_at == {"text_released"}


def test_figures_of_a_status_report_are_taken_anew_until_they_are_approved() -> None:
    case = run("status_report")
    case.do("prepare_status_report", figures="take_anew")
    for decision in ("reject", "approve"):
        case.do("prepare_status_report", figures="stand")
        case.do("approve_status_report", decision=decision)
    assert case.engine.done.count("take_figures") == 3
    assert case.ended_at == {"status_reported"}


@pytest.mark.parametrize(
    ("decision", "end"), [("released", "scope_change_done"), ("kept", "kept_on_hold")]
)
def test_what_left_a_scope_is_let_go_by_a_person_or_kept(decision: str, end: str) -> None:
    case = run("scope_change")
    case.do("authorise_scope_release", release_decision=decision)
    if decision == "released":
        case.do("remove_tags")
    assert case.ended_at == {end}


def test_a_recall_closes_when_the_authorities_have_answered() -> None:
    case = run("recall")
    to_work(case)
    do_work(case)
    assert case.waiting_at == {"reconcile"}
    case.do("reconcile", reconciled="complete")
    case.tell("terminations_done")
    case.do("verify_and_close")
    assert case.ended_at == {"recall_closed"}


def test_an_authority_that_asks_for_more_sends_a_recall_back_to_its_strategy() -> None:
    case = run("recall", finds={"settle_terminations": {"has_ended": False}})
    to_work(case)
    do_work(case)
    case.do("reconcile", reconciled="complete")
    case.tell("terminations_done")
    assert case.waiting_at == {"draft_strategy"}
    approve_strategy(case)
    assert case.waiting_at == {"publish_announcement", "review_returns"}
    do_work(case)
    assert case.waiting_at == {"reconcile"}


def test_the_board_rules_on_what_comes_back_round_by_round() -> None:
    case = run("recall")
    to_work(case)
    case.do("review_returns", board_is_asked=True)
    assert "propose_disposition" in case.waiting_at
    case.do("propose_disposition", types="scrap")
    decide(case, *BOARD)
    case.tell("lines_done")
    assert "review_returns" in case.waiting_at


def test_no_action_anywhere_closes_a_recall_once_the_board_ruled_on_what_is_held() -> None:
    case = run("recall", finds={"settle_jurisdictions": {"must_act": False}})
    to_decision(case)
    give_decision(case, "none")
    case.tell("jurisdictions_done")
    assert case.waiting_at == {"propose_disposition"}
    case.do("propose_disposition", types="scrap")
    decide(case, *BOARD)
    case.tell("lines_done")
    case.do("verify_and_close")
    assert case.ended_at == {"recall_closed"}
    assert "settle_without_action" in case.engine.done


@pytest.mark.parametrize("is_new", [True, False])
def test_a_country_that_nobody_knows_is_found_before_its_law_is_asked(*, is_new: bool) -> None:
    case = run("jurisdiction_decision", is_known=False, finds={"take_country": {"is_new": is_new}})
    case.do("identify_country")
    if not is_new:
        assert case.ended_at == {"country_joined"}
        return
    case.do("decide_jurisdiction", is_reportable=True)
    assert case.ended_at == {"jurisdiction_decided"}


@pytest.mark.parametrize("no_report", ["confirmed", "refused"])
def test_what_is_not_reported_is_confirmed_by_a_second_person(no_report: str) -> None:
    case = run("jurisdiction_decision")
    case.do("decide_jurisdiction", is_reportable=False)
    case.do("confirm_no_report", no_report=no_report)
    if no_report == "refused":
        case.do("decide_jurisdiction", is_reportable=True)
    assert case.ended_at == {"jurisdiction_decided"}


@pytest.mark.parametrize("has_gate", [True, False])
def test_a_notification_waits_for_the_gate_its_law_knows(*, has_gate: bool) -> None:
    case = run("regulator_notification", finds={"record_submission": {"has_gate": has_gate}})
    case.do("prepare_notification")
    case.do("submit_notification")
    if has_gate:
        assert case.waiting_at == set()
        case.tell("gate_opened")
    assert case.ended_at == {"authority_notified"}


def test_an_authority_is_asked_to_end_its_oversight_and_its_answer_kept() -> None:
    case = run("termination_request")
    case.do("request_termination")
    case.do("record_outcome")
    assert case.ended_at == {"termination_answered"}


def test_a_received_class_changes_the_strategy_once_it_is_approved() -> None:
    case = run("class_review")
    case.do("review_class")
    case.do("approve_class_review", review_decision="reject")
    case.do("review_class")
    case.do("approve_class_review", review_decision="approve")
    assert case.ended_at == {"class_applied"}


def test_an_added_device_is_evaluated_and_weighed_before_decisions_are_asked_again() -> None:
    case = run("device_review")
    case.do("evaluate_added_device")
    case.do("weigh_added_device")
    assert case.ended_at == {"device_reviewed"}


@pytest.mark.parametrize(
    ("dismissal", "goes_on"), [("confirmed", set()), ("refused", {"order_containment"})]
)
def test_a_signal_is_dismissed_by_two_people(dismissal: str, goes_on: set[str]) -> None:
    case = run("recall")
    case.do("triage_signal", outcome="not_our_product")
    case.do("confirm_dismissal", dismissal=dismissal)
    assert case.waiting_at == goes_on
    assert goes_on or case.ended_at == {"signal_dismissed"}


def test_every_end_event_was_reached_by_a_test() -> None:
    told = Path(__file__).read_text("utf-8")
    ends = [end for path in DIAGRAMS for end in of_kind(path, "endEvent")]

    assert not [end for end in ends if f'"{end}"' not in told]
