"""The conditions of `show_when` in a form a script can follow, where they are simple enough."""

import ast
import json
from functools import lru_cache
from typing import Any

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.In: "in",
    ast.NotIn: "not_in",
    ast.Is: "eq",
    ast.IsNot: "ne",
}


@lru_cache(maxsize=2048)
def for_script(expression: str) -> str:
    """Return the condition as JSON (`["eq", ["name", "outcome"], ["value", "duplicate"]]`).

    Empty when it says more than equality, membership, and, or, not: the page then shows the field
    always, and the server alone decides.
    """
    if not expression:
        return ""
    try:
        return json.dumps(_tree(ast.parse(expression.strip(), mode="eval").body))
    except (SyntaxError, NotImplementedError):
        return ""


def _tree(node: ast.expr) -> list[Any]:
    if isinstance(node, ast.Name):
        return ["name", node.id]
    if isinstance(node, ast.Constant):
        return ["value", node.value]
    if isinstance(node, ast.List | ast.Tuple):
        return ["list", *(_tree(member) for member in node.elts)]
    if isinstance(node, ast.BoolOp):
        word = "and" if isinstance(node.op, ast.And) else "or"
        return [word, *(_tree(part) for part in node.values)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ["not", _tree(node.operand)]
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
        return [_COMPARISONS[type(node.ops[0])], _tree(node.left), _tree(node.comparators[0])]
    raise NotImplementedError
