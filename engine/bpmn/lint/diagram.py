"""A diagram as the rules read it: elements, flows, properties, from XML that may say anything."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

from lxml import etree

from engine.bpmn.lint.around import Around
from engine.bpmn.step import Action
from engine.bpmn.xml import BPMN, NAMES

Lookup = Callable[[str], ModuleType | Action | None]
Complaint = tuple[str, str]  # element, sentence

EVENTS = ("startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent")
GATEWAYS = ("exclusiveGateway", "inclusiveGateway", "parallelGateway")
TASKS = ("userTask", "serviceTask", "sendTask", "receiveTask", "businessRuleTask", "callActivity")
NODES = (*EVENTS, "boundaryEvent", *GATEWAYS, *TASKS)
# drawn and connected by other tools, refused by the whitelist
FOREIGN = (
    "task", "manualTask", "scriptTask", "subProcess", "transaction", "adHocSubProcess",
    "complexGateway", "eventBasedGateway",
)  # fmt: skip


@dataclass(frozen=True)
class Flow:
    """One arrow."""

    id: str
    source: str
    target: str
    condition: str | None


def local(element: Any) -> str:
    """Return an element's tag without its namespace; comments have none."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


@dataclass
class Diagram:
    """One process of one file and what lies around it."""

    file: str
    root: etree._Element
    process: etree._Element
    around: Around
    actions: Callable[[str], Action | None] | None = None

    @property
    def id(self) -> str:
        return str(self.process.get("id", ""))

    @cached_property
    def nodes(self) -> dict[str, etree._Element]:
        """Every flow node by id."""
        wanted = {f"{{{BPMN}}}{tag}" for tag in (*NODES, *FOREIGN)}
        return {str(e.get("id", "")): e for e in self.process.iter() if e.tag in wanted}

    def of(self, *tags: str) -> Iterator[tuple[str, etree._Element]]:
        """Yield the nodes with one of `tags`."""
        return ((key, node) for key, node in self.nodes.items() if local(node) in tags)

    def tag(self, node: str) -> str:
        return local(self.nodes[node]) if node in self.nodes else ""

    @cached_property
    def flows(self) -> list[Flow]:
        return [
            Flow(
                id=str(flow.get("id", "")),
                source=str(flow.get("sourceRef", "")),
                target=str(flow.get("targetRef", "")),
                condition=flow.findtext("bpmn:conditionExpression", None, NAMES),
            )
            for flow in self.process.iterfind(".//bpmn:sequenceFlow", NAMES)
        ]

    @cached_property
    def outgoing(self) -> dict[str, list[Flow]]:
        return {node: [f for f in self.flows if f.source == node] for node in self.nodes}

    @cached_property
    def incoming(self) -> dict[str, list[Flow]]:
        return {node: [f for f in self.flows if f.target == node] for node in self.nodes}

    @cached_property
    def successors(self) -> dict[str, list[str]]:
        """Where a token may go next: along arrows, and out of boundary events."""
        after = {n: [f.target for f in out if f.target in self.nodes]
                 for n, out in self.outgoing.items()}  # fmt: skip
        for key, event in self.of("boundaryEvent"):
            after.setdefault(str(event.get("attachedToRef", "")), []).append(key)
        return after

    def reach(self, starts: Iterable[str], *, stop: str | None = None) -> set[str]:
        """Return every node a token at `starts` can come to, not going through `stop`."""
        seen: set[str] = set()
        open_nodes = [node for node in starts if node != stop]
        while open_nodes:
            node = open_nodes.pop()
            if node not in seen:
                seen.add(node)
                open_nodes += [n for n in self.successors.get(node, []) if n != stop]
        return seen

    def properties(self, element: etree._Element) -> dict[str, str]:
        """Return an element's own extension properties."""
        path = "bpmn:extensionElements/spiffworkflow:properties/spiffworkflow:property"
        return {str(p.get("name")): str(p.get("value", ""))
                for p in element.iterfind(path, NAMES)}  # fmt: skip

    @cached_property
    def lane_of(self) -> dict[str, str]:
        refs = self.process.iterfind(".//bpmn:flowNodeRef", NAMES)
        return {str(ref.text).strip(): str(ref.getparent().get("id", "")) for ref in refs}

    def data_inputs(self) -> list[str]:
        return data_names(self.process, "dataInput")

    def data_outputs(self) -> list[str]:
        return data_names(self.process, "dataOutput")


def data_names(process: etree._Element, kind: str) -> list[str]:
    """Return the ids of a process's data inputs or outputs: the library reads the id."""
    found = process.iterfind(f"bpmn:ioSpecification/bpmn:{kind}", NAMES)
    return [str(one.get("id", "")) for one in found]
