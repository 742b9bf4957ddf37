"""Rules on the arrows: where a token can go, and that it always comes out."""

from collections.abc import Iterator
from itertools import combinations

from engine.bpmn.lint.diagram import EVENTS, FOREIGN, TASKS, Complaint, Diagram
from engine.bpmn.lint.writes import written


def one_start_event(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a process without exactly one start."""
    count = len(list(diagram.of("startEvent")))
    if count != 1:
        yield diagram.id, f"It has {count} start events and needs one."


def arrows_join_elements(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse arrows that begin or end nowhere."""
    for flow in diagram.flows:
        if flow.source not in diagram.nodes or flow.target not in diagram.nodes:
            yield flow.id, "This arrow does not join two elements."


def exclusive_gateway_has_a_default(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a choice without a default: no match would stop the case."""
    for key, node in diagram.of("exclusiveGateway"):
        flows = diagram.outgoing[key]
        if len(flows) > 1 and node.get("default") not in {flow.id for flow in flows}:
            yield key, "Mark one of its arrows as the default."


def inclusive_gateway_always_opens_a_branch(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse an inclusive choice that may open no branch."""
    for key, node in diagram.of("inclusiveGateway"):
        flows = diagram.outgoing[key]
        certain = any((flow.condition or "").strip() == "True" for flow in flows)
        default = node.get("default") in {flow.id for flow in flows}
        if len(flows) > 1 and not certain and not default:
            yield key, "Mark a default arrow, or give one arrow the condition True."


def every_choice_has_a_condition(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse arrows out of a choice that neither ask anything nor are the default."""
    for key, node in diagram.of("exclusiveGateway", "inclusiveGateway"):
        flows = diagram.outgoing[key]
        for flow in flows if len(flows) > 1 else ():
            is_default = flow.id == node.get("default")
            if is_default == bool((flow.condition or "").strip()):
                yield key, f"{flow.id} needs a condition, or be the default without one."


def conditions_leave_choices_only(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse conditions and defaults on anything but a choice: the library ignores them."""
    for flow in diagram.flows:
        choice = diagram.tag(flow.source) in ("exclusiveGateway", "inclusiveGateway")
        if flow.condition is not None and not choice:
            yield flow.source, f"The condition on {flow.id} is ignored. Draw a gateway."
    for key, node in diagram.of(*TASKS):
        if node.get("default"):
            yield key, "A default arrow out of a task is ignored. Draw a gateway."


def tasks_neither_split_nor_merge(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse several arrows into or out of a task or event: the library does not split there."""
    for key, _node in diagram.of(*TASKS, *EVENTS, "boundaryEvent", *FOREIGN):
        merges = len(diagram.incoming[key]) > 1 and diagram.tag(key) != "endEvent"
        if len(diagram.outgoing[key]) > 1 or merges:
            yield key, "Split and merge with a gateway."


def every_element_is_reachable(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse elements no token can come to."""
    reached = diagram.reach(key for key, _node in diagram.of("startEvent"))
    for key in diagram.nodes:
        if key not in reached and diagram.tag(key) != "startEvent":
            yield key, "No arrow leads here from the start."


def every_element_leads_to_an_end(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse dead ends."""
    for key in diagram.nodes:
        if not any(diagram.tag(node) == "endEvent" for node in diagram.reach([key])):
            yield key, "No end event can be reached from here."


def loops_are_bounded(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a way back without `max_rounds`: at depth 1000 the library calls a case complete."""
    for key, node in diagram.nodes.items():
        limit = diagram.properties(node).get("max_rounds")
        if limit is not None and (not limit.isdigit() or not 1 <= int(limit) <= 50):
            yield key, "max_rounds is a number from 1 to 50."

    bounded = {k for k, n in diagram.nodes.items() if diagram.properties(n).get("max_rounds")}
    for key in diagram.nodes:
        if key not in bounded and _comes_back(diagram, key, bounded):
            yield key, "A token can come back here. Give the element it returns to max_rounds."
            return  # one loop, one finding: all its elements would say the same


def _comes_back(diagram: Diagram, start: str, without: set[str]) -> bool:
    seen: set[str] = set()
    open_nodes = [n for n in diagram.successors.get(start, []) if n not in without]
    while open_nodes:
        node = open_nodes.pop()
        if node == start:
            return True
        if node not in seen:
            seen.add(node)
            open_nodes += [n for n in diagram.successors.get(node, []) if n not in without]
    return False


def parallel_branches_write_apart(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse two branches that write one variable: the join keeps one and drops the other."""
    for key, _node in diagram.of("parallelGateway", "inclusiveGateway"):
        branches = [(flow.id, diagram.reach([flow.target], stop=key))
                    for flow in diagram.outgoing[key]]  # fmt: skip
        for (_a, left), (_b, right) in combinations(branches, 2):
            one = {name for node in left - right for name in written(diagram, node).all}
            other = {name for node in right - left for name in written(diagram, node).all}
            for name in sorted(one & other):
                yield key, f"Two of its branches write {name}. Give each a variable of its own."
