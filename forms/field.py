"""One field as its form file describes it, and the plain types that pass through it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = Any  # None, bool, int, str, or lists and dicts of these: checked where answers are made


class Posted(Protocol):
    """What a browser posted: every name with its values in order (Werkzeug's MultiDict fits)."""

    def getlist(self, key: str, /) -> list[str]:
        """Return every value posted under `key`."""

    def __iter__(self) -> Iterator[str]:
        """Go through every name that was posted."""


@dataclass(frozen=True)
class Choice:
    """One of the answers a field offers."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True)
class Field:
    """One question of a form."""

    id: str
    kind: str
    label: str
    hint: str = ""
    required: bool = True
    show_when: str = ""
    variable: str = ""
    missing: str = ""
    beside: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """An answer as people read it: lines of text, and a table where the answer has rows."""

    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    def __str__(self) -> str:
        return "\n".join([*self.lines, *(" | ".join(row) for row in self.rows)])

    def plain(self) -> dict[str, list[Any]]:
        """Return it as JSON, for the record that is signed."""
        return {
            "lines": list(self.lines),
            "head": list(self.head),
            "rows": [list(row) for row in self.rows],
        }


def posted_text(posted: Posted, name: str) -> str | None:
    """Return the last value posted under `name`, as a browser's second field would win."""
    values = posted.getlist(name)
    return values[-1] if values else None
