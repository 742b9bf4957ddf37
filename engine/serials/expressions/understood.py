"""How a text was understood: piece by piece, with what is asked back and what came of it."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from engine.errors import Problem

Term: TypeAlias = dict[str, Any]
Facts: TypeAlias = tuple[tuple[str, object], ...]
LEAVE = "leave"  # the answer that leaves a piece out; what was left out stays on record


@dataclass(frozen=True)
class Choice:
    """One answer to a question: its value, its sentence, and the terms it stands for."""

    value: str
    sentence: str
    facts: Facts = ()
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Question:
    """What only a person can say about a piece. The key is of the words, not of their place."""

    key: str
    text: str
    sentence: str
    facts: Facts
    choices: tuple[Choice, ...]
    answer: str | None = None

    @property
    def chosen(self) -> Choice | None:
        """Return the choice that was answered, if one was."""
        return next((one for one in self.choices if one.value == self.answer), None)


@dataclass(frozen=True)
class Piece:
    """One stretch of the text and what was made of it.

    `kind`: `blank` (spaces and stops), `word` (says how to read what follows), `understood`,
    `remark` (checked, narrows nothing), `not_recorded`, `question` (open), `left_out`.
    """

    start: int
    end: int
    text: str
    kind: str
    sentence: str = ""
    facts: Facts = ()
    terms: tuple[Term, ...] = ()
    question: Question | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Understood:
    """What a text came to. The pieces cover it, each character once.

    `expression` is what a scope keeps: plain JSON. It is whole when no question is open.
    """

    text: str
    pieces: tuple[Piece, ...]
    expression: dict[str, Any]
    more_questions: tuple[Question, ...] = field(default=())

    @property
    def questions(self) -> tuple[Question, ...]:
        """Return what is asked back, each once, answered or not."""
        asked = [one.question for one in self.pieces if one.question is not None]
        return tuple({one.key: one for one in [*asked, *self.more_questions]}.values())

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """Return what nobody has answered yet."""
        return tuple(one for one in self.questions if one.chosen is None)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with pieces, first what is not recorded."""
        return tuple(one.problem for one in self.pieces if one.problem is not None)

    @property
    def is_ready(self) -> bool:
        """Say whether it can be traced: something is named and nothing is left to ask."""
        return bool(self.expression.get("any")) and not self.open_questions


def key_of(kind: str, text: str) -> str:
    """Return the key of a question: the same words ask the same question once."""
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
