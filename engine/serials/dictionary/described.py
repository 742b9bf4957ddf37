"""What the files of the dictionary say: entities, their fields, and the words of both."""

import tomllib
from dataclasses import dataclass, fields as facts_of
from functools import cache
from pathlib import Path
from typing import Any

from engine.serials.harm import OUTCOMES as HARM
from engine.serials.models import CUSTODIES, USABILITIES
from engine.serials.models.contact import CHANNELS, CONTACT_ROLES
from engine.serials.models.examination import CERTIFICATES, EXAMINATIONS, OUTCOMES
from engine.serials.models.flag import RULES
from engine.serials.models.hold import TARGET_KINDS
from engine.serials.models.imports import BATCH_STATES
from engine.serials.models.legacy import LEGACY_STATES
from engine.serials.models.master import (
    CONTROLS,
    ISSUERS,
    LOCATION_KINDS,
    PART_KINDS,
    PARTY_KINDS,
)
from engine.serials.models.packing import CONTAINERS
from engine.serials.vocabulary import KINDS

FOLDER = Path(__file__).parent
SYSTEMS = ("epcis", "erp", "mes", "wms", "plm")
_WORDS = {
    "PARTY_KINDS": PARTY_KINDS,
    "LOCATION_KINDS": LOCATION_KINDS,
    "PART_KINDS": PART_KINDS,
    "CONTROLS": CONTROLS,
    "ISSUERS": ISSUERS,
    "CUSTODIES": CUSTODIES,
    "USABILITIES": USABILITIES,
    "TARGET_KINDS": TARGET_KINDS,
    "BATCH_STATES": BATCH_STATES,
    "LEGACY_STATES": LEGACY_STATES,
    "CONTACT_ROLES": CONTACT_ROLES,
    "CHANNELS": CHANNELS,
    "EXAMINATIONS": EXAMINATIONS,
    "OUTCOMES": OUTCOMES,
    "CERTIFICATES": CERTIFICATES,
    "CONTAINERS": CONTAINERS,
    "RULES": RULES,
    "HARM": HARM,
    "EVENT_TYPES": {code: kind.label for code, kind in KINDS.items()},
}


@dataclass(frozen=True)
class Field:
    """One field: its words, its meaning, its type, when and by whom it may change.

    `kept` is the column that keeps it: `payload.x` is a key inside one, "" what a file says and
    another record keeps. `column` is its column in a file, "" where no file brings it.
    `changes`: `free`, `release` (fixed once released), `event` (only by an event), `correction` (by
    a new version that says why), `never`.
    `seen_by` and `changed_by` are roles; nobody named is everybody who may read the entity, and
    everybody who may change master data. The five systems say what they call it.
    """

    name: str
    label: str
    label_zh: str
    meaning: str
    meaning_zh: str
    # text, exact, date, datetime, quantity, integer, yes_no, choice, ref, person, gtin, gln,
    # country, email, json, bytes
    type: str
    changes: str
    kept: str
    column: str = ""
    required: bool = False
    unique: str = ""
    choices: str = ""
    refers_to: str = ""
    unit: str = ""
    seen_by: tuple[str, ...] = ()
    changed_by: tuple[str, ...] = ()
    epcis: str = ""
    erp: str = ""
    mes: str = ""
    wms: str = ""
    plm: str = ""

    @property
    def words(self) -> dict[str, str]:
        """Return the codes a choice may have, with their labels."""
        return _WORDS[self.choices]

    def says(self, language: str) -> str:
        """Return its label in a language."""
        return self.label_zh if language.startswith("zh") else self.label

    def means(self, language: str) -> str:
        """Return its meaning in a language."""
        return self.meaning_zh if language.startswith("zh") else self.meaning


@dataclass(frozen=True)
class Entity:
    """One kind of thing and its fields, in the order of the file."""

    name: str
    label: str
    label_zh: str
    meaning: str
    meaning_zh: str
    table: str
    fields: tuple[Field, ...]
    epcis: str = ""
    named_by: str = ""  # the field that names one of it where another record refers to it
    action: str = "master.change"  # what whoever changes one of its fields must be allowed

    @property
    def taken_in(self) -> tuple[Field, ...]:
        """Return the fields that a file brings, in the order of its columns."""
        return tuple(field for field in self.fields if field.column)

    def field(self, name: str) -> Field:
        """Return the field of this name."""
        return next(field for field in self.fields if field.name == name)

    def keeping(self, column: str) -> Field:
        """Return the field that a column of the table keeps."""
        return next(field for field in self.fields if field.kept == column)

    def says(self, language: str) -> str:
        """Return its label in a language."""
        return self.label_zh if language.startswith("zh") else self.label

    def means(self, language: str) -> str:
        """Return its meaning in a language."""
        return self.meaning_zh if language.startswith("zh") else self.meaning


@cache
def entity(name: str) -> Entity:
    """Return the description of an entity, by the name of its file: party, part, lot, event."""
    return described(name, (FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def described(name: str, text: str) -> Entity:
    """Return the entity that the text of a file describes; an earlier version's text too."""
    said = tomllib.loads(text)
    rows, changed_by = said.pop("fields"), tuple(said.pop("changed_by", ()))
    seen_by = tuple(said.pop("seen_by", ()))
    fields = []
    for key, facts in rows.items():
        people = {
            "seen_by": tuple(facts.get("seen_by", seen_by)),
            "changed_by": tuple(facts.get("changed_by", changed_by)),
        }
        fields.append(Field(**_known(Field, {"name": key, "kept": key, **facts, **people})))
    return Entity(**_known(Entity, {"name": name, "table": name, **said, "fields": tuple(fields)}))


def _known(kind: type[Field | Entity], facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts that a description has now; an earlier version may have had others."""
    return {fact.name: facts[fact.name] for fact in facts_of(kind) if fact.name in facts}


@cache
def entities() -> tuple[Entity, ...]:
    """Return every entity that has a file here, by name."""
    return tuple(entity(path.stem) for path in sorted(FOLDER.glob("*.toml")))
