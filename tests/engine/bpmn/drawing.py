"""Small diagrams for tests: a process in a few lines, drawn with pool, lane and layout."""

from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import quoteattr

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"'
    ' xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"'
    ' xmlns:di="http://www.omg.org/spec/DD/20100524/DI"'
    ' xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' id="definitions" targetNamespace="urn:holdfast:test">\n'
)


@dataclass
class Node:
    tag: str
    id: str
    to: list[tuple[str, str | None]] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    inner: str = ""
    attributes: str = ""
    lane: str = "qa_engineer"


def _to(to: Any) -> list[tuple[str, str | None]]:
    if to is None:
        return []
    return [(to, None)] if isinstance(to, str) else list(to)


def node(tag: str, id: str, to: Any = None, *, inner="", attributes="", lane="qa_engineer", **more):
    properties = {name.replace("__", "."): value for name, value in more.items()}
    return Node(tag, id, _to(to), properties, inner, attributes, lane)


def start(id, to):
    return node("startEvent", id, to)


def end(id="done"):
    return node("endEvent", id)


def user(id, to, *, sla="PT4H", **more):
    return node("userTask", id, to, sla=sla, **more)


def service(id, to, **more):
    return node("serviceTask", id, to, **more)


def call(id, process, to):
    return node("callActivity", id, to, attributes=f' calledElement="{process}"')


def xor(id, *to, **more):
    """The last way is the default."""
    attributes = f' default="{id}_to_{to[-1][0]}"' if len(to) > 1 else ""
    return node("exclusiveGateway", id, to, attributes=attributes, **more)


def both(id, *to):
    return node("parallelGateway", id, [(one, None) for one in to])


def any_of(id, *to):
    return node("inclusiveGateway", id, to)


def timer(text, tag="timeDuration"):
    return f"<bpmn:timerEventDefinition><bpmn:{tag}>{text}</bpmn:{tag}></bpmn:timerEventDefinition>"


def boundary(id, of, to, *, after, interrupting=False):
    cancels = "true" if interrupting else "false"
    attributes = f' attachedToRef="{of}" cancelActivity="{cancels}"'
    return node("boundaryEvent", id, to, inner=timer(after), attributes=attributes)


def catch(id, message, to, **more):
    inner = f'<bpmn:messageEventDefinition messageRef="message_{message}" />'
    return node("intermediateCatchEvent", id, to, inner=inner, **more)


def process(id, *nodes, inputs=(), outputs=(), messages=(), version="1", owner=None):
    """Return the XML of one diagram."""
    parts = [HEAD]
    parts += [f'<bpmn:message id="message_{m}" name="{m}" />' for m in messages]
    parts.append(
        f'<bpmn:collaboration id="{id}_collaboration"><bpmn:participant id="{id}_pool"'
        f' name="{id}" processRef="{id}" /></bpmn:collaboration>\n'
        f'<bpmn:process id="{id}" name="{id}" isExecutable="true">'
        f"<bpmn:documentation>What {id} is for.</bpmn:documentation>"
    )
    own = {"version_tag": version} | ({"owner": owner} if owner else {})
    parts.append(_properties(own))
    parts.append(_io(inputs, outputs))
    lanes = dict.fromkeys(one.lane for one in nodes)
    parts.append('<bpmn:laneSet id="lanes">')
    for lane in lanes:
        refs = "".join(
            f"<bpmn:flowNodeRef>{n.id}</bpmn:flowNodeRef>" for n in nodes if n.lane == lane
        )
        parts.append(f'<bpmn:lane id="{lane}" name="Lane of {lane}">{refs}</bpmn:lane>')
    parts.append("</bpmn:laneSet>\n")
    parts += [_node(one, nodes) for one in nodes]
    parts += [_flow(one, way) for one in nodes for way in one.to]
    parts.append("</bpmn:process>\n")
    parts.append(_drawing(id, nodes, lanes))
    return "".join(parts) + "</bpmn:definitions>\n"


def _properties(properties):
    if not properties:
        return ""
    inner = "".join(
        f"<spiffworkflow:property name={quoteattr(k)} value={quoteattr(v)} />"
        for k, v in properties.items()
    )
    return (
        "<bpmn:extensionElements><spiffworkflow:properties>"
        f"{inner}</spiffworkflow:properties></bpmn:extensionElements>"
    )


def _io(inputs, outputs):
    if not inputs and not outputs:
        return ""
    parts = [f'<bpmn:dataInput id="{n}" name="{n}" />' for n in inputs]
    parts += [f'<bpmn:dataOutput id="{n}" name="{n}" />' for n in outputs]
    ins = "".join(f"<bpmn:dataInputRefs>{n}</bpmn:dataInputRefs>" for n in inputs)
    outs = "".join(f"<bpmn:dataOutputRefs>{n}</bpmn:dataOutputRefs>" for n in outputs)
    parts.append(f"<bpmn:inputSet>{ins}</bpmn:inputSet><bpmn:outputSet>{outs}</bpmn:outputSet>")
    return f"<bpmn:ioSpecification>{''.join(parts)}</bpmn:ioSpecification>"


def _node(one, nodes):
    ways_in = [f"{n.id}_to_{t}" for n in nodes for t, _c in n.to if t == one.id]
    ways_out = [f"{one.id}_to_{t}" for t, _c in one.to]
    arrows = "".join(f"<bpmn:incoming>{w}</bpmn:incoming>" for w in ways_in)
    arrows += "".join(f"<bpmn:outgoing>{w}</bpmn:outgoing>" for w in ways_out)
    name = one.id.replace("_", " ").capitalize()
    return (
        f'<bpmn:{one.tag} id="{one.id}" name="{name}"{one.attributes}>'
        f"{_properties(one.properties)}{arrows}{one.inner}</bpmn:{one.tag}>\n"
    )


def _flow(one, way):
    target, condition = way
    head = f'<bpmn:sequenceFlow id="{one.id}_to_{target}" sourceRef="{one.id}" targetRef="{target}"'
    if condition is None:
        return head + " />\n"
    text = condition.replace("&", "&amp;").replace("<", "&lt;")
    expression = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{text}'
    return f"{head}>{expression}</bpmn:conditionExpression></bpmn:sequenceFlow>\n"


def _drawing(id, nodes, lanes):
    places = {one.id: 100 + 150 * i for i, one in enumerate(nodes)}
    parts = [
        f'<bpmndi:BPMNDiagram id="diagram"><bpmndi:BPMNPlane bpmnElement="{id}_collaboration">'
    ]
    for key in (f"{id}_pool", *lanes, *places):
        x = places.get(key, 0)
        parts.append(
            f'<bpmndi:BPMNShape id="{key}_shape" bpmnElement="{key}">'
            f'<dc:Bounds x="{x}" y="100" width="100" height="80" /></bpmndi:BPMNShape>'
        )
    for one in nodes:
        for target, _condition in one.to:
            key = f"{one.id}_to_{target}"
            points = "".join(
                f'<di:waypoint x="{places.get(p, 0)}" y="140" />' for p in (one.id, target)
            )
            parts.append(
                f'<bpmndi:BPMNEdge id="{key}_edge" bpmnElement="{key}">{points}</bpmndi:BPMNEdge>'
            )
    return "".join(parts) + "</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>\n"


def decision(id, inputs, outputs, rules, *, policy="UNIQUE"):
    """Return the XML of one decision table: inputs are (name, declared values)."""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"'
        f' namespace="urn:holdfast:test"><decision id="{id}" name="{id}">'
        f'<decisionTable id="{id}_table" hitPolicy="{policy}">'
    )
    parts = [head]
    for name, values in inputs:
        declared = f"<inputValues id='{name}_values'><text>{values}</text></inputValues>"
        parts.append(
            f'<input id="{name}_input"><inputExpression id="{name}_expression" typeRef="string">'
            f"<text>{name}</text></inputExpression>{declared if values else ''}</input>"
        )
    parts += [f'<output id="{n}_output" name="{n}" typeRef="string" />' for n in outputs]
    for rule, cells in rules.items():
        parts.append(f'<rule id="{rule}">')
        for i, cell in enumerate(cells):
            kind = "inputEntry" if i < len(inputs) else "outputEntry"
            text = cell.replace("&", "&amp;").replace("<", "&lt;")
            parts.append(f'<{kind} id="{rule}_{i}"><text>{text}</text></{kind}>')
        parts.append("</rule>")
    return "".join(parts) + "</decisionTable></decision></definitions>\n"
