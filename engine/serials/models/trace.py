"""What was traced, when, and what came out, row by row."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, Ref, only_grows
from engine.serials.models.axes import Custody, Usability, one_of

WAYS_IN = {
    "named": "named itself",
    "contains": "contains it now, or was made of it",
    "contained": "contained it once",
}


class TraceRun(Base):
    """One trace as it was answered; never recomputed, only run again."""

    __tablename__ = "trace_run"

    id: Mapped[Key]
    expression: Mapped[dict[str, Any]]  # what was asked, as it was understood
    seeds: Mapped[dict[str, Any]]  # the ids it came to
    as_of_event_id: Mapped[int | None] = mapped_column(KeyType)  # None: everything recorded
    last_event_id: Mapped[int] = mapped_column(KeyType)  # the newest event it could see
    ledger_head: Mapped[str | None]  # of the stream of this site's data, as it then stood
    counts: Mapped[dict[str, Any]]
    unit_count: Mapped[int] = mapped_column(KeyType)
    root_count: Mapped[int] = mapped_column(KeyType)  # of them, those that stand by themselves
    stock_count: Mapped[int] = mapped_column(KeyType)
    node_count: Mapped[int] = mapped_column(KeyType)
    result_sha256: Mapped[str]
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]


class TraceRunUnit(Base):
    """One affected unit of a run, and where it was then.

    No foreign keys here and below: a million rows come out of those tables in one statement, and
    an import that is rolled back takes its units away while what was traced stays.
    """

    __tablename__ = "trace_run_unit"
    __table_args__ = (one_of("how", WAYS_IN), {"sqlite_with_rowid": False})

    run_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    unit_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    root_id: Mapped[int] = mapped_column(KeyType)
    part_id: Mapped[int] = mapped_column(KeyType)
    location_id: Mapped[int | None] = mapped_column(KeyType)
    how: Mapped[str]
    is_certain: Mapped[bool]  # False: only an UNKNOWN lot brings it in; it cannot be excluded
    custody: Mapped[Custody]
    usability: Mapped[Usability]


class TraceRunStock(Base):
    """A quantity of an affected lot in one place and state, as it then lay."""

    __tablename__ = "trace_run_stock"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    stock_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    lot_id: Mapped[int] = mapped_column(KeyType)
    part_id: Mapped[int] = mapped_column(KeyType)
    location_id: Mapped[int] = mapped_column(KeyType)
    tranche_id: Mapped[int] = mapped_column(KeyType)
    custody: Mapped[Custody]
    usability: Mapped[Usability]
    quantity: Mapped[Decimal]
    is_certain: Mapped[bool]


class TraceRunNode(Base):
    """One affected lot or run."""

    __tablename__ = "trace_run_node"
    __table_args__ = (
        CheckConstraint("is_certain OR NOT is_named", name="named_is_certain"),
        {"sqlite_with_rowid": False},
    )

    run_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    node_id: Mapped[int] = mapped_column(KeyType, primary_key=True, autoincrement=False)
    is_named: Mapped[bool]
    is_certain: Mapped[bool]


for table in (TraceRun, TraceRunUnit, TraceRunStock, TraceRunNode):
    only_grows(table)
