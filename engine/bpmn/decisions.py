"""Decision tables: which rules answer. The runner and the linter's proof share this reading."""

from collections.abc import Mapping
from typing import Any

from forms import expressions

# a cell may begin with one of these; otherwise it is a value, or several to choose from
OPERATORS = ("<=", ">=", "!=", "==", "<", ">", "in ", "in[", "in(", "not in ")


def condition(input_expression: str, cell: str | None) -> str | None:
    """Return the expression a cell stands for, or None when it accepts anything.

    `"a"` is equal to, `"a", "b"` is one of, `> 3` and `in ["a"]` say so themselves.
    """
    text = (cell or "").strip()
    if text in ("", "-"):
        return None
    if text.startswith(OPERATORS):
        return f"({input_expression}) {text}"
    expressions.check(text)  # by itself, so that a cell cannot close our parentheses
    return f"({input_expression}) in ({text},)"


def matches(input_expression: str, cell: str | None, names: Mapping[str, Any]) -> bool:
    """Say whether a cell accepts the value its input has among `names`."""
    asked = condition(input_expression, cell)
    return asked is None or bool(expressions.evaluate(asked, names))
