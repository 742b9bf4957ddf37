"""The ways out: one module per channel, each with `sender` and `deliver`."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, runtime_checkable

from engine.outbox import Outgoing


class Undeliverable(Exception):
    """The receiver will never take this message; trying again is of no use."""


class Channel(Protocol):
    """One way out. `deliver` returns what the other side said, or raises."""

    @property
    def sender(self) -> str:
        """Return who it is from: `Name <address>`."""

    def deliver(self, data: bytes, *, receiver: str) -> str:
        """Hand over the exact bytes; raises `Undeliverable` when refused for good."""


class NotTaken(Exception):
    """The receiver did not take the message now; it may later."""


@runtime_checkable
class OwnForm(Protocol):
    """A way out for what is no mail: it makes its own bytes, keeps them, and sends them."""

    def send(
        self, outgoing: Outgoing, *, keep: Callable[[bytes], str], at: datetime
    ) -> tuple[str, str]:
        """Return the sha256 of the exact bytes and the answer; raises as `Channel.deliver` does."""
