"""A decision file as the rules read it, in any of the DMN namespaces."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Self

from lxml import etree

from engine.bpmn import decisions
from engine.bpmn.lint.diagram import local
from forms import expressions


@dataclass(frozen=True)
class Input:
    """One column a table asks for, with the values it declares."""

    expression: str
    type: str
    declared: str | None

    def values(self) -> list[Any] | None:
        """Return every value the input can take, or None when they are not declared."""
        if self.declared:
            words = re.sub(r"\btrue\b", "True", re.sub(r"\bfalse\b", "False", self.declared))
            try:
                return list(expressions.evaluate(f"[{words}]", {}))
            except ValueError:
                return None
        return [True, False] if self.type == "boolean" else None


@dataclass(frozen=True)
class Rule:
    """One row."""

    id: str
    cells: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """One decision table."""

    id: str
    hit_policy: str
    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, root: etree._Element) -> Self | None:
        """Return the first table of a decision file, or None when it holds none."""
        tables = [one for one in root.iter() if local(one) == "decisionTable"]
        if not tables:
            return None
        table = tables[0]
        return cls(
            id=str(table.getparent().get("id", "")),
            hit_policy=str(table.get("hitPolicy", "UNIQUE")),
            inputs=tuple(_input(one) for one in _children(table, "input")),
            outputs=tuple(str(one.get("name", "")) for one in _children(table, "output")),
            rules=tuple(_rule(one) for one in _children(table, "rule")),
        )

    def matching(self, names: dict[str, Any]) -> list[str]:
        """Return the ids of the rules that answer to `names`."""
        return [
            rule.id
            for rule in self.rules
            if all(
                decisions.matches(column.expression, cell, names)
                for column, cell in zip(self.inputs, rule.cells, strict=False)
            )
        ]

    def combinations(self) -> Iterator[dict[str, Any]]:
        """Yield every combination of declared values."""
        domains = [column.values() or [] for column in self.inputs]
        for values in product(*domains):
            yield {c.expression: v for c, v in zip(self.inputs, values, strict=True)}


def _children(element: etree._Element, tag: str) -> Iterator[etree._Element]:
    return (child for child in element if local(child) == tag)


def _text(element: etree._Element) -> str:
    found = next((child for child in element if local(child) == "text"), None)
    return "" if found is None else (found.text or "").strip()


def _input(element: etree._Element) -> Input:
    expression = next(_children(element, "inputExpression"), None)
    values = next(_children(element, "inputValues"), None)
    return Input(
        expression="" if expression is None else _text(expression),
        type="" if expression is None else str(expression.get("typeRef", "")),
        declared=None if values is None else _text(values),
    )


def _rule(element: etree._Element) -> Rule:
    return Rule(
        id=str(element.get("id", "")),
        cells=tuple(_text(cell) for cell in _children(element, "inputEntry")),
        outputs=tuple(_text(cell) for cell in _children(element, "outputEntry")),
    )
