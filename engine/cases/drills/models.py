"""What is kept of a drill: how it was run, what it would have held, who would have answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref
from engine.serials.models.axes import one_of
from engine.words import N_

RHYTHMS = {
    "weekly": N_("Every week"),
    "monthly": N_("Every month"),
    "quarterly": N_("Every quarter"),
}


class Drill(Base):
    """One drill: who or what carries it out, its seed, and how it ended. Times are the server's."""

    __tablename__ = "drill"
    __table_args__ = (
        CheckConstraint("outcome IN ('passed', 'failed', 'abandoned')", name="outcome_is_known"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_at_the_end"),
        CheckConstraint(
            "outcome IS NULL OR outcome = 'abandoned' OR result IS NOT NULL", name="scored"
        ),
        CheckConstraint(
            "outcome IS NULL OR outcome <> 'abandoned' OR reason IS NOT NULL",
            name="abandoned_with_a_reason",
        ),
        CheckConstraint("is_attended = (clock IS NULL)", name="robots_have_a_clock"),
        CheckConstraint("speed > 0", name="speed_above_zero"),
        Index("ix_drill_ended", "outcome", "ended_at"),
    )

    case_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("case_file.id"), primary_key=True, autoincrement=False
    )
    is_attended: Mapped[bool]  # by people, who go by the server's clock
    clock: Mapped[str | None] = mapped_column(unique=True)  # that robots go by, its name
    speed: Mapped[int]  # how many times faster than life hospitals answer people
    seed: Mapped[str]
    seed_sha256: Mapped[str]  # in the ledger before anything was drawn from the seed
    started_at: Mapped[datetime]
    started_by_id: Mapped[Ref | None]
    beat_at: Mapped[datetime]  # when whoever carries it out was last at work
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    reason: Mapped[str | None]
    result: Mapped[dict[str, Any] | None]  # the score as it was worked out, with what it rests on
    document_id: Mapped[Ref | None]


class SimulatedHold(Base):
    """What a drill would have put on hold: counted, and held by nothing."""

    __tablename__ = "simulated_hold"
    __table_args__ = (Index("ix_simulated_hold_case", "case_id"),)

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    basis: Mapped[str]
    target_count: Mapped[int]
    placed_at: Mapped[datetime]


class SyntheticAnswer(Base):
    """What a hospital of a drill answers, and when it is due."""

    __tablename__ = "synthetic_answer"
    __table_args__ = (
        UniqueConstraint("notice_id", "number"),
        Index(
            "ix_synthetic_answer_due",
            "due_at",
            sqlite_where=text("given_at IS NULL"),
            postgresql_where=text("given_at IS NULL"),
        ),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"), index=True)
    notice_id: Mapped[Ref] = mapped_column(ForeignKey("notice.id"))
    number: Mapped[int]
    kind: Mapped[str]  # one of engine.cases.drills.hospitals.KINDS
    due_at: Mapped[datetime | None]  # none: it never answers
    given_at: Mapped[datetime | None]


class DrillPlan(Base):
    """A drill that robots carry out again and again: about what, how often, who is told."""

    __tablename__ = "drill_plan"
    __table_args__ = (
        one_of("every", RHYTHMS),
        CheckConstraint("(due_at IS NULL) = (ended_at IS NOT NULL)", name="due_until_it_ends"),
        Index("ix_drill_plan_due", "due_at"),
    )

    id: Mapped[Key]
    scope: Mapped[str | None]  # as people write it; none: a lot drawn from those that were shipped
    every: Mapped[str]
    language: Mapped[str]  # of its drills
    owner_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    made_at: Mapped[datetime]
    made_by_id: Mapped[Ref] = mapped_column(ForeignKey("person_account.id"))
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PlannedRun(Base):
    """One time that a plan was due: the drill that came of it, or why there is none."""

    __tablename__ = "drill_planned_run"
    __table_args__ = (UniqueConstraint("plan_id", "due_at"),)

    id: Mapped[Key]
    plan_id: Mapped[Ref] = mapped_column(ForeignKey("drill_plan.id"))
    due_at: Mapped[datetime]
    at: Mapped[datetime]
    scope: Mapped[str]  # what was practised; empty where nothing was to be drawn
    case_id: Mapped[Ref | None] = mapped_column(ForeignKey("case_file.id"))
    failure: Mapped[str | None]  # why no drill was begun
    told_at: Mapped[datetime | None]  # its owner, of what came of it
