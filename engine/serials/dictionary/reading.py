"""Reading what a person typed into the fields of a form, every problem at its field."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from biip import ParseError
from biip.gln import Gln
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.db import Base
from engine.errors import Problem
from engine.serials.dictionary.described import Entity, Field, entity
from engine.serials.identifiers import gtin_14, standard
from engine.words import N_
from forms.kinds.country import countries

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
LONGEST_ADDRESS = 254
PLACES = 6  # of a quantity
SLASH = "/"  # manufacturer/part, where one number means several parts


@dataclass
class Read:
    """What was understood, by columns of the table, and what was not, at its field."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, at: str, sentence: str, **facts: object) -> None:
        """Note a problem."""
        self.problems.append(Problem(at, sentence, tuple(facts.items())))


def read_fields(
    db: Session, fields: Iterable[Field], texts: Mapping[str, str], language: str = "en"
) -> Read:
    """Read the texts of fields; a field that is named here and empty in the form is empty."""
    read = Read()
    for one in fields:
        said = standard(texts.get(one.name, ""))
        if not said:
            read.values[one.kept] = None
            if one.required:
                read.wrong(one.name, N_("Enter %(label)s."), label=one.says(language))
            continue
        read.values[one.kept] = _value(db, read, one, said)
    return read


def written(db: Session, what: Entity, row: Any) -> dict[str, str]:
    """Return a row as texts that `read_fields` reads back to the same."""
    texts = {}
    for one in what.fields:
        value = getattr(row, one.kept, None) if one.kept else None
        texts[one.name] = _text(db, one, value)
    return texts


def _text(db: Session, one: Field, value: Any) -> str:
    if value is None:
        return ""
    if one.refers_to:
        return _name_of(db, entity(one.refers_to), value)
    if one.type == "yes_no":
        return "yes" if value else "no"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _name_of(db: Session, what: Entity, id: int) -> str:
    table = Base.metadata.tables[what.table]
    named_by = table.c[what.field(what.named_by).kept]
    name = db.scalar(select(named_by).where(table.c.id == id))
    if what.name == "part" and len(_ids(db, what, str(name))) > 1:
        party = Base.metadata.tables["party"]
        code = db.scalar(
            select(party.c.code)
            .join(table, table.c.manufacturer_id == party.c.id)
            .where(table.c.id == id)
        )
        return f"{code}{SLASH}{name}"
    return str(name)


def _value(db: Session, read: Read, one: Field, said: str) -> Any:  # noqa: C901, PLR0911  one line per type reads best
    if one.type == "date":
        return _date(read, one, said)
    if one.type == "quantity":
        return _quantity(read, one, said)
    if one.type == "ref":
        return _reference(db, read, one, said)
    if one.type == "yes_no":
        return said == "yes"
    if one.type == "country":
        return _country(read, one, said)
    if one.name == "currency":
        return _letters(
            read, one, said, N_("Enter the three letters of the currency, such as EUR."), 3
        )
    if one.type == "gtin" and (gtin := gtin_14(said)) is not None:
        return gtin
    if one.type == "gtin" or (one.type == "gln" and not _is_gln(said)):
        read.wrong(one.name, N_("The check digit of %(value)s is wrong."), value=said)
    if one.type == "email" and not is_address(said):
        read.wrong(one.name, N_("Enter an e-mail address, such as qa@hospital.example."))
    if one.type == "choice" and said not in one.words:
        read.wrong(one.name, N_("Choose one from the list."))
    return said


def is_address(said: str) -> bool:
    """Say whether a text can be an e-mail address: one @ and no space or line break (RFC 5321)."""
    return len(said) <= LONGEST_ADDRESS and ADDRESS.fullmatch(said) is not None


def _country(read: Read, one: Field, said: str) -> str:
    code = said.upper()
    if code not in countries("en"):
        read.wrong(one.name, N_("Enter the two letters of the country, such as DE."))
    return code


def _letters(read: Read, one: Field, said: str, sentence: str, count: int) -> str:
    if not (len(said) == count and said.isascii() and said.isalpha()):
        read.wrong(one.name, sentence)
    return said.upper()


def _date(read: Read, one: Field, said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        read.wrong(one.name, N_("Enter a day as 2026-01-31."))
        return None


def _quantity(read: Read, one: Field, said: str) -> Decimal | None:
    try:
        number = Decimal(said)
    except InvalidOperation:
        number = Decimal(-1)
    exponent = number.as_tuple().exponent
    fits = isinstance(exponent, int) and exponent >= -PLACES and abs(number) < Decimal(10) ** 12
    if not fits or number < 0:
        read.wrong(one.name, N_("Enter a number that is not negative, for example 4.25."))
        return None
    return number


def _is_gln(said: str) -> bool:
    try:
        Gln.parse(said)
    except ParseError:
        return False
    return True


def _reference(db: Session, read: Read, one: Field, said: str) -> int | None:
    what = entity(one.refers_to)
    found = _ids(db, what, said)
    if len(found) == 1:
        return found[0]
    if found:
        read.wrong(
            one.name,
            N_("Several parts have the number %(value)s. Write maker/number: OWN/%(value)s."),
            value=said,
        )
    else:
        read.wrong(one.name, N_("%(value)s is not described here. Check it."), value=said)
    return None


def _ids(db: Session, what: Entity, said: str) -> list[int]:
    table = Base.metadata.tables[what.table]
    found = select(table.c.id).where(table.c[what.field(what.named_by).kept] == said).limit(2)
    ids = list(db.scalars(found))
    if not ids and what.name == "part" and SLASH in said:
        code, _, number = said.partition(SLASH)
        party = Base.metadata.tables["party"]
        ids = list(
            db.scalars(
                select(table.c.id)
                .join(party, table.c.manufacturer_id == party.c.id)
                .where(party.c.code == code, table.c.part_no == number)
            )
        )
    return ids
