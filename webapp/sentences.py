"""Sentences of every room in the reader's language: a msgid and the facts it names."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType

from flask_babel import gettext

from engine.cases.pages import AnswerSection, HistoryLine, SignedDecision, StepLine, TaskRow
from engine.errors import EngineError, Problem
from engine.evidence.meanings import sentence
from engine.people.qualifications import QUALIFICATIONS
from engine.people.roles import roles
from engine.regulators import jurisdictions as law
from engine.serials.errors import OnHold
from engine.words import N_, say as engine_say
from forms import library
from forms.errors import WORDS, Problem as FormProblem
from forms.words import say as forms_say
from webapp.times import language, write

# facts that the engine names by a code or in English, and their words
CODES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "code": QUALIFICATIONS,
        "kind": MappingProxyType({}),
        "state": MappingProxyType({"closed": N_("closed"), "void": N_("void"), "open": N_("open")}),
    }
)


def in_words(said: EngineError | Problem) -> str:
    """Return the error's or problem's sentence, translated and filled."""
    if isinstance(said, Problem):
        # words of a form are said by its own catalogue: one English word may be two in Chinese
        facts = {n: of_form(f) if n in WORDS and isinstance(f, str) else f for n, f in said.facts}
        return fill(said.sentence, facts)
    if isinstance(said, OnHold):  # what the gate says of each, in the reader's words
        denied = [verdict.problem for verdict in said.verdicts[:20]]
        sentences = (". " if language() == "en" else "。").join(map(in_words, denied))
        return fill(said.message, {"sentence": sentences})
    return fill(said.message, said.facts)


def fill(sentence: str, facts: Mapping[str, object] | None = None) -> str:
    """Translate `sentence` and put the facts into it: a step as the form is called, words in words.

    A fact that is a tuple is words itself, one that is a problem a sentence.
    """
    if not facts:
        return translated(sentence)
    return translated(sentence) % {name: _fact(name, fact) for name, fact in facts.items()}


def _fact(name: str, fact: object) -> object:
    if isinstance(fact, Problem):
        return in_words(fact)
    if isinstance(fact, tuple):
        return ", ".join(map(translated, fact))
    if isinstance(fact, datetime):
        return write(fact, "short")
    if name == "role" and fact in roles():
        return roles()[str(fact)].name(language())
    if name in CODES and isinstance(fact, str):
        return translated(CODES[name].get(fact, fact))
    return step_name(fact) if name == "element" and isinstance(fact, str) else fact


def titled(row: TaskRow | StepLine | SignedDecision | AnswerSection) -> str:
    """Return the name of a task in the reader's words, with the line or round it is of."""
    name = translated(row.name)
    return f"{name} · {row.about.said(language())}" if row.about else name


def told(line: HistoryLine) -> str:
    """Return a line of history, its step and meaning in the reader's words."""
    facts = dict(line.facts)
    for name in ("element", "record_type"):
        if isinstance(facts.get(name), str):
            facts[name] = step_name(facts[name])
    if isinstance(code := facts.get("jurisdiction"), str):
        facts["jurisdiction"] = _jurisdiction(code)
    if "sentence" in facts and "meaning" in facts:
        facts["sentence"] = sentence(str(facts["meaning"]), language())
    return fill(line.sentence, facts)


def _jurisdiction(code: str) -> str:
    """Return the name of a jurisdiction; what is none, such as a consignee's place, as it is."""
    try:
        return law.named(code).said(language())
    except law.JurisdictionUnknown:
        return code


def translated(text: str) -> str:
    """Find the words in the catalogue of the web, then of the engine, then of the forms."""
    if not text:
        return ""
    for found in (gettext(text), engine_say(text, language()), forms_say(text, language())):
        if found != text:
            return str(found)
    return text


def of_form(text: str) -> str:
    """Find words of a form in the catalogue of the forms, or anywhere else."""
    found = forms_say(text, language())
    return found if found != text else translated(text)


def at_fields(problems: Sequence[Problem]) -> list[FormProblem]:
    """Return problems as the templates of forms take them."""
    return [FormProblem(problem.at, problem.sentence, problem.facts) for problem in problems]


@cache
def _titles() -> dict[str, str]:
    """Return the title of every step that has a form, by `process.element` and by `element`."""
    titles: dict[str, str] = {}
    for form in library.all_forms():
        titles[f"{form.process}.{form.element}"] = form.title
        titles.setdefault(form.element, form.title)
    return titles


def step_name(code: str) -> str:
    """Return a step in words, from `process.element`, its id, or its id written with spaces."""
    id_ = code.replace(" ", "_")
    plain = code.rpartition(".")[2].replace("_", " ")
    return translated(_titles().get(id_) or _titles().get(id_.rpartition(".")[2]) or plain)
