"""How the things a text names are joined: any of them, only what is described, all but some.

Named things in a row are any of them, “and” or comma alike, as people list them. What describes
(when, where, by whom) narrows the names beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from engine.serials.expressions import sentences as say
from engine.serials.expressions.state import Element, Mention
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


@dataclass
class Joining:
    """The state of joining: what came so far, what is taken out, what has to be asked."""

    answers: Mapping[str, str]
    wanted: list[Term] = field(default_factory=list)
    excepted: list[Term] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def ask(
        self,
        kind: str,
        text: str,
        sentence: str,
        choices: tuple[Choice, ...],
        facts: tuple[tuple[str, object], ...] = (),
    ) -> Choice | None:
        """Ask about a joint, and return what was answered."""
        key = key_of(kind, text)
        answer = self.answers.get(key)
        known = answer if answer in {one.value for one in choices} else None
        asked = Question(key, text, sentence, (("text", text), *facts), choices, known)
        self.questions.append(asked)
        return asked.chosen


def join(
    elements: Iterable[Element], answers: Mapping[str, str]
) -> tuple[dict[str, Any], tuple[Question, ...]]:
    """Return the expression, and what has to be asked about how things are joined."""
    state = Joining(answers)
    for clause in _clauses(elements):
        state.excepted += clause.excepted
        _add(state, clause)
    expression: dict[str, Any] = {"any": _each_once(state.wanted)}
    if state.excepted:
        expression["except"] = _each_once(state.excepted)
    return expression, tuple(state.questions)


def _clauses(elements: Iterable[Element]) -> list[Clause]:
    clauses, excepting = [Clause()], Excepting.NOT
    for one in elements:
        if one.kind == "break" and excepting is not Excepting.BEGUN:
            excepting = Excepting.NOT
            clauses.append(Clause())
        elif one.kind == "except":
            excepting = Excepting.BEGUN
        elif one.kind == "or" and clauses[-1].described and excepting is Excepting.NOT:
            clauses.append(Clause())
        elif one.terms and excepting is not Excepting.NOT:
            if one.mention is None or not one.mention.is_used:  # else it tells apart what follows
                clauses[-1].excepted += one.terms
                excepting = Excepting.GIVEN
        elif one.terms:
            _put(clauses[-1], one)
    return [one for one in clauses if not one.is_empty]


class Excepting(Enum):
    """Whether things are being taken out, and whether one was named yet: a list may follow."""

    NOT = "not"
    BEGUN = "begun"
    GIVEN = "given"


def _put(clause: Clause, one: Element) -> None:
    if one.mention is not None:
        clause.mentions.append(one.mention)
    elif one.kind == "named":
        clause.named += one.terms
    else:
        clause.described.setdefault(one.name, []).extend(one.terms)


def _add(state: Joining, clause: Clause) -> None:
    narrow = [_any(terms) for terms in clause.described.values()]
    alone = [one for one in clause.mentions if not one.is_used]
    parts = [one.term for one in alone if one.term is not None]
    named = clause.named or (parts if narrow else [])
    if named and narrow:
        state.wanted.append({"all": [_any(named), *narrow]})
    elif named:
        state.wanted += named
        for one in alone:
            if one.stands_alone and one.term is not None:
                state.wanted += _whole_part(state, one.term)
    elif narrow and state.wanted:
        _alone_or_narrow(state, narrow)
    elif narrow:
        state.wanted += _all_or_any(state, clause, narrow)
    else:
        for term in parts:
            state.wanted += _whole_part(state, term)


def _whole_part(state: Joining, term: Term) -> tuple[Term, ...]:
    number = term["part"]["number"]
    facts = (("number", number),)
    choices = (
        Choice("whole", say.WHOLE_PART, facts, (term,)),
        Choice(LEAVE, say.LEAVE_OUT),
    )
    chosen = state.ask("whole", number, say.PART_ALONE, choices, facts)
    return chosen.terms if chosen else ()


def _alone_or_narrow(state: Joining, narrow: list[Term]) -> None:
    """Ask what a description on a line of its own means: it would double what is traced, or cut."""
    text = ", ".join(said_of(term) for term in narrow)
    choices = (Choice("narrows", say.NARROWS), Choice("itself", say.FOR_ITSELF))
    chosen = state.ask("alone", text, say.STANDS_ALONE, choices)
    if chosen is not None and chosen.value == "narrows":
        state.wanted = [{"all": [_any(state.wanted), *narrow]}]
    elif chosen is not None:
        state.wanted.append({"all": narrow} if len(narrow) > 1 else narrow[0])


def _all_or_any(state: Joining, clause: Clause, narrow: list[Term]) -> list[Term]:
    if len(narrow) == 1:
        return narrow
    if "made" in clause.described and len(narrow) == 2:
        return [{"all": narrow}]  # nobody says “made in March or by this operator” that way
    text = ", ".join(said_of(term) for term in narrow)
    choices = (
        Choice("all", say.ALL_TRUE, (), ({"all": narrow},)),
        Choice("any", say.ONE_ENOUGH, (), tuple(narrow)),
    )
    chosen = state.ask("both", text, say.BOTH_OR_EITHER, choices)
    return list(chosen.terms) if chosen else []


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
        return str(told["days"])
    for key in ("number", "serial", "begins", "value", "name"):
        if key in told:
            return str(told[key])
    return kind
