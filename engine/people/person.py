"""Who acts: the small frozen value that every command is handed as `by`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """A signed-in person as commands see them; the system acts as `None`.

    `roles` are those held now, own and delegated; `on_behalf_of` says for whom a delegated role
    is used: (role, principal's user id). The signature always stays the person's own.
    """

    id: int
    user_name: str
    printed_name: str
    roles: frozenset[str]
    language: str = "en"
    time_zone: str = "UTC"
    on_behalf_of: tuple[tuple[str, int], ...] = ()
    is_robot: bool = False  # answers in drills only, and signs nothing
