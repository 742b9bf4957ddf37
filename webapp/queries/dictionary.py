"""The data dictionary as its page shows it: searched, with its versions and what changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.serials.dictionary import Entity, Field, entities, entity
from engine.serials.dictionary.described import SYSTEMS
from engine.serials.dictionary.versions import (
    DictionaryVersion,
    Difference,
    differences,
    version_of,
    versions,
)
from engine.words import N_

# what a reader looks for first stands first; what stands nowhere here is a record of the system
ORDER = (
    (
        "goods",
        N_("Goods and parties"),
        ("party", "part", "lot", "unit", "stock", "location", "segment", "container", "contact"),
    ),
    (
        "agreed",
        N_("What was agreed and allowed"),
        ("supplier_agreement", "market_authorisation", "external_id", "purchase_order",
         "purchase_line", "priority_serial"),
    ),
    (
        "happened",
        N_("What happened"),
        ("event", "purchase_receipt", "examination", "measurement", "certificate", "install",
         "packed", "shipment", "shipment_line", "unit_label", "flag", "reported_event"),
    ),
    (
        "held",
        N_("Holds"),
        ("hold", "hold_target", "hold_exemption", "hold_breach"),
    ),
)  # fmt: skip
SYSTEM = ("system", N_("Records of the system"))


@dataclass(frozen=True)
class Part:
    """One entity with those of its fields that were found."""

    entity: Entity
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Group:
    """Entities that are read together, under their heading."""

    code: str
    words: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class VersionPage:
    """One version and what changed with it; the first has nothing before it."""

    version: DictionaryVersion
    before: DictionaryVersion | None
    parts: tuple[tuple[Entity, tuple[Difference, ...]], ...]


def found(text: str) -> list[Part]:
    """Return the entities and fields that say a text anywhere, all of them without one."""
    asked = text.strip().casefold()
    parts = []
    for what in entities():
        if not asked or asked in _words_of(what):
            parts.append(Part(what, what.fields))
            continue
        fields = tuple(field for field in what.fields if asked in _words_of(field))
        if fields:
            parts.append(Part(what, fields))
    return parts


def grouped(parts: list[Part], language: str) -> list[Group]:
    """Return parts in the order a reader looks for them; the records of the system come last."""
    by_name = {part.entity.name: part for part in parts}
    groups = [
        Group(code, words, tuple(by_name.pop(name) for name in names if name in by_name))
        for code, words, names in ORDER
    ]
    rest = sorted(by_name.values(), key=lambda part: part.entity.says(language))
    return [group for group in (*groups, Group(*SYSTEM, tuple(rest))) if group.parts]


def version_page(db: Session, version_id: int) -> VersionPage:
    """Return one version with its differences by entity; raises `VersionUnknown`."""
    version, before = version_of(db, version_id)
    changed = differences(before.files, version.files) if before else []
    parts: dict[str, list[Difference]] = {}
    for one in changed:
        parts.setdefault(one.entity.name, []).append(one)
    shown = tuple((some[0].entity, tuple(some)) for some in parts.values())
    return VersionPage(version, before, shown)


def latest(db: Session) -> DictionaryVersion | None:
    """Return the version that stands, None before the first start."""
    return next(iter(versions(db)), None)


def named_elsewhere(field: Field) -> Iterator[tuple[str, str]]:
    """Yield what other systems call a field: (system, its name)."""
    for system in SYSTEMS:
        if name := getattr(field, system):
            yield system.upper(), name


def where_used(name: str) -> list[tuple[Entity, Field]]:
    """Return the fields of other entities that refer to this one."""
    return [
        (what, field) for what in entities() for field in what.fields if field.refers_to == name
    ]


def label_of(name: str, language: str) -> str:
    """Return the label of an entity."""
    return entity(name).says(language)


def _words_of(one: Entity | Field) -> str:
    said = [one.name, one.label, one.label_zh, one.meaning, one.meaning_zh, one.epcis]
    if isinstance(one, Field):
        said += [one.kept, one.column, *(name for _, name in named_elsewhere(one))]
    return "\n".join(said).casefold()
