"""Whether one reported event is to be reported: questions and periods of `reportability.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.regulators.jurisdictions import OTHER

FILE = Path(__file__).with_name("reportability.toml")
YES, NO, UNKNOWN = "yes", "no", "unknown"
GIVEN = (YES, NO, UNKNOWN)
# questions whose yes tells of a person who came to harm, or of many who may
HARM = ("death", "serious", "caused", "threat")
HERE, ABROAD = "here", "abroad"


@dataclass(frozen=True)
class Clause:
    """Where the law says it; without `words` it was not compared with its text."""

    source: str
    file: str = ""
    words: str = ""

    @property
    def is_checked(self) -> bool:
        """Say whether the clause was compared with its text in the collection of laws."""
        return bool(self.words)


@dataclass(frozen=True)
class Question:
    """What leads to a decision; a yes to one that `excludes` means that nothing is reported."""

    code: str
    text: str
    text_zh: str
    clause: Clause
    excludes: bool

    def said(self, language: str) -> str:
        """Return it in a language."""
        return self.text_zh if language == "zh" else self.text


@dataclass(frozen=True)
class Report:
    """One kind of report: when it is due, and which answers make it due."""

    code: str
    name: str
    name_zh: str
    clause: Clause
    unit: str  # days | work_days | none
    amount: int
    where: str  # here | abroad, or "" wherever it happened
    all_of: tuple[str, ...]
    any_of: tuple[str, ...]
    unless: tuple[str, ...]

    def said(self, language: str) -> str:
        """Return its name in a language."""
        return self.name_zh if language == "zh" else self.name

    def is_asked_by(self, answers: Mapping[str, str]) -> bool:
        """Say whether these answers ask for it; what is not known is taken for a yes."""
        may = {code for code, given in answers.items() if given != NO}
        return (
            may.issuperset(self.all_of)
            and (not self.any_of or not may.isdisjoint(self.any_of))
            and not any(answers.get(code) == YES for code in self.unless)
        )


@dataclass(frozen=True)
class Reporting:
    """What one jurisdiction asks of an event, and what an undecided one is taken for."""

    questions: tuple[Question, ...]
    reports: tuple[Report, ...]
    as_if: Mapping[str, str]  # the outcome of the event: the code of a report

    def report(self, code: str) -> Report:
        """Return one kind of report; raises `KeyError`."""
        return {one.code: one for one in self.reports}[code]

    def offered(self, where: str) -> tuple[Report, ...]:
        """Return the kinds of report for an event that happened `here` or `abroad`."""
        return tuple(one for one in self.reports if one.where in ("", where))

    def suggested(self, answers: Mapping[str, str], where: str) -> Report | None:
        """Return the shortest report that the answers ask for, None where they ask for none."""
        if any(one.excludes and answers.get(one.code) == YES for one in self.questions):
            return None
        return self.told_of(answers, where)

    def told_of(self, answers: Mapping[str, str], where: str) -> Report | None:
        """Return the shortest report that the answers tell of, whatever they say excludes it."""
        found = (one for one in self.offered(where) if one.is_asked_by(answers))
        return next(found, None)

    def is_against(self, answers: Mapping[str, str], where: str) -> bool:
        """Say whether a no would go against these answers: they ask for a report, or tell of harm.

        A yes to what excludes a report is no contradiction, but where somebody came to harm a
        second person judges whether it excludes this one.
        """
        tells_harm = any(answers.get(code) == YES for code in HARM)
        return tells_harm or self.suggested(answers, where) is not None

    def taken_for(self, outcome: str, where: str) -> Report:
        """Return the report that an event runs as while nobody has decided."""
        wanted = self.report(self.as_if[outcome])
        return wanted if wanted.where in ("", where) else self.offered(where)[0]


def reporting(jurisdiction: str) -> Reporting:
    """Return what a jurisdiction asks, by its code; one that the file does not name as `other`."""
    found = listed()
    return found.get(jurisdiction.upper()) or found[OTHER.upper()]


@cache
def listed() -> Mapping[str, Reporting]:
    """Return every jurisdiction the file describes, by its code."""
    tables = tomllib.loads(FILE.read_text("utf-8"))
    return {
        code.upper(): Reporting(
            tuple(_question(one) for one in table["question"]),
            tuple(_report(one) for one in table["report"]),
            table["as_if"],
        )
        for code, table in tables.items()
    }


def _clause(row: Mapping[str, Any]) -> Clause:
    return Clause(row["source"], row.get("file", ""), row.get("words", ""))


def _question(row: Mapping[str, Any]) -> Question:
    return Question(
        row["code"], row["text"], row["text_zh"], _clause(row), bool(row.get("excludes", False))
    )


def _report(row: Mapping[str, Any]) -> Report:
    return Report(
        code=row["code"],
        name=row["name"],
        name_zh=row["name_zh"],
        clause=_clause(row),
        unit=row["unit"],
        amount=row.get("amount", 0),
        where=row.get("where", ""),
        all_of=tuple(row.get("all", ())),
        any_of=tuple(row.get("any", ())),
        unless=tuple(row.get("unless", ())),
    )
