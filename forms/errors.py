"""What can be wrong with an answer or with a form file, as sentences a person can act on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from forms import words

# facts that stand in the form file: the label of the field, its names of two results
WORDS = frozenset({"label", "good", "bad"})


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one answer: where it is and what to do about it.

    `at` is the path as the form names it (`lines.0.quantity`), or "" for the whole form.
    `sentence` is a msgid with %(fact)s places; the facts that are words of the form are msgids too.
    """

    at: str
    sentence: str
    facts: tuple[tuple[str, object], ...] = ()

    def __str__(self) -> str:
        return self.said("en")

    @property
    def anchor(self) -> str:
        """Name the control on the page this problem belongs to (`lines-0-quantity`)."""
        return self.at.replace(".", "-")

    def said(self, language: str) -> str:
        """Say the problem in `language`, with its facts filled in."""
        return words.say(self.sentence, language) % dict(self.facts_in(language))

    def facts_in(self, language: str) -> tuple[tuple[str, object], ...]:
        """Return the facts with the words of the form in `language`."""
        return tuple(
            (name, words.say(str(fact), language) if name in WORDS else fact)
            for name, fact in self.facts
        )

    def under(self, name: str) -> "Problem":
        """Return the same problem one level further down, below `name`."""
        return replace(self, at=f"{name}.{self.at}" if self.at else name)


class FormProblems(Exception):
    """There is a problem with what was entered. Correct the fields named and send it again."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Carry every problem at once, in the order of the form."""
        self.problems = tuple(problems)
        super().__init__(" ".join(f"{problem.at}: {problem}" for problem in self.problems))

    def at(self, field: str) -> tuple[Problem, ...]:
        """Return the problems of `field` and of everything inside it."""
        return tuple(p for p in self.problems if p.at == field or p.at.startswith(f"{field}."))


class FormRefused(ValueError):
    """This form file cannot be used."""


class FormNotFound(LookupError):
    """There is no form for this step."""
