"""What the columns of each kind of file are: the data dictionary's, and those that join records."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.serials.dictionary import Field, entity
from engine.serials.models import (
    CHANNELS,
    CONTACT_ROLES,
    EXAMINATIONS,
    LEGACY_STATES,
    OUTCOMES,
    USABILITIES,
)

_HERE = Path(__file__).parent
_WORDS = {
    "USABILITIES": USABILITIES,
    "NAMED": {"party": "", "location": "", "part": "", "lot": "", "unit": ""},
    "LEGACY_STATES": LEGACY_STATES,
    "CONTACT_ROLES": CONTACT_ROLES,
    "CHANNELS": CHANNELS,
    "EXAMINATIONS": EXAMINATIONS,
    "OUTCOMES": OUTCOMES,
    "YES_NO": {"yes": "Yes", "no": "No"},
}
# what a file may hold, in the order in which a company is taken in
KINDS = {
    "parties": "party",
    "contacts": "contact",
    "locations": "location",
    "parts": "part",
    "lots": "lot",
    "units": "unit",
    "orders": "purchase_order",
    "receipts": "purchase_receipt",
    "stock": "stock",
    "inputs": "input",
    "installs": "install",
    "tests": "examination",
    "shipments": "shipment",
    "names": "name",
    "epcis": "epcis_event",
    "cases": "legacy_case",
}
# a document and not a table: its events are its lines, and nothing of it is mapped
DOCUMENTS = frozenset({"epcis"})
# these are history that nobody here saw happen: a second person answers for them too
TWO_PEOPLE = frozenset({"cases"})
# these have no number of their own: the same file twice would record everything twice
FACTS = frozenset({"receipts", "stock", "inputs", "tests", "shipments"})


@dataclass(frozen=True)
class Column:
    """One column of a kind of file: its name, its words, its type, and what systems call it."""

    name: str
    label: str
    label_zh: str
    type: str
    required: bool = False
    words: Mapping[str, str] | None = None
    meaning: str = ""
    meaning_zh: str = ""
    aliases: tuple[str, ...] = ()

    def says(self, language: str) -> str:
        """Return its label in a language."""
        return self.label_zh if language.startswith("zh") else self.label

    def means(self, language: str) -> str:
        """Return its meaning in a language."""
        return self.meaning_zh if language.startswith("zh") else self.meaning


@dataclass(frozen=True)
class Layout:
    """One kind of file and its columns, in their order."""

    kind: str
    entity: str
    label: str
    label_zh: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """Return the column of this name."""
        return next(one for one in self.columns if one.name == name)

    def says(self, language: str) -> str:
        """Return its label in a language."""
        return self.label_zh if language.startswith("zh") else self.label


@cache
def layout(kind: str) -> Layout:
    """Return what a file of this kind holds."""
    name = KINDS[kind]
    path = _HERE / f"{name}.toml"
    if not path.exists():
        said = entity(name)
        columns = tuple(_of_field(one) for one in said.taken_in)
        return Layout(kind, name, said.label, said.label_zh, columns)

    told = tomllib.loads(path.read_text(encoding="utf-8"))
    columns = tuple(
        Column(
            key,
            facts["label"],
            facts["label_zh"],
            facts["type"],
            facts.get("required", False),
            _WORDS[facts["choices"]] if "choices" in facts else None,
            facts["meaning"],
            facts["meaning_zh"],
            tuple(facts.get("aliases", ())),
        )
        for key, facts in told["columns"].items()
    )
    return Layout(kind, name, told["label"], told["label_zh"], columns)


def _of_field(one: Field) -> Column:
    said = (one.erp, one.mes, one.wms, one.plm)
    systems = [name.strip() for names in said for name in names.split(",") if name.strip()]
    return Column(
        one.name,
        one.label,
        one.label_zh,
        one.type,
        one.required,
        one.words if one.type == "choice" else None,
        one.meaning,
        one.meaning_zh,
        tuple(dict.fromkeys((one.column, *systems))),
    )
