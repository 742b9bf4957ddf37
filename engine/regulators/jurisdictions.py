"""What a field action is called and graded in each jurisdiction, read from `jurisdictions.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from engine.errors import NotFound

FILE = Path(__file__).with_name("jurisdictions.toml")
OTHER = "other"


class JurisdictionUnknown(NotFound):
    """There is no jurisdiction %(code)s here. Use the code of a country, such as BR."""


@dataclass(frozen=True)
class Named:
    """A code with its words in both languages, and the clause it stands on."""

    code: str
    name: str
    name_zh: str
    source: str = ""
    checked: bool = False
    is_action: bool = True
    needs_class: bool = False
    report: str = ""  # the clause that has it reported
    report_checked: bool = False

    def said(self, language: str) -> str:
        """Return its words in a language."""
        return self.name_zh if language == "zh" else self.name


@dataclass(frozen=True)
class GateRule:
    """What waits for an authority, and why: `notices` or `destruction`."""

    what: str
    rule: str
    source: str
    checked: bool


@dataclass(frozen=True)
class Jurisdiction:
    """One law a field action falls under: of a country, or of several together."""

    code: str  # US, EU, CN, or the code of a country that stands nowhere in the file
    name: str
    name_zh: str
    authority: str
    countries: tuple[str, ...]
    legal_names: tuple[Named, ...]
    classes: tuple[Named, ...]
    class_source: str
    graded_by: str  # us | authority | nobody
    gates: tuple[GateRule, ...]
    waits_to_end: bool
    ends_source: str
    ends_checked: bool

    def said(self, language: str) -> str:
        """Return its name in a language."""
        return (self.name_zh if language == "zh" else self.name) or self.code

    def legal_name(self, code: str) -> Named:
        """Return one of its legal names; raises `KeyError`."""
        return {one.code: one for one in self.legal_names}[code]

    def class_named(self, code: str | None) -> Named | None:
        """Return one of its classes, None for none."""
        return {one.code: one for one in self.classes}.get(code or "")


def of_country(code: str) -> Jurisdiction:
    """Return the jurisdiction of a country; one that the file does not name is one of its own."""
    wanted = code.upper()
    for one in listed():
        if wanted in one.countries:
            return one
    return replace(_read()[OTHER.upper()], code=wanted, countries=(wanted,))


def named(code: str) -> Jurisdiction:
    """Return a jurisdiction by its code, or the one of that country."""
    found = _read().get(code.upper())
    if found is not None and found.code != OTHER.upper():
        return found
    if len(code) != 2 or not code.isalpha():
        raise JurisdictionUnknown(code=code)
    return of_country(code)


def listed() -> list[Jurisdiction]:
    """Return every jurisdiction the file describes, in its order."""
    return [one for one in _read().values() if one.code != OTHER.upper()]


@cache
def _read() -> Mapping[str, Jurisdiction]:
    tables = tomllib.loads(FILE.read_text("utf-8"))
    return {code.upper(): _jurisdiction(code.upper(), table) for code, table in tables.items()}


def _jurisdiction(code: str, table: Mapping[str, Any]) -> Jurisdiction:
    return Jurisdiction(
        code=code,
        name=table["name"],
        name_zh=table["name_zh"],
        authority=table["authority"],
        countries=tuple(table["countries"]),
        legal_names=tuple(Named(**one) for one in table["legal_name"]),
        classes=tuple(Named(**one) for one in table["class"]),
        class_source=table.get("class_source", ""),
        graded_by=table["graded_by"],
        gates=tuple(GateRule(**one) for one in table["gate"]),
        waits_to_end=table["ends"],
        ends_source=table["ends_source"],
        ends_checked=table["ends_checked"],
    )
