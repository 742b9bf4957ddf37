"""The ways out: one module per channel, each with `sender` and `deliver`."""

from typing import Protocol


class Undeliverable(Exception):
    """The receiver will never take this message; trying again is of no use."""


class Channel(Protocol):
    """One way out. `deliver` returns what the other side said, or raises."""

    @property
    def sender(self) -> str:
        """Return who it is from: `Name <address>`."""

    def deliver(self, data: bytes, *, receiver: str) -> str:
        """Hand over the exact bytes; raises `Undeliverable` when refused for good."""
