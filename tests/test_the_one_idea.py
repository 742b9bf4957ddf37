"""The id in the diagram is the file name: proved both ways, so an orphan fails too."""

import ast
import tomllib
from pathlib import Path

import pytest

from tests.support.diagrams import Diagram, diagrams
from tests.support.tree import ROOT, here

WORDS = (".subject.txt", ".txt", ".html")  # a mail has all three
each_diagram = pytest.mark.parametrize("diagram", diagrams(), ids=lambda diagram: diagram.process)


def stems(folder: Path, suffix: str) -> set[str]:
    return {path.name.removesuffix(suffix) for path in folder.glob(f"*{suffix}")}


def same(*, drawn: set[str], filed: set[str], file: str) -> None:
    """Compare ids with files; `file` is the path with `{}` for the id."""
    wanted = [f"add {file.format(name)}: the diagram names {name}" for name in drawn - filed]
    orphans = [f"no diagram names {name}: remove {file.format(name)}" for name in filed - drawn]
    unmatched = sorted(wanted + orphans)
    assert not unmatched, "\n".join(unmatched)


def test_there_are_diagrams() -> None:
    assert diagrams(), "workflows/<process>/<process>.bpmn: there is none"


@each_diagram
def test_a_process_is_named_by_its_file(diagram: Diagram) -> None:
    assert diagram.path == ROOT / "workflows" / diagram.process / f"{diagram.process}.bpmn"


@each_diagram
def test_a_process_says_what_it_is(diagram: Diagram) -> None:
    said = {"name": diagram.name, "documentation": diagram.documentation, "version tag":
            diagram.version}  # fmt: skip
    unsaid = [what for what, words in said.items() if not words]
    assert not unsaid, f"{here(diagram.path)}: give the process its {', '.join(unsaid)}"


@each_diagram
def test_every_user_task_has_its_form_and_every_form_its_task(diagram: Diagram) -> None:
    folder = ROOT / "forms" / diagram.process
    filed = stems(folder, ".toml")
    # only a process that people start asks something at its start
    starts = diagram.of("startEvent") & filed
    same(
        drawn=diagram.of("userTask") | starts,
        filed=filed,
        file=f"forms/{diagram.process}/{{}}.toml",
    )


def test_every_form_belongs_to_a_process() -> None:
    processes = {diagram.process for diagram in diagrams()}
    filed = {path.parent.name for path in (ROOT / "forms").glob("*/*.toml")}
    assert filed <= processes | {"kinds"}, f"no diagram for forms/{filed - processes}"


@each_diagram
def test_every_decision_has_its_table_and_every_table_its_decision(diagram: Diagram) -> None:
    same(
        drawn=diagram.of("businessRuleTask"),
        filed=stems(diagram.path.parent, ".dmn"),
        file=f"workflows/{diagram.process}/{{}}.dmn",
    )


def test_every_service_task_has_its_verb_and_every_verb_its_task() -> None:
    drawn = set[str]().union(*(diagram.of("serviceTask") for diagram in diagrams()))
    filed = stems(ROOT / "engine/actions", ".py") - {"__init__", "lookup"}
    same(drawn=drawn, filed=filed, file="engine/actions/{}.py")


@pytest.mark.parametrize(
    "path",
    [p for p in sorted((ROOT / "engine/actions").glob("*.py")) if p.stem not in
     {"__init__", "lookup"}],
    ids=lambda path: path.stem,
)  # fmt: skip
def test_a_verb_is_the_function_its_file_is_named_by(path: Path) -> None:
    body = ast.parse(path.read_text("utf-8")).body
    functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    classes = {node.name for node in body if isinstance(node, ast.ClassDef)}
    assert path.stem in functions, f"{here(path)}: write def {path.stem}(step, …) -> dict"
    assert {"Parameters", "Result"} <= classes, f"{here(path)}: say Parameters and Result"


@each_diagram
def test_every_send_task_has_its_words(diagram: Diagram) -> None:
    for task in diagram.of("sendTask"):
        for suffix in WORDS:
            path = ROOT / "notifications" / diagram.process / f"{task}{suffix}"
            assert path.exists(), f"add {here(path)}: the diagram names {task}"


def test_every_mail_of_a_process_has_its_send_task() -> None:
    for diagram in diagrams():
        folder = ROOT / "notifications" / diagram.process
        for path in sorted(folder.glob("*.*")):
            name = path.name.split(".", 1)[0]
            assert name in diagram.of("sendTask"), f"no send task {name}: remove {here(path)}"


@each_diagram
def test_every_document_has_its_layout(diagram: Diagram) -> None:
    folder = ROOT / "engine/evidence/layouts" / diagram.process
    same(
        drawn=diagram.documents,
        filed={name for name in stems(folder, ".html") if not name.startswith("_")},
        file=f"engine/evidence/layouts/{diagram.process}/{{}}.html",
    )


@each_diagram
def test_every_lane_is_a_role_people_can_hold(diagram: Diagram) -> None:
    roles = set(tomllib.loads((ROOT / "engine/people/roles.toml").read_text("utf-8")))
    assert diagram.lanes <= roles, f"{here(diagram.path)}: no role {diagram.lanes - roles}"


@each_diagram
def test_every_process_has_its_story(diagram: Diagram) -> None:
    story = ROOT / "tests/processes" / f"test_{diagram.process}.py"
    assert story.exists(), f"tell the story of {diagram.process} in {here(story)}"


@each_diagram
def test_every_called_process_is_drawn(diagram: Diagram) -> None:
    processes = {other.process for other in diagrams()}
    missing = diagram.called - processes
    assert not missing, f"{here(diagram.path)} calls {missing}: draw it"
