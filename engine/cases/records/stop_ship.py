"""What the stop-ship is signed on: its scope beside what the signal named, place by place."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.recalls.stop_ship import NOTHING, STEP, Beside, Part, beside_signal, said
from engine.cases.records.sections import Section, table
from engine.cases.scopes.figures import PLACE_WORDS
from engine.words import N_, say

__all__ = ["STEP", "sections"]
MOST_NAMED = 40  # lots that the signed page names; the traces say which the others are


def sections(db: Session, case: Case, answers: Mapping[str, Any]) -> list[Section]:
    """Return what the signal named and the ordered scope leaves free, and what it names beyond."""
    language = case.language
    heading = say(N_("Beside what the signal named"), language)
    beside = beside_signal(db, case, answers["scope"])
    if beside is None:
        nothing = N_("Nothing that the signal named is recorded here yet.")
        return [{"heading": heading, "text": say(nothing, language)}]
    if not (beside.left.is_any or beside.added.is_any):
        same = N_("This scope holds what the signal named: nothing of it stays free.")
        return [{"heading": heading, "text": say(same, language)}]
    columns = (N_("Where it is now"), N_("Left free"), N_("Named beyond the signal"))
    return [
        {
            "heading": heading,
            "note": beside.text,
            "rows": [
                [say(N_("Lots left free"), language), _names(beside.left)],
                [say(N_("Lots beyond the signal"), language), _names(beside.added)],
            ],
        },
        table(
            N_("How much stays free, and how much is added"),
            columns,
            [[say(words, language), *each] for words, each in _rows(beside)],
            language,
            note=say(N_("Units, and quantities of lots"), language),
        ),
    ]


def _rows(beside: Beside) -> Iterator[tuple[str, list[str]]]:
    both = (beside.left, beside.added)
    for place, words in PLACE_WORDS.items():
        yield words, [_both(one.places.get(place, NOTHING)) for one in both]
    yield N_("In all, without what is used or destroyed"), [_both(one.total) for one in both]


def _names(part: Part) -> str:
    names = ", ".join(part.lots[:MOST_NAMED]) or "–"
    return f"{names}, …" if len(part.lots) > MOST_NAMED else names


def _both(much: tuple[int, Any]) -> str:
    return f"{much[0]} + {said(much[1])}"
