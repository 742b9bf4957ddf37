"""Reading a scope's text for a form: the expression, what it comes to now, what is left to say."""

from collections.abc import Callable, Mapping
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials import expressions, trace
from engine.serials.expressions import Piece, Question, Understood
from engine.serials.trace import Counts, Seeds
from engine.words import say
from forms.context import ScopeQuestion, ScopeRead

MOST_PIECES = 40  # of a long paste are said; the expression keeps all


def reader(db: Session, language: str, zone: str) -> Callable[[str, Mapping[str, str]], ScopeRead]:
    """Return the function that reads a text; the same text is read once for one form."""

    @cache
    def read(text: str, answers: tuple[tuple[str, str], ...]) -> ScopeRead:
        said = expressions.understand(db, text, answers=dict(answers), zone=ZoneInfo(zone))
        return _read(db, said, language)

    return lambda text, answers: read(text, tuple(sorted(answers.items())))


def _read(db: Session, said: Understood, language: str) -> ScopeRead:
    expression = said.expression if said.expression.get("any") else {}
    counts = {}
    if said.is_ready:
        seeds = expressions.seeds_of(db, expression)
        counts = figures(trace.counted(db, seeds)) if seeds != Seeds() else {}
    understood = [one for one in said.pieces if one.kind == "understood"][:MOST_PIECES]
    return ScopeRead(
        expression=expression,
        counts=counts,
        understood=tuple(_words(one, language) for one in understood),
        problems=tuple(_problem(one, language) for one in said.problems[:MOST_PIECES]),
        questions=tuple(_question(one, language) for one in said.questions),
    )


def figures(counts: Counts) -> dict[str, object]:
    """Return what a scope comes to in a few figures, as JSON."""
    every = counts.all_units
    field = counts.in_the_field()
    return {
        "units": counts.root_count,
        "quantity": f"{(every.quantity + every.quantity_cannot_exclude).normalize():f}",
        "in_the_field": field.unit_count,
        "quantity_in_the_field": f"{(field.quantity + field.quantity_cannot_exclude):f}",
        "consignees": len(counts.by_consignee()),
        "countries": sorted({one.country for one in counts.sent if one.country}),
    }


def _words(piece: Piece, language: str) -> str:
    return f"{piece.text.strip()}: {_said(piece.sentence, piece.facts, language)}"


def _problem(problem: Problem, language: str) -> str:
    return _said(problem.sentence, problem.facts, language)


def _question(one: Question, language: str) -> ScopeQuestion:
    return ScopeQuestion(
        key=one.key,
        text=one.text,
        words=_said(one.sentence, one.facts, language),
        choices=tuple((c.value, _said(c.sentence, c.facts, language)) for c in one.choices),
        answer=one.answer if one.chosen is not None else None,
    )


def _said(sentence: str, facts: tuple[tuple[str, object], ...], language: str) -> str:
    told = {name: _fact(fact, language) for name, fact in facts}
    return say(sentence, language) % told


def _fact(fact: object, language: str) -> object:
    if isinstance(fact, Problem):
        return _problem(fact, language)
    if isinstance(fact, tuple):
        return ", ".join(say(str(one), language) for one in fact)
    return fact
