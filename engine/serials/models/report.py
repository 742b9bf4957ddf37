"""Saved reports: what is asked in the words of the dictionary, whose it is, when it is mailed."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows
from engine.serials.models.axes import one_of
from engine.words import N_

RHYTHMS = {"daily": N_("Every day"), "weekly": N_("Every week"), "monthly": N_("Every month")}
FORMATS = {"csv": "CSV", "xlsx": "XLSX", "pdf": "PDF"}


class Report(Base):
    """One saved question; `version` counts its changes, so that two do not overwrite another."""

    __tablename__ = "report"
    __table_args__ = (
        one_of("every", RHYTHMS),
        one_of("format", FORMATS),
        CheckConstraint("(every IS NULL) = (due_at IS NULL)", name="due_if_scheduled"),
        CheckConstraint("(every IS NULL) = (format IS NULL)", name="format_if_scheduled"),
        CheckConstraint("removed_at IS NULL OR every IS NULL", name="removed_is_not_due"),
        Index("ix_report_owner", "owner_id"),
        Index("ix_report_due", "due_at"),
    )

    id: Mapped[Key]
    name: Mapped[str]
    entity: Mapped[str]
    columns: Mapped[list[Any]]
    filters: Mapped[list[Any]]
    groups: Mapped[list[Any]]
    owner_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    is_shared: Mapped[bool] = mapped_column(default=False)
    every: Mapped[str | None]
    format: Mapped[str | None]
    due_at: Mapped[datetime | None]
    failed_count: Mapped[int] = mapped_column(default=0)  # tries in vain since it was due
    retry_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    saved_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class ReportRun(Base):
    """One file that a schedule made, as its owner then saw it; `left_out` are lost columns."""

    __tablename__ = "report_run"
    __table_args__ = (
        UniqueConstraint("report_id", "due_at"),
        CheckConstraint("(sha256 IS NULL) = (refused IS NOT NULL)", name="file_or_refusal"),
    )

    id: Mapped[Key]
    report_id: Mapped[int] = mapped_column(KeyType, ForeignKey("report.id"))
    due_at: Mapped[datetime]
    at: Mapped[datetime]
    owner_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    entity: Mapped[str]
    paths: Mapped[list[Any]]  # the columns in the file: who opens it must see each of them
    left_out: Mapped[list[Any]]
    format: Mapped[str]
    row_count: Mapped[int]
    sha256: Mapped[str | None]  # the file, in the document store
    refused: Mapped[str | None]  # the sentence why there is none


only_grows(ReportRun)
