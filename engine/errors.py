"""What can go wrong, as sentences a person can act on."""

from dataclasses import dataclass
from typing import ClassVar


class EngineError(Exception):
    """Holdfast could not do this."""

    # The docstring is the message: a gettext msgid with %(fact)s places, filled from `facts`.
    message: ClassVar[str]

    def __init_subclass__(cls) -> None:
        """Take the first paragraph of the docstring as the message."""
        super().__init_subclass__()
        words = (cls.__doc__ or "").strip().split("\n\n")[0]
        cls.message = " ".join(words.split())

    def __init__(self, **facts: object) -> None:
        """Keep the facts the sentence names; they are attributes of `facts` by name."""
        self.facts = facts
        super().__init__(self.message % facts)

    def problem(self, at: str) -> "Problem":
        """Return the sentence with its facts as a problem of the field at `at`."""
        return Problem(at, self.message, tuple(self.facts.items()))


EngineError.message = "Holdfast could not do this."


class NotAllowed(EngineError):
    """Your roles do not allow this. Ask an administrator which role it needs."""


class NotFound(EngineError):
    """There is nothing here under this name. Check the number and try again."""


class Conflict(EngineError):
    """Someone changed this while you had it open. Look at it again before you go on."""


class Busy(Conflict):
    """A colleague is saving something in this case right now. Wait a moment and send it again."""


class BusyWith(Busy):
    """%(by)s has been saving something here since %(since)s. Wait a moment and send it again."""


class Gone(EngineError):
    """This link is no longer valid."""


class Refused(EngineError):
    """This cannot be done as things stand."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one answer: where it is and what to do about it.

    `at` is the path of the field as the form names it (`lines.0.quantity`), or "" for the whole.
    `sentence` is a gettext msgid with %(fact)s places.
    """

    at: str
    sentence: str
    facts: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        return self.sentence % dict(self.facts)


class Invalid(EngineError):
    """There is a problem with what was entered. Correct the fields named and send it again."""

    def __init__(self, problems: list[Problem]) -> None:
        """Carry every problem at once, in the order of the form."""
        self.problems = problems
        super().__init__()

    def __str__(self) -> str:
        return " ".join([self.message, *(f"{p.at}: {p}" for p in self.problems)])
