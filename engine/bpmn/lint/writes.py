"""Which variables each element writes, from its form, action, decision table or called process."""

from dataclasses import dataclass

from engine.bpmn.lint.around import called_diagram, decision_table, form_fields, form_table
from engine.bpmn.lint.diagram import Diagram, data_names
from engine.bpmn.lint.tables import Table
from engine.bpmn.xml import NAMES


@dataclass(frozen=True)
class Writes:
    """What an element writes always, what perhaps; `known` is False when nobody can tell."""

    always: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    known: bool = True

    @property
    def all(self) -> frozenset[str]:
        return self.always | self.perhaps


UNKNOWN = Writes(known=False)


def written(diagram: Diagram, key: str) -> Writes:
    """Return what the element `key` writes into the diagram's variables."""
    tag, node = diagram.tag(key), diagram.nodes[key]
    by_tag = {
        "userTask": _form,
        "startEvent": _start_form,
        "serviceTask": _action,
        "businessRuleTask": _decision,
        "callActivity": _called,
    }
    writes = by_tag[tag](diagram, key) if tag in by_tag else Writes()
    # what a message brings is said by the element that waits for it
    named = {word.strip() for word in diagram.properties(node).get("writes", "").split(",")}
    always = writes.always | (named - {""})
    if node.find("bpmn:multiInstanceLoopCharacteristics", NAMES) is not None:
        return Writes(frozenset(), always | writes.perhaps, writes.known)
    return Writes(always, writes.perhaps, writes.known)


def _form(diagram: Diagram, key: str) -> Writes:
    table = form_table(diagram.around, diagram.id, key)
    if table is None:
        return UNKNOWN
    names = {str(f["variable"]) for f in form_fields(table) if f.get("variable")}
    return Writes(frozenset(names))


def _start_form(diagram: Diagram, key: str) -> Writes:
    found = form_table(diagram.around, diagram.id, key)
    return Writes() if found is None else _form(diagram, key)


def _action(diagram: Diagram, key: str) -> Writes:
    action = diagram.actions(key) if diagram.actions else None
    if action is None:
        return UNKNOWN
    return Writes(frozenset(action.result().fields))


def _decision(diagram: Diagram, key: str) -> Writes:
    root = decision_table(diagram.around, diagram.id, key)
    table = Table.of(root) if root is not None else None
    return UNKNOWN if table is None else Writes(frozenset(table.outputs))


def _called(diagram: Diagram, key: str) -> Writes:
    called = called_diagram(diagram.around, str(diagram.nodes[key].get("calledElement", "")))
    process = called.find("bpmn:process", NAMES) if called is not None else None
    return UNKNOWN if process is None else Writes(frozenset(data_names(process, "dataOutput")))
