"""Rules on decision tables: every combination of inputs has its answer, proven by trying all."""

from collections.abc import Iterator
from math import prod

from engine.bpmn.lint.around import decision_table
from engine.bpmn.lint.diagram import Complaint, Diagram
from engine.bpmn.lint.tables import Table

MAX_COMBINATIONS = 10_000


def _tables(diagram: Diagram) -> Iterator[tuple[str, Table]]:
    for key, _node in diagram.of("businessRuleTask"):
        root = decision_table(diagram.around, diagram.id, key)
        table = Table.of(root) if root is not None else None
        if table is not None:
            yield key, table


def business_rule_task_has_a_table(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a business rule task without its decision table."""
    found = dict(_tables(diagram))
    for key, _node in diagram.of("businessRuleTask"):
        if key not in found:
            yield key, f"Write its decision table, workflows/{diagram.id}/{key}.dmn."
        elif found[key].id != key:
            yield key, f"The decision in {key}.dmn has the id {found[key].id}: call it {key}."


def hit_policy_is_unique_or_first(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse every other policy: the library takes them all for "first match"."""
    for key, table in _tables(diagram):
        if table.hit_policy not in ("UNIQUE", "FIRST"):
            yield key, f"The hit policy {table.hit_policy} does not run here: UNIQUE or FIRST."


def decision_inputs_are_declared(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse inputs whose values are not listed: nobody could prove the table complete."""
    for key, table in _tables(diagram):
        for column in table.inputs:
            if not column.expression.isidentifier():
                yield key, f"The input {column.expression!r} is not the name of a variable."
            elif not column.values():
                yield key, f"List the values of the input {column.expression} (inputValues)."


def decision_is_complete(diagram: Diagram) -> Iterator[Complaint]:
    """Refuse a table with no rule for some input, or several where UNIQUE says one."""
    for key, table in _tables(diagram):
        sizes = [len(column.values() or []) for column in table.inputs]
        if 0 in sizes or prod(sizes) > MAX_COMBINATIONS:
            if prod(sizes) > MAX_COMBINATIONS:
                yield key, f"It has more than {MAX_COMBINATIONS} combinations of inputs."
            continue
        yield from ((key, sentence) for sentence in _gaps(table))


def _gaps(table: Table) -> Iterator[str]:
    for names in table.combinations():
        try:
            matching = table.matching(names)
        except ValueError as error:
            yield f"A cell cannot be worked out: {error}"
            return
        shown = ", ".join(f"{name}={value}" for name, value in names.items())
        if not matching:
            yield f"No rule answers to {shown}."
        elif len(matching) > 1 and table.hit_policy == "UNIQUE":
            yield f"The rules {', '.join(matching)} all answer to {shown}."
