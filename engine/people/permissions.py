"""Who may do what: one table of actions and roles, denied by default."""

import tomllib
from functools import cache
from pathlib import Path

from engine.errors import NotAllowed
from engine.people.person import Person
from engine.people.roles import READS

EVERYONE = "*"


class UnknownAction(LookupError):
    """A mistake in the code: an action that permissions.toml does not name."""


@cache
def permissions() -> dict[str, frozenset[str]]:
    """Return the roles of every action."""
    rows = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {action: frozenset(roles) for action, roles in rows.items()}


def may(person: Person | None, action: str) -> bool:
    """Say whether `person` may do `action`; nobody signed in may do nothing.

    Raises `UnknownAction` for an action that is not in the table, so a typing error never opens
    or closes a door silently.
    """
    allowed = permissions().get(action)
    if allowed is None:
        raise UnknownAction(action)
    if person is None:
        return False

    # an auditor reads; "everyone" is everyone who also works here
    return bool(allowed & person.roles) or (EVERYONE in allowed and READS not in person.roles)


def authorize(person: Person | None, action: str) -> None:
    """Let `person` go on with `action`, or raise `NotAllowed`."""
    if not may(person, action):
        raise NotAllowed
