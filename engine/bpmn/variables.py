"""What may travel in a diagram: JSON values under plain names, and little of it."""

import json
import math
from collections.abc import Mapping
from typing import Any

from engine.bpmn.errors import NotAVariable, VariablesTooLarge
from forms.expressions import is_variable_name

MAX_BYTES = 32_000  # task data repeats itself in called processes and joins: 100 kB became 444
MAX_DEPTH = 20


def check_variables(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deep copy of `variables`; raise `NotAVariable` for what the state cannot hold.

    Dates and decimals travel as text: the library fails on them only when it saves.
    """
    for name in variables:
        if not is_variable_name(name):
            raise NotAVariable(name=name, why="the name is reserved or not a plain word")
    for name, value in variables.items():
        _check_value(name, value, depth=1)
    text = json.dumps(variables, allow_nan=False)
    if len(text) > MAX_BYTES:
        raise VariablesTooLarge(limit=MAX_BYTES)

    copy: dict[str, Any] = json.loads(text)
    return copy


def check_budget(data: Mapping[str, Any]) -> None:
    """Raise `VariablesTooLarge` when a token carries more than the budget."""
    if len(json.dumps(data, default=str)) > MAX_BYTES:
        raise VariablesTooLarge(limit=MAX_BYTES)


def _check_value(name: str, value: object, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotAVariable(name=name, why="it is nested too deeply")
    if isinstance(value, dict):
        for key, member in value.items():
            # the library takes a dict with this key for one of its own objects
            if not isinstance(key, str) or key == "typename":
                raise NotAVariable(name=name, why=f"it has the key {key!r}")
            _check_value(name, member, depth=depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check_value(name, member, depth=depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        raise NotAVariable(name=name, why="it is not a finite number")
    elif not isinstance(value, str | int | float | None):
        raise NotAVariable(name=name, why=f"a {type(value).__name__} is not a JSON value")
