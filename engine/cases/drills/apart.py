"""What keeps a drill inside: it says nothing to the outside, and moves nothing that is real."""

from collections.abc import Mapping
from typing import Any

from engine.cases.commands import DRILL_PREFIX
from engine.cases.models import Case
from engine.errors import Refused

PREFIXES = tuple(f"{prefix}-" for prefix in DRILL_PREFIX.values())
NAMES = ("case_number", "notice_number", "number")  # what a message calls its case by


class DrillMovesNothing(Refused):
    """This case is a drill. Nothing is sent back, moved, put right or destroyed for it."""


def refuse_to_move(case: Case) -> None:
    """Raise `DrillMovesNothing` for a drill: real goods stay as they are."""
    if case.is_drill:
        raise DrillMovesNothing


def refuse_events(stream: str | None) -> None:
    """Raise `DrillMovesNothing` where a drill would record an event of real goods."""
    if (stream or "").removeprefix("case:").startswith(PREFIXES):
        raise DrillMovesNothing


def stays_inside(body: Mapping[str, Any]) -> bool:
    """Say whether a message is about a drill: then there is no way out for it."""
    facts = {**body, **(body["data"] if isinstance(body.get("data"), dict) else {})}
    return any(str(facts.get(name) or "").startswith(PREFIXES) for name in NAMES)
