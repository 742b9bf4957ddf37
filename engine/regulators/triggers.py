"""Which facts make a rule due, and what its clock runs from: the expressions of the rules."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from engine.facts import CLOCKS
from engine.regulators.rulebook import Rule
from forms import expressions

Dated = Mapping[str, datetime | None]

# what a `when` may read beside the dated facts. What nobody decided runs as if reportable
WHAT_IS_KNOWN: Mapping[str, Any] = {
    "is_known": True,  # the country
    "is_action": True,
    "is_reportable": True,
    "legal_name": None,
    "class_name": None,
    "has_units": True,
    "is_authorised": False,
    "report": None,
}


def first_of(*moments: datetime | None) -> datetime | None:
    """Return the earliest of those that are known, None where none is."""
    return min((one for one in moments if one is not None), default=None)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {"first_of": first_of}


def applies(rule: Rule, known: Mapping[str, Any], facts: Dated) -> bool:
    """Say whether the rule asks for something as things stand."""
    if not rule.when:
        return True
    names = {**dict.fromkeys(CLOCKS), **WHAT_IS_KNOWN, **facts, **known}
    return bool(expressions.evaluate(rule.when, names))


def started(start: str, facts: Dated) -> tuple[str, datetime] | None:
    """Return the fact a clock runs from and its moment, None while it does not run."""
    names = {**dict.fromkeys(CLOCKS), **facts}
    moment = expressions.evaluate(start, names, functions=FUNCTIONS)
    if moment is None:
        return None
    return next(name for name in read_by(start) if names[name] == moment), moment


def read_by(start: str) -> list[str]:
    """Return the facts that an expression for the start reads, in its order."""
    found = expressions.check(start, functions=FUNCTIONS)
    return sorted(found, key=start.index)
