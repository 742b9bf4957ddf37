"""The state of reading one text: what came before a number says how it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials.expressions.looking import Group, Recorded
from engine.serials.expressions.saying import Said
from engine.serials.expressions.understood import (
    LEAVE,
    Choice,
    Facts,
    Piece,
    Question,
    Term,
    key_of,
)
from engine.serials.named import Match

FACTS = ("equipment", "operator", "program", "label")
PLACES = ("site", "location", "was_at", "shipped")


@dataclass
class Mention:
    """A part that the text names: it tells the numbers after it apart, or stands for itself."""

    term: Term | None  # None: not recorded
    text: str
    is_used: bool = False
    stands_alone: bool = False  # something that it does not tell apart is named after it


@dataclass
class Element:
    """What joins into the expression: `named`, `described`, `part`, or how things are joined."""

    kind: str
    terms: tuple[Term, ...] = ()
    name: str = ""
    mention: Mention | None = None


@dataclass
class Reading:
    """Where the reading of one text has come to, and what was made of it so far."""

    db: Session
    text: str
    recorded: Recorded
    answers: Mapping[str, str]
    zone: tzinfo
    pieces: list[Piece] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)
    context: str = ""  # what the last word says of the numbers after it
    is_beginning: bool = False  # it says how they begin
    part: Mention | None = None
    last_lots: list[Match] = field(default_factory=list)  # an expiry date is of these
    near_count: int = 0

    def of_part(self, matches: Sequence[Match]) -> list[Match]:
        """Return those of the part that the text names."""
        if self.part is None or self.part.term is None:
            return list(matches)
        wanted = self.part.term["part"]["id"]
        return [one for one in matches if one.part_id == wanted]

    def named(self, said: Said, sentence: str, terms: tuple[Term, ...], facts: Facts = ()) -> None:
        """Put down something that is named."""
        self.piece(said, "understood", sentence, facts or (("text", said.value),), terms=terms)
        self.elements.append(Element("named", terms))
        if self.part is not None:
            self.part.is_used = True

    def missing(self, said: Said, sentence: str) -> None:
        """Put down something that is not recorded here."""
        if self.part is not None:
            self.part.is_used = True
        facts: Facts = (("text", self.said_text(said)),)
        problem = Problem(f"{said.start}-{said.end}", sentence, facts)
        self.piece(said, "not_recorded", sentence, facts, problem=problem)

    def question(
        self,
        kind: str,
        said: Said,
        sentence: str,
        facts: Facts,
        choices: tuple[Choice, ...],
        *,
        text: str | None = None,
    ) -> Question:
        """Return a question about a piece, with its answer if it was given one."""
        text = self.said_text(said) if text is None else text
        key = key_of(kind, text)
        answer = self.answers.get(key)
        known = answer if answer in {one.value for one in choices} else None
        return Question(key, text, sentence, (("text", text), *facts), choices, known)

    def asked(self, said: Said, question: Question, *, is_kept: bool = True) -> None:
        """Put down a question; an answer makes it understood, or leaves it out and says so."""
        chosen = question.chosen
        if self.part is not None:
            self.part.is_used = True
        if chosen is None:
            self.piece(said, "question", question.sentence, question.facts, question=question)
            return
        self.piece(
            said,
            "left_out" if chosen.value == LEAVE else "understood",
            chosen.sentence,
            (("text", question.text), *chosen.facts),
            terms=chosen.terms,
            question=question,
        )
        if chosen.terms and is_kept:
            self.elements.append(Element("named", chosen.terms))

    def piece(
        self,
        said: Said,
        kind: str,
        sentence: str = "",
        facts: Facts = (),
        *,
        terms: tuple[Term, ...] = (),
        question: Question | None = None,
        problem: Problem | None = None,
    ) -> None:
        """Put down one stretch of the text."""
        text = self.said_text(said)
        self.pieces.append(
            Piece(said.start, said.end, text, kind, sentence, facts, terms, question, problem)
        )

    def said_text(self, said: Said) -> str:
        """Return a stretch as it was written."""
        return self.text[said.start : said.end]


def term_of(match: Match) -> Term:
    """Return the term that names one thing: by id, with the words a person reads beside it."""
    if match.kind == "part":
        return {"part": {"id": match.id, "number": match.part_no}}
    told = {"id": match.id, "part": match.part_no, "maker": match.maker}
    return {match.kind: {**told, "number" if match.kind == "lot" else "serial": match.label}}


def facts_of(match: Match) -> Facts:
    """Return what a person reads of one thing."""
    return (
        ("number", match.label),
        ("part", match.part_no),
        ("name", match.part_name),
        ("maker", match.maker or ""),
        ("also", match.also or ""),
    )


def group_facts(group: Group) -> Facts:
    """Return what a person reads of a group."""
    return (("count", group.count), ("part", group.part_no), ("maker", group.maker))
