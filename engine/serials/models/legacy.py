"""Cases that another system kept, as closed history or still running there when they came."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from engine.db import Base, Key, Ref, locks_fields
from engine.serials.models.axes import Exact, LotRef, UnitRef, one_of
from engine.words import N_

LEGACY_STATES = {"closed": N_("Closed"), "open": N_("Open")}


class LegacyCase(Base):
    """One case of another system under its own number, read only.

    `continued_as` is the number of our case that goes on with one that was open.
    """

    __tablename__ = "legacy_case"
    __table_args__ = (
        UniqueConstraint("source", "number"),
        one_of("state", LEGACY_STATES),
        CheckConstraint("state = 'open' OR continued_as IS NULL", name="only_open_goes_on"),
        CheckConstraint("(continued_as IS NULL) = (continued_at IS NULL)", name="continued_when"),
        Index("ix_legacy_case_number", "number"),
        Index("ix_legacy_case_unit", "unit_id"),
        Index("ix_legacy_case_lot", "lot_id"),
        Index("ix_legacy_case_continued_as", "continued_as"),
    )

    id: Mapped[Key]
    source: Mapped[str]
    number: Mapped[Exact]
    title: Mapped[str]
    description: Mapped[str | None]
    state: Mapped[str]
    step: Mapped[str | None]  # where it stood there
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    outcome: Mapped[str | None]
    unit_id: Mapped[UnitRef | None]
    lot_id: Mapped[LotRef | None]
    at: Mapped[datetime]
    by_id: Mapped[Ref | None]
    continued_as: Mapped[str | None]
    continued_at: Mapped[datetime | None]
    continued_by_id: Mapped[Ref | None]


# read only as it came; a file that was wrong is taken back whole, its cases with it
locks_fields(
    LegacyCase,
    tuple(one.name for one in LegacyCase.__table__.columns if not one.name.startswith("continued")),
    when="1 = 1",
)
