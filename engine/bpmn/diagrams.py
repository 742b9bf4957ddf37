"""A running diagram as people look at it: what is done, where it stands, the drawing itself."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from lxml import etree
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn import library, projections, spiff
from engine.bpmn.models import Definition, Incident, Instance, Token
from engine.bpmn.step import element_id_of
from engine.bpmn.xml import NAMES, read_xml
from engine.errors import NotFound

State = Literal["done", "now", "incident"]


class NoDrawing(NotFound):
    """This version has no diagram of that name."""


@dataclass(frozen=True)
class Mark:
    """What happened at one element; `token_count` is how many tokens stand there now."""

    element_id: str
    state: State
    token_count: int = 0


@dataclass(frozen=True)
class Drawn:
    """One diagram of an instance, its own or one it called, with a mark where it has been."""

    process: str
    name: str
    version: str
    definition_id: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class PlannedTask:
    """A user task as the diagram draws it."""

    process: str
    element_id: str
    name: str
    role: str


@dataclass(frozen=True)
class _Drawing:
    """What one diagram says of itself: its name, its user tasks and whom it calls."""

    name: str
    steps: tuple[PlannedTask | str, ...]  # in the order of the flow; a text is the process called

    @property
    def calls(self) -> tuple[str, ...]:
        """Return the processes it calls."""
        return tuple(one for one in self.steps if isinstance(one, str))


_read: dict[str, dict[str, _Drawing]] = {}  # by the closure's sha256: what it names never changes


def drawn(db: Session, instance: Instance) -> list[Drawn]:
    """Return the diagram of an instance and those it has called, the called ones after."""
    definition = library.definition(db, instance.definition_id)
    workflow = spiff.load(
        instance.state,
        instance.state_sha256,
        instance.engine_version,
        spec_gz=library.spec_gz(definition),
        process=instance.process,
        engine=PythonScriptEngine(),  # nothing runs: the state is only looked at
    )
    drawings = _drawings(definition)
    done: dict[str, set[str]] = {instance.process: set()}
    for task in projections.all_tasks(workflow, TaskState.COMPLETED):
        done.setdefault(task.workflow.spec.name, set()).add(element_id_of(task.task_spec))
    return [
        Drawn(
            process=process,
            name=drawings[process].name,
            version=definition.version,
            definition_id=definition.id,
            marks=tuple(_marks(db, instance, process, elements)),
        )
        for process, elements in done.items()
    ]


def _marks(db: Session, instance: Instance, process: str, done: set[str]) -> Iterable[Mark]:
    tokens = Counter(
        db.scalars(
            select(Token.element_id).where(
                Token.instance_id == instance.id, Token.process == process
            )
        )
    )
    broken = set(
        db.scalars(
            select(Incident.element_id).where(
                Incident.instance_id == instance.id,
                Incident.process == process,
                Incident.resolved_at.is_(None),
            )
        )
    )
    for element in sorted(done - set(tokens) - broken):
        yield Mark(element, "done")
    for element, count in sorted(tokens.items()):
        yield Mark(element, "incident" if element in broken else "now", count)


def user_tasks(db: Session, instance: Instance) -> list[PlannedTask]:
    """Return every user task of an instance's diagram and of those it calls, in flow order."""
    drawings = _drawings(library.definition(db, instance.definition_id))
    return list(dict.fromkeys(_planned(drawings, instance.process)))


def _planned(drawings: Mapping[str, _Drawing], process: str) -> Iterable[PlannedTask]:
    if process not in drawings:
        raise NoDrawing
    for step in drawings[process].steps:
        if isinstance(step, str):
            yield from _planned(drawings, step)
        else:
            yield step


def drawing(db: Session, definition_id: int, process: str) -> str:
    """Return the BPMN text of one process of a definition; raises `NoDrawing`."""
    definition = library.definition(db, definition_id)
    for path, content in definition.files.items():
        if path.endswith(f"{process}/{process}.bpmn"):
            return str(content)
    raise NoDrawing


def _drawings(definition: Definition) -> Mapping[str, _Drawing]:
    """Return what the diagrams of a version say; they are read once."""
    if definition.sha256 not in _read:
        _read[definition.sha256] = {
            process: _drawing(process, read_xml(content.encode(), path))
            for path, content in definition.files.items()
            if path.endswith(".bpmn")
            for process in [PurePosixPath(path).stem]
        }
    return _read[definition.sha256]


def _drawing(process: str, root: etree._Element) -> _Drawing:
    element = root.find(".//bpmn:process", NAMES)
    roles = spiff.lane_roles(root)
    return _Drawing(
        name=process if element is None else str(element.get("name")),
        steps=tuple(
            node.get("calledElement")
            if node.tag.endswith("}callActivity")
            else PlannedTask(
                process, node.get("id"), node.get("name"), roles.get(node.get("id"), "")
            )
            for node in _in_flow_order(root)
            if node.tag.endswith(("}userTask", "}callActivity"))
        ),
    )


def _in_flow_order(root: etree._Element) -> list[etree._Element]:
    """Return the nodes of a diagram, each after all that leads to it; loops lead nowhere new."""
    nodes = {one.get("id"): one for one in root.iterfind(".//bpmn:process//*[@id]", NAMES)}
    after: dict[str, list[str]] = {}
    for flow in root.iterfind(".//bpmn:sequenceFlow", NAMES):
        after.setdefault(flow.get("sourceRef"), []).append(flow.get("targetRef"))
    for edge in root.iterfind(".//bpmn:boundaryEvent", NAMES):
        after.setdefault(edge.get("attachedToRef"), []).append(edge.get("id"))
    left: list[str] = []
    seen: set[str] = set()

    def walk(node: str) -> None:
        if node in seen:
            return
        seen.add(node)
        for following in reversed(after.get(node, [])):
            walk(following)
        left.append(node)

    starts = [one.get("id") for one in root.iterfind(".//bpmn:startEvent", NAMES)]
    for node in [*reversed([one for one in nodes if one not in starts]), *reversed(starts)]:
        if node in starts or not any(node in following for following in after.values()):
            walk(node)
    ordered = [nodes[one] for one in reversed(left)]
    return ordered + [node for name, node in nodes.items() if name not in seen]
