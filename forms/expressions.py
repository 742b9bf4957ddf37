"""The one evaluator of expressions in diagrams, decision tables and forms; it never calls `eval`.

An expression is Python's syntax with almost everything taken away: names, plain values, and, or,
not, comparisons, simple arithmetic, `a if b else c`, lists, an index, and calls to the functions
in `FUNCTIONS`. It has no attributes, no lambda, no comprehension, no power, no formatting, and it
is bounded in length, depth and in the size of every value it makes.
"""

import ast
import keyword
import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

MAX_LENGTH = 1_000  # characters of the expression
MAX_NODES = 200
MAX_DEPTH = 20
MAX_SIZE = 10_000  # characters or members of any value made
MAX_NUMBER = 10**18

Function = Callable[..., Any]


class ExpressionRefused(ValueError):
    """This expression may not be used: it says more than conditions are allowed to say."""


class ExpressionFailed(ValueError):
    """This expression could not be worked out with the values at hand."""


@dataclass(frozen=True)
class Reads:
    """What an expression reads: names it needs, and names it can do without (`get`)."""

    needed: frozenset[str]
    optional: frozenset[str]


# --- functions an expression may call --------------------------------------------------------


def _words(text: str | None) -> list[str]:
    """Split `a, b` into its words; nothing gives an empty list."""
    return [word for part in str(text or "").split(",") if (word := part.strip())]


def _plain_abs(value: object) -> Any:
    return abs(_number(value))


def _plain_sum(values: Collection[object]) -> Any:
    return sum(_number(value) for value in values)


FUNCTIONS: Mapping[str, Function] = {
    "abs": _plain_abs,
    "len": len,
    "max": max,
    "min": min,
    "sum": _plain_sum,
    "words": _words,
}

# a variable by one of these names would hide a function, break the syntax or the saved state.
# Soft keywords are pinned: newer Pythons add some (`type`), and what was released must stay valid
RESERVED: frozenset[str] = frozenset(
    {*FUNCTIONS, "get", *keyword.kwlist, "case", "match", "typename", "data_objects"}
)


def is_variable_name(name: str) -> bool:
    """Say whether a form or an action may write a variable called `name`."""
    return name.isidentifier() and name.isascii() and name[0] != "_" and name not in RESERVED


# --- the two things one does with an expression ----------------------------------------------


def evaluate(
    expression: str,
    names: Mapping[str, Any],
    *,
    functions: Mapping[str, Function] | None = None,
) -> Any:
    """Work out `expression` with the values of `names`.

    Raises `ExpressionRefused` when it says more than is allowed, `ExpressionFailed` when a name
    is missing (write `get('name', default)`) or the values do not fit.
    """
    allowed = {**FUNCTIONS, **(functions or {})}
    tree = _parsed(expression, frozenset(allowed))
    try:
        return _Evaluation(names, allowed).value(tree)
    except (ExpressionRefused, ExpressionFailed):
        raise
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        message = f"{expression!r} could not be worked out: {error}"
        raise ExpressionFailed(message) from error


def check(expression: str, *, functions: Collection[str] = ()) -> frozenset[str]:
    """Return the names `expression` needs; raise `ExpressionRefused` when it is not allowed."""
    return reads(expression, functions=functions).needed


def reads(expression: str, *, functions: Collection[str] = ()) -> Reads:
    """Return all names `expression` reads, those it needs and those it can do without."""
    tree = _parsed(expression, frozenset({*FUNCTIONS, *functions}))
    needed, optional = set[str](), set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _callee(node) == "get":
            optional.add(_constant_text(node.args[0]))
        elif isinstance(node, ast.Name):
            needed.add(node.id)
    called = {_callee(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return Reads(frozenset(needed - called), frozenset(optional))


# --- what may be said ------------------------------------------------------------------------

_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_BINARY: tuple[type[ast.operator], ...] = (
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod
)  # fmt: skip
_ALLOWED: tuple[type[ast.AST], ...] = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd,
    ast.BinOp, *_BINARY, ast.Compare, *_COMPARE, ast.IfExp, ast.Name, ast.Load, ast.Constant,
    ast.List, ast.Tuple, ast.Subscript, ast.Call,
)  # fmt: skip


@lru_cache(maxsize=4096)
def _parsed(expression: str, functions: frozenset[str]) -> ast.expr:
    if not expression.strip():
        _refuse("an expression says something")
    if len(expression) > MAX_LENGTH:
        _refuse(f"an expression has at most {MAX_LENGTH} characters")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        message = f"{expression!r} cannot be read: {error}"
        raise ExpressionRefused(message) from error

    for count, (node, depth) in enumerate(_nodes(tree)):
        if count >= MAX_NODES or depth > MAX_DEPTH:
            _refuse("this expression is too long or too deeply nested")
        _check_node(node, functions)
    return tree


def _nodes(tree: ast.AST) -> Iterator[tuple[ast.AST, int]]:
    open_nodes = [(tree, 1)]
    while open_nodes:
        node, depth = open_nodes.pop()
        yield node, depth
        open_nodes.extend((child, depth + 1) for child in ast.iter_child_nodes(node))


def _check_node(node: ast.AST, functions: frozenset[str]) -> None:
    if not isinstance(node, _ALLOWED):
        _refuse(f"{type(node).__name__} is not allowed in an expression")
    if isinstance(node, ast.Name) and node.id.startswith("_"):
        _refuse(f"the name {node.id} is not allowed in an expression")
    if isinstance(node, ast.Constant):
        _check_constant(node.value)
    if isinstance(node, ast.Call):
        _check_call(node, functions)


def _check_constant(value: object) -> None:
    if not isinstance(value, str | int | float | None):
        _refuse(f"{value!r} is not allowed in an expression")
    if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
        _refuse("this number is too large")


def _check_call(node: ast.Call, functions: frozenset[str]) -> None:
    name = _callee(node)
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        _refuse("a function is called with plain values only")
    if name == "get":
        if len(node.args) not in (1, 2) or not _constant_text(node.args[0]):
            _refuse("write get('name', default)")
    elif name not in functions:
        _refuse(f"{name or 'this'} is not a function an expression may call")


def _callee(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _constant_text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _refuse(sentence: str) -> None:
    raise ExpressionRefused(sentence)


# --- working it out --------------------------------------------------------------------------


class _Evaluation:
    """One walk over one checked tree."""

    def __init__(self, names: Mapping[str, Any], functions: Mapping[str, Function]) -> None:
        self.names = names
        self.functions = functions

    def value(self, node: ast.expr) -> Any:
        method: Callable[[Any], Any] = getattr(self, f"_{type(node).__name__.lower()}")
        return _bounded(method(node))

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        if node.id not in self.names:
            message = f"{node.id} has no value yet"
            raise ExpressionFailed(message)
        return self.names[node.id]

    def _list(self, node: ast.List) -> Any:
        return [self.value(member) for member in node.elts]

    def _tuple(self, node: ast.Tuple) -> Any:
        return tuple(self.value(member) for member in node.elts)

    def _boolop(self, node: ast.BoolOp) -> Any:
        stops_at = isinstance(node.op, ast.Or)
        result: Any = None
        for part in node.values:
            result = self.value(part)
            if bool(result) is stops_at:
                break
        return result

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return not value
        return -_number(value) if isinstance(node.op, ast.USub) else +_number(value)

    def _binop(self, node: ast.BinOp) -> Any:
        return _arithmetic(node.op, self.value(node.left), self.value(node.right))

    def _compare(self, node: ast.Compare) -> Any:
        left = self.value(node.left)
        for compare, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.value(right_node)
            if not _COMPARE[type(compare)](left, right):
                return False
            left = right
        return True

    def _ifexp(self, node: ast.IfExp) -> Any:
        return self.value(node.body if self.value(node.test) else node.orelse)

    def _subscript(self, node: ast.Subscript) -> Any:
        value, index = self.value(node.value), self.value(node.slice)
        if not isinstance(value, str | list | tuple | Mapping) or isinstance(index, tuple):
            message = "only a member of a list or a named value can be taken"
            raise ExpressionFailed(message)
        return value[index]

    def _call(self, node: ast.Call) -> Any:
        if _callee(node) == "get":
            name = _constant_text(node.args[0])
            if name in self.names:
                return self.names[name]
            return self.value(node.args[1]) if len(node.args) == 2 else None
        return self.functions[_callee(node)](*(self.value(argument) for argument in node.args))


def _arithmetic(operation: ast.operator, left: Any, right: Any) -> Any:
    if isinstance(operation, ast.Add) and _joins(left, right):
        if len(left) + len(right) > MAX_SIZE:
            _too_large()
        return left + right
    if isinstance(operation, ast.Mult) and (_repeats(left, right) or _repeats(right, left)):
        text, times = (left, right) if isinstance(left, str | list | tuple) else (right, left)
        if len(text) * max(times, 0) > MAX_SIZE:
            _too_large()
        return text * times
    # numbers only from here: `%` on a text would be formatting, which can fill the memory
    a, b = _number(left), _number(right)
    verbs: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
        ast.Add: operator.add,
        ast.Sub: operator.sub,
        ast.Mult: operator.mul,
        ast.Div: operator.truediv,
        ast.FloorDiv: operator.floordiv,
        ast.Mod: operator.mod,
    }
    return verbs[type(operation)](a, b)


def _joins(left: object, right: object) -> bool:
    return any(isinstance(left, kind) and isinstance(right, kind) for kind in (str, list, tuple))


def _repeats(text: object, times: object) -> bool:
    return isinstance(text, str | list | tuple) and isinstance(times, int)


def _number(value: object) -> Any:
    if not isinstance(value, int | float | Decimal):
        message = f"{value!r} is not a number"
        raise ExpressionFailed(message)
    return value


def _bounded(value: Any) -> Any:
    if isinstance(value, int | float | Decimal):
        if not -MAX_NUMBER <= value <= MAX_NUMBER:  # nan is in no range
            _too_large()
    elif isinstance(value, str | list | tuple | Mapping | set | frozenset):
        if len(value) > MAX_SIZE:
            _too_large()
    elif value is not None and not isinstance(value, date):
        message = f"a {type(value).__name__} is not a value an expression can handle"
        raise ExpressionFailed(message)
    return value


def _too_large() -> None:
    message = f"a value may have at most {MAX_SIZE} characters or members, or {MAX_NUMBER}"
    raise ExpressionFailed(message)
