"""The versions of a recall's scope: proposed over a kept trace, frozen once, never rewritten."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, Ref, only_grows
from engine.words import N_

STATES = {
    "proposed": N_("Candidate"),
    "frozen": N_("Frozen"),
    "withdrawn": N_("Withdrawn"),
}


class ScopeVersion(Base):
    """What a recall concerns, as somebody proposed it: the text, its trace, and what came of it.

    Frozen versions are a chain: each supersedes the one that stood before it, and no two the same,
    so of two people who freeze at once one is told.
    """

    __tablename__ = "scope_version"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint("state IN ('proposed', 'frozen', 'withdrawn')", name="state_is_known"),
        CheckConstraint("(state = 'frozen') = (frozen_at IS NOT NULL)", name="frozen_at_if_frozen"),
        CheckConstraint("state = 'frozen' OR supersedes_id IS NULL", name="frozen_supersedes"),
        CheckConstraint("state = 'frozen' OR signature_id IS NULL", name="frozen_is_signed"),
        Index(
            "ix_scope_version_first",
            "case_id",
            unique=True,
            sqlite_where=text("state = 'frozen' AND supersedes_id IS NULL"),
            postgresql_where=text("state = 'frozen' AND supersedes_id IS NULL"),
        ),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(default="proposed")
    is_provisional: Mapped[bool] = mapped_column(default=False)
    run_id: Mapped[Ref] = mapped_column(ForeignKey("trace_run.id"))
    text: Mapped[str]
    reason: Mapped[str]
    counts: Mapped[dict[str, Any]]  # engine.cases.scopes.figures.Figures
    proposed_by_id: Mapped[Ref | None]
    proposed_at: Mapped[datetime]
    frozen_by_id: Mapped[Ref | None]
    frozen_at: Mapped[datetime | None]
    signature_id: Mapped[Ref | None]
    supersedes_id: Mapped[Ref | None] = mapped_column(ForeignKey("scope_version.id"), unique=True)
    # the diagram that lets go of what it does not name any more
    change_instance_id: Mapped[Ref | None] = mapped_column(unique=True)


only_grows(
    ScopeVersion,
    but=(
        "state",
        "is_provisional",
        "frozen_by_id",
        "frozen_at",
        "signature_id",
        "supersedes_id",
        "change_instance_id",
    ),
)
