"""Many at once, all or nothing: each in a savepoint, every problem at the place of its row."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from engine.errors import EngineError, Invalid, Problem
from webapp.sentences import in_words

TOLD = 200  # problems of one answer: nobody mends more at once
One = TypeVar("One")


def all_or_nothing(
    db: Session, name: str, wanted: Iterable[One], run: Callable[[One, str], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Carry out each in order and return what each came to; raise `Invalid` when any is refused.

    `run` gets the row and its place; the transaction ends with the error, and nothing is kept.
    """
    told: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for place, one in enumerate(wanted):
        at = f"{name}.{place}"
        try:
            with db.begin_nested():
                told.append(run(one, at))
        except EngineError as wrong:
            problems += _placed(wrong, at)
        if len(problems) >= TOLD:
            break
    if problems:
        raise Invalid(problems[:TOLD])
    return told


def _placed(wrong: EngineError, at: str) -> list[Problem]:
    if not isinstance(wrong, Invalid):
        return [Problem(at, in_words(wrong))]
    return [
        one
        if one.at.startswith(at)
        else Problem(f"{at}.{one.at}".rstrip("."), one.sentence, one.facts)
        for one in wrong.problems
    ]
