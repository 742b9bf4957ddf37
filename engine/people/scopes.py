"""What a token may be used for: one closed list of scopes, each letting some actions through."""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.errors import NotAllowed


@dataclass(frozen=True)
class Scope:
    """One thing a token may be used for, in words, and the actions it lets through."""

    code: str
    en: str
    zh: str
    actions: frozenset[str]

    def says(self, language: str) -> str:
        """Return what it is for, English when the language is not Chinese."""
        return self.zh if language.startswith("zh") else self.en


class ScopeMissing(NotAllowed):
    """This token may not be used for this: it lacks the scope %(scope)s. Ask for one that has it.

    Whoever it is of may still do it on the pages.
    """


class NotByToken(NotAllowed):
    """This cannot be done with a token of the interface. Sign in and do it on the page."""


@cache
def scopes() -> dict[str, Scope]:
    """Return every scope by its code, in the order of the file."""
    rows = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {
        code: Scope(code, row["en"], row["zh"], frozenset(row["actions"]))
        for code, row in rows.items()
    }


@cache
def scope_for(action: str) -> str | None:
    """Return the scope that lets an action through, None where no token may do it."""
    return next((code for code, scope in scopes().items() if action in scope.actions), None)


def authorize_token(held: Collection[str], action: str) -> None:
    """Let a token with these scopes go on with `action`.

    Raises `ScopeMissing`, or `NotByToken` for what is done on pages only.
    """
    needed = scope_for(action)
    if needed is None:
        raise NotByToken
    if needed not in held:
        raise ScopeMissing(scope=needed)
