"""How the things a text names are joined: any of them, only what is described, all but some.

Named things in a row are any of them, “and” or comma alike, as people list them. What describes
(when, where, by whom) narrows the names beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.serials.expressions import sentences as say
from engine.serials.expressions.deciding import Element, Mention
from engine.serials.expressions.understood import LEAVE, Choice, Question, Term, key_of


@dataclass
class Clause:
    """What stands between two breaks of the text."""

    named: list[Term] = field(default_factory=list)
    described: dict[str, list[Term]] = field(default_factory=dict)
    mentions: list[Mention] = field(default_factory=list)
    excepted: list[Term] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was named."""
        return not (self.named or self.described or self.mentions or self.excepted)


def join(
    elements: Iterable[Element], answers: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[Question, ...]]:
    """Return the expression, and what has to be asked about how things are joined."""
    questions: list[Question] = []
    anyhow: list[Term] = []
    excepted: list[Term] = []
    for clause in _clauses(elements):
        excepted += clause.excepted
        anyhow += _joined(clause, bool(anyhow), questions, answers)
    expression: dict[str, Any] = {"any": _each_once(anyhow)}
    if excepted:
        expression["except"] = _each_once(excepted)
    return expression, tuple(questions)


def _clauses(elements: Iterable[Element]) -> list[Clause]:
    clauses = [Clause()]
    is_except = has_excepted = False
    for one in elements:
        clause = clauses[-1]
        if one.kind == "break":
            if not is_except or has_excepted:
                is_except = has_excepted = False
                clauses.append(Clause())
        elif one.kind == "except":
            is_except, has_excepted = True, False
        elif one.kind == "or":
            if clause.described and not is_except:
                clauses.append(Clause())
        elif is_except and one.terms:
            if one.mention is not None and one.mention.is_used:
                continue  # it only tells apart what follows it
            clause.excepted += one.terms
            has_excepted = True
        elif one.kind == "named":
            clause.named += one.terms
        elif one.kind == "described":
            clause.described.setdefault(one.name, []).extend(one.terms)
        elif one.kind == "part" and one.mention is not None:
            clause.mentions.append(one.mention)
    return [one for one in clauses if not one.is_empty]


def _joined(
    clause: Clause, has_before: bool, questions: list[Question], answers: Mapping[str, str]  # noqa: FBT001
) -> list[Term]:
    narrow = [_any(terms) for terms in clause.described.values()]
    alone = [one for one in clause.mentions if not one.is_used]
    parts = [one.term for one in alone if one.term is not None]
    if clause.named:
        return [{"all": [_any(clause.named), *narrow]}] if narrow else list(clause.named)
    if not narrow:
        return [term for one in alone for term in _whole_part(one, questions, answers)]
    if parts:
        return [{"all": [_any(parts), *narrow]}]
    if len(narrow) > 1:
        return _all_or_any(clause, narrow, questions, answers)
    return narrow


def _whole_part(
    mention: Mention, questions: list[Question], answers: Mapping[str, str]
) -> list[Term]:
    if mention.term is None:
        return []
    number = mention.term["part"]["number"]
    choices = (
        Choice("whole", say.WHOLE_PART, (("number", number),), (mention.term,)),
        Choice(LEAVE, say.LEAVE_OUT),
    )
    asked = _ask("whole", number, say.PART_ALONE, (("number", number),), choices, answers)
    questions.append(asked)
    return list(asked.chosen.terms) if asked.chosen else []


def _all_or_any(
    clause: Clause, narrow: list[Term], questions: list[Question], answers: Mapping[str, str]
) -> list[Term]:
    if "made" in clause.described and len(narrow) == 2:
        return [{"all": narrow}]  # nobody says “made in March or by this operator” that way
    text = ", ".join(said_of(term) for term in narrow)
    choices = (
        Choice("all", say.ALL_TRUE, (), ({"all": narrow},)),
        Choice("any", say.ONE_ENOUGH, (), tuple(narrow)),
    )
    asked = _ask("both", text, say.BOTH_OR_EITHER, (("text", text),), choices, answers)
    questions.append(asked)
    return list(asked.chosen.terms) if asked.chosen else []


def _ask(
    kind: str,
    text: str,
    sentence: str,
    facts: tuple[tuple[str, object], ...],
    choices: tuple[Choice, ...],
    answers: Mapping[str, str],
) -> Question:
    key = key_of(kind, text)
    answer = answers.get(key)
    known = answer if answer in {one.value for one in choices} else None
    return Question(key, text, sentence, facts, choices, known)


def _any(terms: list[Term]) -> Term:
    return terms[0] if len(terms) == 1 else {"any": _each_once(terms)}


def _each_once(terms: list[Term]) -> list[Term]:
    found: list[Term] = []
    seen: set[str] = set()
    for term in terms:
        if (key := repr(term)) not in seen:
            seen.add(key)
            found.append(term)
    return found


def said_of(term: Term) -> str:
    """Return a term in a few words: its value as people wrote it."""
    kind, told = next(iter(term.items()))
    if kind in ("any", "all"):
        return ", ".join(said_of(one) for one in told)
    if kind.endswith("_range"):
        return f"{told['from']}–{told['to']}"
    if kind == "made":
        return f"{(told['from'] or '')[:10]}–{(told['to'] or '')[:10]}"
    for key in ("number", "serial", "begins", "value", "name"):
        if key in told:
            return str(told[key])
    return kind
