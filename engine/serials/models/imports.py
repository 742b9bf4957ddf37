"""Intake: the raw file, its batch, and every line as it came with what is wrong with it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref
from engine.serials.models.axes import freeze, one_of
from engine.words import N_

BATCH_STATES = {
    "quarantined": N_("Problems found, nothing loaded"),
    "loaded": N_("Loaded"),
    "rolled_back": N_("Taken back"),
}


class ImportFile(Base):
    """The bytes of a file as they came, by their SHA-256."""

    __tablename__ = "import_file"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportBatch(Base):
    """One file read once: loaded whole, or not at all."""

    __tablename__ = "import_batch"
    __table_args__ = (
        one_of("state", BATCH_STATES),
        CheckConstraint(
            "(state = 'rolled_back') = (rolled_back_at IS NOT NULL)", name="rolled_back_when"
        ),
    )

    id: Mapped[Key]
    kind: Mapped[str]
    file_name: Mapped[str]
    file_sha256: Mapped[str] = mapped_column(ForeignKey("import_file.sha256"))
    source: Mapped[str]
    state: Mapped[str]
    line_count: Mapped[int]
    problem_count: Mapped[int]
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]
    rolled_back_at: Mapped[datetime | None]
    rolled_back_by_id: Mapped[Ref | None]


class StagingRow(Base):
    """One line of a file: as it came, as standardised, its problems, and the row it became."""

    __tablename__ = "staging_row"
    __table_args__ = (Index("ix_staging_row_entity", "entity", "entity_id"),)

    batch_id: Mapped[int] = mapped_column(KeyType, ForeignKey("import_batch.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    raw: Mapped[dict[str, Any]]
    values: Mapped[dict[str, Any]]
    problems: Mapped[list[Any]]
    entity: Mapped[str | None]
    entity_id: Mapped[int | None] = mapped_column(KeyType)
    is_new: Mapped[bool] = mapped_column(default=False)


freeze(ImportFile.__table__)
