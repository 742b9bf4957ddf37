"""Sentences of every room in the reader's language: a msgid and the facts it names."""

from collections.abc import Mapping, Sequence

from flask_babel import gettext

from engine.errors import EngineError, Problem
from engine.words import say as engine_say
from forms.errors import Problem as FormProblem
from forms.words import say as forms_say
from webapp.times import language


def in_words(said: EngineError | Problem) -> str:
    """Return the error's or problem's sentence, translated and filled."""
    if isinstance(said, Problem):
        return fill(said.sentence, dict(said.facts))
    return fill(said.message, said.facts)


def fill(sentence: str, facts: Mapping[str, object] | None = None) -> str:
    """Translate `sentence` and put the facts into it; a fact that is a tuple is words itself."""
    if not facts:
        return translated(sentence)
    said = {
        name: ", ".join(map(translated, fact)) if isinstance(fact, tuple) else fact
        for name, fact in facts.items()
    }
    return translated(sentence) % said


def translated(text: str) -> str:
    """Find the words in the catalogue of the web, then of the engine, then of the forms."""
    if not text:
        return ""
    for found in (gettext(text), engine_say(text, language()), forms_say(text, language())):
        if found != text:
            return str(found)
    return text


def at_fields(problems: Sequence[Problem]) -> list[FormProblem]:
    """Return problems as the templates of forms take them."""
    return [FormProblem(problem.at, problem.sentence, problem.facts) for problem in problems]
