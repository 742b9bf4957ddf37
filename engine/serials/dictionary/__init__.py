"""The data dictionary: one file per entity describes every field that is taken in or shown."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.serials.models import CUSTODIES, USABILITIES
from engine.serials.models.master import CONTROLS, LOCATION_KINDS, PART_KINDS, PARTY_KINDS

_HERE = Path(__file__).parent
_WORDS = {
    "PARTY_KINDS": PARTY_KINDS,
    "LOCATION_KINDS": LOCATION_KINDS,
    "PART_KINDS": PART_KINDS,
    "CONTROLS": CONTROLS,
    "CUSTODIES": CUSTODIES,
    "USABILITIES": USABILITIES,
}


@dataclass(frozen=True)
class Field:
    """One field: its words, its meaning, its type, when it may change, its column in a file.

    `changes`: `free`, `release` (fixed once released), `event` (only by an event), `never`.
    """

    name: str
    label: str
    label_zh: str
    meaning: str
    meaning_zh: str
    type: str  # text, exact, date, quantity, choice, ref, gtin, gln, country
    column: str
    changes: str
    required: bool = False
    unique: str = ""
    choices: str = ""
    refers_to: str = ""
    unit: str = ""

    @property
    def words(self) -> dict[str, str]:
        """Return the codes a choice may have, with their labels."""
        return _WORDS[self.choices]

    def says(self, language: str) -> str:
        """Return its label in a language."""
        return self.label_zh if language.startswith("zh") else self.label


@dataclass(frozen=True)
class Entity:
    """One kind of thing and its fields, in the order of a file's columns."""

    name: str
    label: str
    label_zh: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """Return the field of this name."""
        return next(field for field in self.fields if field.name == name)

    def says(self, language: str) -> str:
        """Return its label in a language."""
        return self.label_zh if language.startswith("zh") else self.label


@cache
def entity(name: str) -> Entity:
    """Return the description of an entity: party, location, part, lot, unit, stock, shipment."""
    said = tomllib.loads((_HERE / f"{name}.toml").read_text(encoding="utf-8"))
    fields = tuple(Field(name=key, **facts) for key, facts in said["fields"].items())
    return Entity(name, said["label"], said["label_zh"], fields)


def entities() -> tuple[Entity, ...]:
    """Return every entity that has a file here."""
    return tuple(entity(path.stem) for path in sorted(_HERE.glob("*.toml")))
