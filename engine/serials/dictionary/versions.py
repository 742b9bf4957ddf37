"""Versions of the dictionary: its files by their hash, kept when they change, and what changed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.commands import take_turn
from engine.db import Base, Key, only_grows
from engine.errors import NotFound
from engine.evidence import ledger
from engine.serials.dictionary.described import FOLDER, Entity, Field, described

STREAM = "admin"


class DictionaryVersion(Base):
    """The files of the dictionary as they were from a moment on."""

    __tablename__ = "dictionary_version"

    id: Mapped[Key]
    sha256: Mapped[str] = mapped_column(unique=True)
    files: Mapped[dict[str, Any]]  # the text of each entity's file
    at: Mapped[datetime]


only_grows(DictionaryVersion)


class VersionUnknown(NotFound):
    """There is no such version of the data dictionary here."""


@dataclass(frozen=True)
class Difference:
    """One thing that differs: an entity, a field, or one fact of a field; None: not there."""

    entity: Entity
    field: Field | None
    fact: str  # "" where the whole came or went
    before: str | None
    after: str | None


def files() -> dict[str, str]:
    """Return the text of every file of the dictionary, by entity."""
    return {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.toml"))}


def sha256_of(texts: Mapping[str, str]) -> str:
    """Return the one fingerprint of all files with their names."""
    digest = hashlib.sha256()
    for name in sorted(texts):
        digest.update(f"{name} {hashlib.sha256(texts[name].encode()).hexdigest()}\n".encode())
    return digest.hexdigest()


def keep_version(db: Session, *, at: datetime) -> DictionaryVersion:
    """Keep the files as a version if they are not the latest one kept; flushes.

    Files that went back to an earlier state are that earlier version again.
    """
    take_turn(db, "dictionary_version")  # every process keeps it as it starts
    texts = files()
    known = db.scalar(select(DictionaryVersion).where(DictionaryVersion.sha256 == sha256_of(texts)))
    if known is not None:
        return known

    version = DictionaryVersion(sha256=sha256_of(texts), files=texts, at=at)
    db.add(version)
    db.flush()
    ledger.append(
        db,
        STREAM,
        "dictionary_changed",
        {"version": version.id, "sha256": version.sha256},
        by=None,
        at=at,
    )
    return version


def versions(db: Session) -> Sequence[DictionaryVersion]:
    """Return every version, the newest first."""
    return db.scalars(select(DictionaryVersion).order_by(DictionaryVersion.id.desc())).all()


def version_of(db: Session, id: int) -> tuple[DictionaryVersion, DictionaryVersion | None]:
    """Return a version and the one before it; raises `VersionUnknown`."""
    version = db.get(DictionaryVersion, id)
    if version is None:
        raise VersionUnknown
    before = db.scalar(
        select(DictionaryVersion)
        .where(DictionaryVersion.id < id)
        .order_by(DictionaryVersion.id.desc())
        .limit(1)
    )
    return version, before


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """Return what differs between two versions' files, in the order of entities and fields."""
    found = []
    for name in sorted({*before, *after}):
        old = described(name, before[name]) if name in before else None
        new = described(name, after[name]) if name in after else None
        found += _of_entity(old, new)
    return found


def _of_entity(old: Entity | None, new: Entity | None) -> list[Difference]:
    there = new or old
    assert there is not None  # noqa: S101 - one of the two names it
    if old is None or new is None:
        return [Difference(there, None, "", *_label(old), *_label(new))]
    found = [
        Difference(new, None, fact, str(getattr(old, fact)), str(getattr(new, fact)))
        for fact in ("label", "label_zh", "meaning", "meaning_zh", "table", "epcis", "named_by")
        if getattr(old, fact) != getattr(new, fact)
    ]
    was, now = ({field.name: field for field in what.fields} for what in (old, new))
    for name in [*now, *(name for name in was if name not in now)]:
        found += _of_field(new, was.get(name), now.get(name))
    return found


def _of_field(what: Entity, old: Field | None, new: Field | None) -> list[Difference]:
    there = new or old
    if old is None or new is None:
        return [Difference(what, there, "", *_label(old), *_label(new))]
    return [
        Difference(what, new, fact.name, _said(old, fact.name), _said(new, fact.name))
        for fact in fields(Field)
        if getattr(old, fact.name) != getattr(new, fact.name)
    ]


def _label(one: Entity | Field | None) -> tuple[str | None]:
    return (one.label if one else None,)


def _said(field: Field, fact: str) -> str:
    value = getattr(field, fact)
    return ", ".join(value) if isinstance(value, tuple) else str(value)
