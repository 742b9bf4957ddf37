"""From bytes to rows of values: columns by their names, every value standardised and checked."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from biip import ParseError
from biip.gln import Gln

from engine.errors import Problem
from engine.serials.dictionary import Entity, Field
from engine.serials.identifiers import gtin_14, standard
from engine.words import N_

SENTENCES = {
    "not_text": N_("This file is not UTF-8 text. Save it as “CSV UTF-8” and send it again"),
    "empty": N_("This file has no rows. Check that you chose the right one"),
    "missing_column": N_("The column “%(column)s” is missing. Add it"),
    "unknown_column": N_("The column “%(column)s” is not one of ours. Remove it or rename it"),
    "too_many_cells": N_("This row has more cells than the header. Check for a stray separator"),
    "required": N_("Enter a value for %(label)s"),
    "not_a_date": N_("“%(value)s” is not a date. Write it as 2026-03-31"),
    "not_a_quantity": N_("“%(value)s” is not a quantity above zero with at most six decimals"),
    "not_a_choice": N_("“%(value)s” is not one of: %(choices)s"),
    "not_a_country": N_("“%(value)s” is not a country code. Write two letters, such as DE"),
    "wrong_check_digit": N_(
        "The check digit of %(value)s is wrong. Copy the number from the label"
    ),
    "unknown_reference": N_("There is no %(what)s %(value)s here. Take it in first, or correct it"),
    "ambiguous": N_("More than one manufacturer has a part %(value)s. Name the manufacturer"),
    "twice_in_file": N_("%(value)s already stands in line %(line)s of this file"),
    "differs": N_("%(value)s is already recorded otherwise (%(fields)s). Change it there"),
    "taken": N_("%(value)s is already recorded. Leave the line out"),
    "serial_or_lot": N_("Enter a serial number, or a lot number with a quantity"),
    "wrong_control": N_("Part %(value)s is controlled %(control)s"),
    "no_stock": N_("Lot %(value)s has no stock to ship from. Take in its stock first"),
    "other_lot": N_("Serial number %(value)s belongs to another lot. Check the label"),
    "before_receipt": N_("%(value)s only came on %(day)s. Correct one of the two dates"),
}
QUANTITY_PLACES = 6


@dataclass(frozen=True)
class RowProblem:
    """One thing wrong with one row: its line, its column, a code and a sentence."""

    line: int
    column: str
    code: str
    facts: tuple[tuple[str, object], ...] = ()

    @property
    def problem(self) -> Problem:
        """Return the sentence with its place, for a page to translate."""
        return Problem(f"{self.line}.{self.column}", SENTENCES[self.code], self.facts)

    @property
    def sentence(self) -> str:
        """Return the sentence in English."""
        return str(self.problem)


@dataclass
class Row:
    """One line of a file: as it came, as we understand it, what is wrong with it."""

    line: int
    raw: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)

    def wrong(self, column: str, code: str, **facts: object) -> None:
        """Note a problem."""
        self.problems.append(RowProblem(self.line, column, code, tuple(facts.items())))


def read(entity: Entity, content: bytes) -> tuple[list[Row], list[RowProblem]]:
    """Return the rows of a CSV file, and what is wrong with the file itself.

    Comma, semicolon or tab; columns by name or by label in either language, in any order.
    """
    try:
        said = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [], [RowProblem(1, "", "not_text")]

    first = said.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    lines = list(csv.reader(io.StringIO(said, newline=""), delimiter=delimiter))
    if len(lines) < 2:
        return [], [RowProblem(1, "", "empty")]

    names, problems = _columns(entity, lines[0])
    rows = [
        _row(entity, number, names, cells)
        for number, cells in enumerate(lines[1:], start=2)
        if any(cell.strip() for cell in cells)
    ]
    return rows, problems


def standardise(entity: Entity, rows: Iterable[Row]) -> None:
    """Turn the texts of rows into values, noting every problem."""
    for row in rows:
        for one in entity.taken_in:
            said = standard(row.raw.get(one.name, ""))
            row.values[one.name] = _value(row, one, said) if said else None
            if not said and one.required:
                row.wrong(one.column, "required", label=one.label)


def _columns(entity: Entity, header: list[str]) -> tuple[list[str | None], list[RowProblem]]:
    known: dict[str, str] = {}
    for one in entity.taken_in:
        for word in (one.column, one.label, one.label_zh):
            known[word.casefold()] = one.name
    names = [known.get(cell.strip().casefold()) for cell in header]
    problems = [
        RowProblem(1, cell.strip(), "unknown_column", (("column", cell.strip()),))
        for cell, name in zip(header, names, strict=True)
        if name is None and cell.strip()
    ]
    problems += [
        RowProblem(1, one.column, "missing_column", (("column", one.column),))
        for one in entity.taken_in
        if one.required and one.name not in names
    ]
    return names, problems


def _row(entity: Entity, number: int, names: list[str | None], cells: list[str]) -> Row:
    raw = {name: cell for name, cell in zip(names, cells, strict=False) if name is not None}
    row = Row(number, raw)
    if len(cells) > len(names):
        row.wrong("", "too_many_cells")
    return row


def _value(row: Row, one: Field, said: str) -> Any:  # noqa: PLR0911  one line per type reads best
    if one.type == "date":
        return _date(row, one, said)
    if one.type == "quantity":
        return _quantity(row, one, said)
    if one.type == "choice":
        return _choice(row, one, said, one.words)
    if one.type == "country":
        code = said.upper()
        if len(code) != 2 or not code.isalpha() or not code.isascii():
            row.wrong(one.column, "not_a_country", value=said)
        return code
    if one.type == "gtin":
        if (gtin := gtin_14(said)) is None:
            row.wrong(one.column, "wrong_check_digit", value=said)
        return gtin
    if one.type == "gln":
        return _gln(row, one, said)
    return said


def _date(row: Row, one: Field, said: str) -> date | None:
    try:
        return date.fromisoformat(said.replace("/", "-").replace(".", "-"))
    except ValueError:
        row.wrong(one.column, "not_a_date", value=said)
        return None


def _quantity(row: Row, one: Field, said: str) -> Decimal | None:
    try:
        quantity = Decimal(said)
    except InvalidOperation:
        quantity = Decimal(0)
    exponent = quantity.as_tuple().exponent
    fits = isinstance(exponent, int) and exponent >= -QUANTITY_PLACES
    if not fits or quantity <= 0:
        row.wrong(one.column, "not_a_quantity", value=said)
        return None
    return quantity


def _choice(row: Row, one: Field, said: str, words: Mapping[str, str]) -> str | None:
    for code, label in words.items():
        if said.casefold() in (code, label.casefold()):
            return code
    row.wrong(one.column, "not_a_choice", value=said, choices=", ".join(words))
    return None


def _gln(row: Row, one: Field, said: str) -> str:
    try:
        Gln.parse(said)
    except ParseError:
        row.wrong(one.column, "wrong_check_digit", value=said)
    return said
