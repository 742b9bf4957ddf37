"""Where a diagram holds expressions."""

from collections.abc import Iterator

from engine.bpmn import decisions
from engine.bpmn.lint.around import decision_table
from engine.bpmn.lint.diagram import Diagram
from engine.bpmn.lint.tables import Table
from engine.bpmn.step import PARAMETER
from engine.bpmn.xml import NAMES, SPIFF
from forms import expressions

TIMES = ("timeDate", "timeDuration")
COUNTS = ("loopCardinality", "completionCondition")


def expressions_of(diagram: Diagram) -> Iterator[tuple[str, str]]:
    """Yield (element, expression) for every place of the diagram that holds an expression."""
    for flow in diagram.flows:
        if flow.condition is not None:
            yield flow.source, flow.condition
    for key, node in diagram.nodes.items():
        for tag in (*TIMES, *COUNTS):
            yield from ((key, e.text or "") for e in node.iterfind(f".//bpmn:{tag}", NAMES))
        for name, value in diagram.properties(node).items():
            if name.startswith(PARAMETER) or name == "key":
                yield key, value
        for tag in ("expression", "messagePayload"):
            yield from ((key, e.text or "") for e in node.iter(f"{{{SPIFF}}}{tag}"))
    yield from ((diagram.id, text) for text in _correlations(diagram))


def _correlations(diagram: Diagram) -> Iterator[str]:
    path = ".//bpmn:correlationPropertyRetrievalExpression"
    for element in diagram.root.iterfind(path, NAMES):
        yield from (child.text or "" for child in element)


def cells_of(diagram: Diagram, key: str) -> Iterator[str]:
    """Yield every expression of the decision table of one business rule task."""
    root = decision_table(diagram.around, diagram.id, key)
    table = Table.of(root) if root is not None else None
    if table is None:
        return
    yield from (column.expression for column in table.inputs)
    for rule in table.rules:
        for column, cell in zip(table.inputs, rule.cells, strict=False):
            try:
                asked = decisions.condition(column.expression, cell)
            except expressions.ExpressionRefused:
                asked = cell
            if asked is not None:
                yield asked
        yield from (output for output in rule.outputs if output)
