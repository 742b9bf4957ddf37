"""Rules on what may be drawn at all: a whitelist, because the library drops the rest silently."""

from collections.abc import Iterator

from lxml import etree

from engine.bpmn.lint.around import called_diagram
from engine.bpmn.lint.diagram import NODES, Complaint, Diagram, local
from engine.bpmn.xml import BPMN, NAMES, SPIFF

PARTS = frozenset({
    *NODES, "documentation", "extensionElements", "laneSet", "lane", "flowNodeRef", "sequenceFlow",
    "conditionExpression", "incoming", "outgoing", "ioSpecification", "dataInput", "dataOutput",
    "inputSet", "outputSet", "dataInputRefs", "dataOutputRefs", "multiInstanceLoopCharacteristics",
    "loopCardinality", "loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem",
    "completionCondition", "timerEventDefinition", "timeDate", "timeDuration",
    "messageEventDefinition", "textAnnotation", "text", "association", "group",
})  # fmt: skip
# each has a rule of its own, with a sentence that helps
SPOKEN_FOR = frozenset({
    "scriptTask", "script", "signalEventDefinition", "linkEventDefinition", "timeCycle",
    "compensateEventDefinition", "standardLoopCharacteristics", "loopCondition",
})  # fmt: skip


def _owner(diagram: Diagram, element: etree._Element) -> str:
    """Return the id of the drawn element that `element` belongs to."""
    for one in (element, *element.iterancestors()):
        if one is diagram.process or one.get("id") in diagram.nodes:
            return str(one.get("id", ""))
    return diagram.id


def known_elements_only(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse every element the runner was not tried with."""
    for element in diagram.process.iter(f"{{{BPMN}}}*"):
        tag = local(element)
        event_subprocess = tag == "subProcess" and element.get("triggeredByEvent") == "true"
        if element is diagram.process or event_subprocess or tag in PARTS | SPOKEN_FOR:
            continue
        yield _owner(diagram, element), f"{tag} does not run here. Draw it with other elements."


def no_event_subprocess(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse event subprocesses: they start at the wrong time and change the shared spec."""
    for element in diagram.process.iterfind(".//bpmn:subProcess", NAMES):
        if element.get("triggeredByEvent") == "true":
            yield str(element.get("id", "")), "Open a child with a diagram of its own instead."


def no_compensation(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse compensation: the library ignores it."""
    for element in diagram.process.iter(f"{{{BPMN}}}*"):
        undo = element.get("isForCompensation") == "true"
        if undo or local(element) == "compensateEventDefinition":
            yield _owner(diagram, element), "Draw the undoing as ordinary tasks behind a gateway."


def no_link_event(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse link events: a token that reaches one is lost."""
    for element in diagram.process.iterfind(".//bpmn:linkEventDefinition", NAMES):
        yield _owner(diagram, element), "Draw the arrow."


def no_signal(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse signals: as an end event they do nothing, and they reach only one instance."""
    for element in diagram.process.iterfind(".//bpmn:signalEventDefinition", NAMES):
        yield _owner(diagram, element), "Send a message to the case it is meant for."


def no_script(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse scripts of every kind: they would run as Python with all rights."""
    scripts = list(diagram.process.iter(f"{{{BPMN}}}scriptTask"))
    for tag in ("preScript", "postScript"):
        scripts += diagram.process.iter(f"{{{SPIFF}}}{tag}")
    for element in scripts:
        yield _owner(diagram, element), "Write an action and draw a service task."


def no_repetition_of_one_task(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse the loop marker: a bounded arrow back shows what happens."""
    for element in diagram.process.iterfind(".//bpmn:standardLoopCharacteristics", NAMES):
        yield _owner(diagram, element), "Draw the loop as an arrow back with max_rounds."


def instances_are_bounded(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse multi-instance without a bound of at most 50: its state grows with the square."""
    path = ".//bpmn:multiInstanceLoopCharacteristics"
    for element in diagram.process.iterfind(path, NAMES):
        owner = _owner(diagram, element)
        cardinality = (element.findtext("bpmn:loopCardinality", "", NAMES) or "").strip()
        node = diagram.nodes.get(owner)
        bound = diagram.properties(node).get("max_instances", "") if node is not None else ""
        bound = bound or cardinality
        if not bound.isdigit() or not 1 <= int(bound) <= 50:
            yield owner, "Give it the property max_instances (at most 50), or open children."


def messages_are_named(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a receive task or message event without a message: it would wait for anything."""
    messages = {m.get("id"): m.get("name") for m in diagram.root.iterfind("bpmn:message", NAMES)}
    found = diagram.process.iterfind(".//bpmn:messageEventDefinition", NAMES)
    events = [(_owner(diagram, event), event.get("messageRef")) for event in found]
    events += [(key, node.get("messageRef")) for key, node in diagram.of("receiveTask")]
    for owner, reference in events:
        if not messages.get(reference):
            yield owner, "Name the message it waits for."


def events_are_of_a_known_kind(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse events that carry none, several, or the wrong kind of definition."""
    allowed: dict[str, set[tuple[str, ...]]] = {
        "startEvent": {()},
        "endEvent": {()},
        "intermediateThrowEvent": {()},
        "intermediateCatchEvent": {("timer",), ("message",)},
        "boundaryEvent": {("timer",), ("message",)},
    }
    for key, node in diagram.of(*allowed):
        kinds = tuple(local(e).removesuffix("EventDefinition") for e in node
                      if local(e).endswith("EventDefinition"))  # fmt: skip
        if kinds not in allowed[local(node)] and not set(kinds) & {"signal", "link", "compensate"}:
            yield key, f"A {local(node)} cannot be of the kind {', '.join(kinds) or 'none'}."


def call_activity_names_a_process(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a call of a diagram that is not there."""
    for key, node in diagram.of("callActivity"):
        name = node.get("calledElement", "")
        if called_diagram(diagram.around, name) is None:
            yield key, f"There is no diagram workflows/{name}/{name}.bpmn."


def call_activity_has_an_io_specification(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a called process that does not declare what goes in or comes out."""
    path = "bpmn:process/bpmn:ioSpecification"
    for key, node in diagram.of("callActivity"):
        called = called_diagram(diagram.around, node.get("calledElement", ""))
        if called is not None and called.find(path, NAMES) is None:
            yield key, "What it calls copies all data both ways: give that an ioSpecification."
