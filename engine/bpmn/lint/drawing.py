"""Rules on the drawing itself: a diagram is read by people."""

from collections.abc import Iterator

from engine.bpmn.lint.diagram import Complaint, Diagram
from engine.bpmn.xml import NAMES


def one_pool(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse anything but one collaboration with one participant: lanes draw only in a pool."""
    participants = diagram.root.findall("bpmn:collaboration/bpmn:participant", NAMES)
    processes = diagram.root.findall("bpmn:process", NAMES)
    if len(processes) != 1:
        yield diagram.id, f"The file holds {len(processes)} processes: one file, one process."
    if [p.get("processRef") for p in participants] != [diagram.id]:
        yield diagram.id, "Draw it in one collaboration with one participant, its own pool."


def one_lane_set(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a diagram without lanes, or with lanes in lanes."""
    if len(diagram.process.findall(".//bpmn:laneSet", NAMES)) != 1:
        yield diagram.id, "Give the pool one set of lanes; a lane's id is a role."
    if diagram.process.find(".//bpmn:childLaneSet", NAMES) is not None:
        yield diagram.id, "A lane holds no further lanes: a task has one role."


def every_element_sits_in_a_lane(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse elements outside the lanes."""
    for key in diagram.nodes:
        if key not in diagram.lane_of:
            yield key, "Put it in a lane."


def every_element_is_drawn(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse elements and arrows without a place in the drawing."""
    drawn = {e.get("bpmnElement") for tag in ("BPMNShape", "BPMNEdge")
             for e in diagram.root.iterfind(f".//bpmndi:{tag}", NAMES)}  # fmt: skip
    lanes = [lane.get("id") for lane in diagram.process.iterfind(".//bpmn:lane", NAMES)]
    pools = [p.get("id") for p in diagram.root.iterfind(".//bpmn:participant", NAMES)]
    flows = [flow.id for flow in diagram.flows]
    for key in (*diagram.nodes, *flows, *lanes, *pools):
        if key not in drawn:
            yield str(key), "It has no place in the drawing (BPMN DI)."
