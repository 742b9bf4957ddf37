"""A case: what is wrong, what it concerns, what was answered, decided and accounted for."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows

ONE_TARGET = "(unit_id IS NULL) <> (lot_id IS NULL)"
# what nobody could identify is accounted for by its description
ONE_OF_THREE = (
    f"(subject_id IS NULL AND {ONE_TARGET})"
    " OR (subject_id IS NOT NULL AND unit_id IS NULL AND lot_id IS NULL)"
)


class Case(Base):
    """One running nonconformance or recall, under the number people call it by."""

    __tablename__ = "case_file"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'closed', 'void')", name="state_is_known"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended_if_not_open"),
        Index("ix_case_file_state", "process", "state", "opened_at"),
    )

    id: Mapped[Key]
    number: Mapped[str] = mapped_column(unique=True)  # NC-2026-0007
    process: Mapped[str]
    instance_id: Mapped[Ref | None] = mapped_column(unique=True)  # the root of its diagrams
    title: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")  # "IP-300 · lot 8841A", for lists
    severity: Mapped[str | None]
    language: Mapped[str]  # the official language of its record
    state: Mapped[str] = mapped_column(default="open")
    opened_by_id: Mapped[Ref]
    opened_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    # the step it is brought to from another system, until quality has signed that
    migrating_to: Mapped[str | None]
    # practised: nothing of it leaves the house
    is_drill: Mapped[bool] = mapped_column(default=False, server_default=false())
    version: Mapped[int] = mapped_column(default=1)  # rises with every command; pages compare it

    @property
    def stream(self) -> str:
        """Return the name of the case's ledger stream."""
        return f"case:{self.number}"


class NumberSeries(Base):
    """The last number given in a series and year; locked while one is taken."""

    __tablename__ = "number_series"

    prefix: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Subject(Base):
    """What a case is about: a unit, a lot, or something nobody could identify yet."""

    __tablename__ = "case_subject"
    __table_args__ = (
        CheckConstraint("unit_id IS NULL OR lot_id IS NULL", name="unit_or_lot"),
        CheckConstraint(
            "unit_id IS NOT NULL OR lot_id IS NOT NULL OR description IS NOT NULL",
            name="described_if_unidentified",
        ),
        Index("ix_case_subject_unit", "unit_id"),
        Index("ix_case_subject_lot", "lot_id"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"), index=True)
    unit_id: Mapped[Ref | None]
    lot_id: Mapped[Ref | None]
    description: Mapped[str | None]
    quantity: Mapped[Decimal | None]
    source: Mapped[str]  # the element that named it: report, triage, hold_breach
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]


class Fact(Base):
    """A dated fact of a case; corrected only by a later row that says why."""

    __tablename__ = "case_fact"
    __table_args__ = (
        CheckConstraint(
            "supersedes_id IS NULL OR reason IS NOT NULL", name="corrected_with_reason"
        ),
        Index("ix_case_fact_name", "case_id", "name"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    name: Mapped[str]  # one of engine.facts.NAMES
    value: Mapped[str]
    jurisdiction: Mapped[str | None]
    evidence: Mapped[str | None]
    by_id: Mapped[Ref | None]
    recorded_at: Mapped[datetime]
    supersedes_id: Mapped[Ref | None] = mapped_column(ForeignKey("case_fact.id"), unique=True)
    reason: Mapped[str | None]


class Answer(Base):
    """What a person answered at a task; a correction is a new version that names the old one."""

    __tablename__ = "answer"
    __table_args__ = (
        UniqueConstraint("task_id", "version"),
        CheckConstraint(
            "supersedes_id IS NULL OR reason IS NOT NULL", name="corrected_with_reason"
        ),
        Index("ix_answer_element", "case_id", "process", "element_id", "id"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    instance_id: Mapped[Ref | None]  # which round or line it belongs to
    task_id: Mapped[UUID]  # a start form has one of its own
    process: Mapped[str]
    element_id: Mapped[str]
    version: Mapped[int]
    answers: Mapped[dict[str, Any]]
    sha256: Mapped[str]
    by_id: Mapped[Ref]
    on_behalf_of_id: Mapped[Ref | None]  # the principal of a delegation
    at: Mapped[datetime]
    signature_id: Mapped[Ref | None]
    supersedes_id: Mapped[Ref | None] = mapped_column(ForeignKey("answer.id"), unique=True)
    reason: Mapped[str | None]
    migrated_from: Mapped[str | None]  # the other system and its number, where it was decided


class Draft(Base):
    """What a person has typed so far, unchecked; gone when the task is done by them."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("person_id", "place"),)

    id: Mapped[Key]
    person_id: Mapped[Ref]
    place: Mapped[str]  # "task:<uuid>", "start:<process>" or "answer:<id>"
    answers: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]


class Upload(Base):
    """A file that came with a form not accepted yet: its person's alone, no file of any case."""

    __tablename__ = "upload"
    __table_args__ = (UniqueConstraint("person_id", "place", "sha256"),)

    id: Mapped[Key]
    person_id: Mapped[Ref]
    place: Mapped[str]  # of the draft that it belongs to
    sha256: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    bytes: Mapped[int]
    at: Mapped[datetime]


class Round(Base):
    """One round of disposition: a proposal and what the board said to it."""

    __tablename__ = "disposition_round"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint(
            "state IN ('open', 'proposed', 'approved', 'rejected')", name="state_is_known"
        ),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    instance_id: Mapped[Ref]
    number: Mapped[int]
    state: Mapped[str] = mapped_column(default="open")
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class Line(Base):
    """One line of a disposition: these parts, this type, for this reason."""

    __tablename__ = "disposition_line"
    __table_args__ = (
        UniqueConstraint("round_id", "number"),
        CheckConstraint(
            "state IN ('proposed', 'rejected', 'running', 'done', 'returned')",
            name="state_is_known",
        ),
        Index("ix_disposition_line_case", "case_id", "state"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    round_id: Mapped[Ref] = mapped_column(ForeignKey("disposition_round.id"))
    number: Mapped[int]
    type: Mapped[str]  # one of engine.cases.dispositions.TYPES
    justification: Mapped[str]
    conditions: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="proposed")
    instance_id: Mapped[Ref | None]  # the child that carries it out
    done_at: Mapped[datetime | None]


class LinePart(Base):
    """What a line is about: one unit, or a quantity of a lot at one location."""

    __tablename__ = "disposition_line_part"
    __table_args__ = (
        CheckConstraint(ONE_TARGET, name="unit_or_lot"),
        CheckConstraint("quantity > 0", name="quantity_above_zero"),
        Index("ix_disposition_line_part_unit", "unit_id"),
    )

    id: Mapped[Key]
    line_id: Mapped[Ref] = mapped_column(ForeignKey("disposition_line.id"), index=True)
    unit_id: Mapped[Ref | None]
    lot_id: Mapped[Ref | None]
    location_id: Mapped[Ref | None]
    quantity: Mapped[Decimal]


class Posting(Base):
    """One move of a unit or lot quantity between accounts of a case; never rewritten.

    The party is the consignee that it lies with or came back from; none: it never left us.
    """

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint(ONE_OF_THREE, name="unit_lot_or_described"),
        CheckConstraint("quantity > 0", name="quantity_above_zero"),
        CheckConstraint(
            "from_account <> to_account OR coalesce(from_party_id, 0) <> coalesce(to_party_id, 0)",
            name="moves",
        ),
        Index("ix_posting_case", "case_id", "to_account"),
        Index("ix_posting_unit", "unit_id", "case_id"),
        Index("ix_posting_lot", "lot_id", "case_id"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    from_account: Mapped[str]  # "scope" when it comes into the case
    to_account: Mapped[str]
    from_party_id: Mapped[Ref | None]
    to_party_id: Mapped[Ref | None]
    unit_id: Mapped[Ref | None]
    lot_id: Mapped[Ref | None]
    subject_id: Mapped[Ref | None] = mapped_column(ForeignKey("case_subject.id"))
    location_id: Mapped[Ref | None]
    quantity: Mapped[Decimal]
    event_id: Mapped[Ref | None]  # the event of the serial store that proves it
    evidence: Mapped[str]
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]


class BalanceUnit(Base):
    """Where a unit lies now: what its postings come to, kept with them so that it can be asked."""

    __tablename__ = "balance_unit"
    __table_args__ = (
        Index("ix_balance_unit_account", "case_id", "account", "party_id", "unit_id"),
        Index("ix_balance_unit_unit", "unit_id"),
        {"sqlite_with_rowid": False},
    )

    case_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("case_file.id"), primary_key=True, autoincrement=False
    )
    unit_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    account: Mapped[str]
    party_id: Mapped[Ref | None]
    lot_id: Mapped[Ref | None]  # the lot it was made as when it came into the case

    @classmethod
    def is_of(cls, case_id: int) -> ColumnElement[bool]:
        """Return the rule for a case where each unit is looked up: the unit leads, never the case.

        Of a case that has come since PostgreSQL last took its statistics it expects one row, and
        would read a million for each of a million units.
        """
        return cls.case_id + 0 == case_id


class BalanceTotal(Base):
    """How much lies in an account with a consignee, of a lot: the sum of the postings, kept.

    A row counts the units made as the lot, or is a quantity of it; 0 stands for none.
    """

    __tablename__ = "balance_total"
    __table_args__ = (
        Index(
            "ix_balance_total_lot",
            "lot_id",
            sqlite_where=text("NOT counts_units"),
            postgresql_where=text("NOT counts_units"),
        ),
        # what is empty is taken away, what is overdrawn is refused: both are looked for each time
        Index(
            "ix_balance_total_empty",
            "case_id",
            sqlite_where=text("quantity <= 0"),
            postgresql_where=text("quantity <= 0"),
        ),
        {"sqlite_with_rowid": False},
    )

    case_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("case_file.id"), primary_key=True, autoincrement=False
    )
    account: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    lot_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    subject_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    counts_units: Mapped[bool] = mapped_column(primary_key=True)
    quantity: Mapped[Decimal]


class Attachment(Base):
    """A file given to a case or to a report that is being written."""

    __tablename__ = "attachment"

    id: Mapped[Key]
    case_id: Mapped[Ref | None] = mapped_column(ForeignKey("case_file.id"), index=True)
    task_id: Mapped[UUID | None]
    document_id: Mapped[Ref]
    by_id: Mapped[Ref]
    at: Mapped[datetime]


class Comment(Base):
    """What someone noted on a case."""

    __tablename__ = "comment"

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"), index=True)
    text: Mapped[str]
    by_id: Mapped[Ref]
    at: Mapped[datetime]


only_grows(Fact)
only_grows(Answer, but=("signature_id",))
only_grows(Posting)
only_grows(Comment)
