"""Lots, segments and units, what went into what, and where it stands now."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, locks_fields, only_grows
from engine.serials.models.axes import (
    CUSTODY,
    USABILITY,
    Custody,
    EventRef,
    Exact,
    LocationRef,
    LotRef,
    NodeRef,
    PartRef,
    PartyRef,
    SegmentRef,
    UnitRef,
    Usability,
    one_of,
)


class TraceNode(Base):
    """One id space for lots and segments, so that an edge can join any two of them."""

    __tablename__ = "trace_node"
    # a number is never given twice: events name nodes of imports that were rolled back
    __table_args__ = (one_of("kind", {"lot": "", "segment": ""}), {"sqlite_autoincrement": True})

    id: Mapped[Key]
    kind: Mapped[str]


class Lot(Base):
    """One lot of one part of one manufacturer; an UNKNOWN lot stands for what nobody noted."""

    __tablename__ = "lot"
    __table_args__ = (
        # lot numbers are not unique across manufacturers or parts
        UniqueConstraint("manufacturer_id", "part_id", "lot_no"),
        Index("ix_lot_lot_no", "lot_no"),
        Index("ix_lot_part", "part_id"),
        Index(
            "ix_lot_one_unknown",
            "part_id",
            "manufacturer_id",
            unique=True,
            sqlite_where=text("is_unknown"),
            postgresql_where=text("is_unknown"),
        ),
    )

    id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("trace_node.id"), primary_key=True, autoincrement=False
    )
    part_id: Mapped[PartRef]
    manufacturer_id: Mapped[PartyRef]
    lot_no: Mapped[Exact]
    is_unknown: Mapped[bool] = mapped_column(default=False)
    made_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    is_released: Mapped[bool] = mapped_column(default=False)


class Segment(Base):
    """One production run with one identical set of inputs."""

    __tablename__ = "segment"
    __table_args__ = (Index("ix_segment_to_at", "to_at"),)

    id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("trace_node.id"), primary_key=True, autoincrement=False
    )
    part_id: Mapped[PartRef]
    site_id: Mapped[LocationRef]
    work_order: Mapped[Exact | None] = mapped_column(index=True)
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    event_id: Mapped[EventRef]


class Edge(Base):
    """One lot or segment that went into another; never without an event.

    `never_event_id` names the correction that says it never did: such an edge is in no trace.
    """

    __tablename__ = "edge"
    __table_args__ = (
        CheckConstraint("inp <> out", name="into_another"),
        Index("ix_edge_out", "out", "inp"),
    )

    inp: Mapped[NodeRef] = mapped_column(primary_key=True)
    out: Mapped[NodeRef] = mapped_column(primary_key=True)
    event_id: Mapped[EventRef] = mapped_column(primary_key=True)
    qty: Mapped[Decimal | None]
    uom: Mapped[str | None]
    never_event_id: Mapped[EventRef | None]


class Unit(Base):
    """One serialised piece; custody, usability, location and grade are what its events say."""

    __tablename__ = "unit"
    __table_args__ = (
        CUSTODY.rule("custody"),
        USABILITY.rule("usability"),
        # once in a part; in this order it also finds a serial number of whatever part
        Index("ix_unit_serial", "serial", "part_id", unique=True),
        Index(
            "ix_unit_lot",
            "lot_id",
            sqlite_where=text("lot_id IS NOT NULL"),
            postgresql_where=text("lot_id IS NOT NULL"),
        ),
        Index("ix_unit_segment", "seg_id"),
        Index("ix_unit_location", "location_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    part_id: Mapped[PartRef]
    serial: Mapped[Exact]
    lot_id: Mapped[LotRef | None]
    seg_id: Mapped[SegmentRef | None]
    custody: Mapped[Custody]
    usability: Mapped[Usability]
    location_id: Mapped[LocationRef | None]
    grade: Mapped[str | None]
    is_released: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)


class UnitRoot(Base):
    """The outermost host of a unit now (itself when it is in none); narrow, for the trace.

    `has_past` says that the unit, or what it is in, ever left a host; it may stay when a removal
    turns out not to have occurred. Where it is false a trace looks for no former host.
    """

    __tablename__ = "unit_root"
    __table_args__ = (
        # SQLite keeps the key of the row in every index anyway
        Index("ix_unit_root_seg", "seg_id", "root_id", postgresql_include=["unit_id"]),
        # few units have a lot: the others are not in it
        Index(
            "ix_unit_root_lot",
            "lot_id",
            "root_id",
            postgresql_include=["unit_id"],
            sqlite_where=text("lot_id IS NOT NULL"),
            postgresql_where=text("lot_id IS NOT NULL"),
        ),
        Index("ix_unit_root_root", "root_id"),
        *(
            Index(
                f"ix_unit_root_{of}_past",
                f"{of}_id",
                sqlite_where=text("has_past"),
                postgresql_where=text("has_past"),
            )
            for of in ("seg", "lot")
        ),
    )

    unit_id: Mapped[int] = mapped_column(
        KeyType, ForeignKey("unit.id"), primary_key=True, autoincrement=False
    )
    root_id: Mapped[UnitRef]
    seg_id: Mapped[SegmentRef | None]
    lot_id: Mapped[LotRef | None]
    has_past: Mapped[bool] = mapped_column(server_default=false())


class Install(Base):
    """One unit inside another, from one event to another; never deleted.

    `never_event_id` names the correction that says it never was: it is in no history.
    """

    __tablename__ = "install"
    __table_args__ = (
        CheckConstraint("child_id <> host_id", name="in_another_unit"),
        Index(
            "ix_install_one_open",
            "child_id",
            unique=True,
            sqlite_where=text("to_event_id IS NULL"),
            postgresql_where=text("to_event_id IS NULL"),
        ),
        Index("ix_install_child", "child_id"),
        Index(
            "ix_install_ended",
            "child_id",
            "host_id",
            sqlite_where=text("to_event_id IS NOT NULL"),
            postgresql_where=text("to_event_id IS NOT NULL"),
        ),
        Index("ix_install_host", "host_id"),
    )

    id: Mapped[Key]
    child_id: Mapped[UnitRef]
    host_id: Mapped[UnitRef]
    position: Mapped[str | None]
    from_event_id: Mapped[EventRef]
    to_event_id: Mapped[EventRef | None]
    never_event_id: Mapped[EventRef | None]


class UnitInput(Base):
    """A lot that went into one unit after its run: a gasket changed at rework or in the field.

    `never_event_id` names the correction that says it never did.
    """

    __tablename__ = "unit_input"
    __table_args__ = (
        Index("ix_unit_input_lot", "lot_id", "unit_id"),
        Index("ix_unit_input_unit", "unit_id"),
    )

    id: Mapped[Key]
    unit_id: Mapped[UnitRef]
    lot_id: Mapped[LotRef]
    qty: Mapped[Decimal | None]
    event_id: Mapped[EventRef]
    never_event_id: Mapped[EventRef | None]


class Tranche(Base):
    """A part of a lot that is told apart from the rest: on hold by itself, or regraded."""

    __tablename__ = "tranche"

    id: Mapped[Key]
    lot_id: Mapped[LotRef] = mapped_column(index=True)
    grade: Mapped[str | None]
    event_id: Mapped[EventRef]


class StockPosting(Base):
    """One change of a lot's stock in one place and state; the stock is the sum of these."""

    __tablename__ = "stock_posting"
    __table_args__ = (
        CUSTODY.rule("custody"),
        USABILITY.rule("usability"),
        Index("ix_stock_posting_event", "event_id"),
        Index("ix_stock_posting_lot", "lot_id"),
    )

    id: Mapped[Key]
    event_id: Mapped[EventRef]
    lot_id: Mapped[LotRef]
    location_id: Mapped[LocationRef]
    custody: Mapped[Custody]
    usability: Mapped[Usability]
    tranche_id: Mapped[int]  # 0: the rest of the lot
    quantity: Mapped[Decimal]


class LotStock(Base):
    """How much of a lot lies where, in which custody and usability; moved only by events.

    A quantity below zero is a fact that came before the receipt it needs; it is never hidden.
    """

    __tablename__ = "lot_stock"
    __table_args__ = (
        UniqueConstraint("lot_id", "location_id", "custody", "usability", "tranche_id"),
        CUSTODY.rule("custody"),
        USABILITY.rule("usability"),
        Index("ix_lot_stock_location", "location_id"),
        Index("ix_lot_stock_tranche", "tranche_id"),
    )

    id: Mapped[Key]
    lot_id: Mapped[LotRef]
    location_id: Mapped[LocationRef]
    custody: Mapped[Custody]
    usability: Mapped[Usability]
    tranche_id: Mapped[int] = mapped_column(KeyType, default=0)
    quantity: Mapped[Decimal]


only_grows(Edge, but=("never_event_id",))
only_grows(Install, but=("to_event_id", "never_event_id"))
only_grows(UnitInput, but=("never_event_id",))
only_grows(StockPosting)
locks_fields(
    Unit,
    ("part_id", "serial", "lot_id", "is_released"),
    # what never existed may yet come to be, of another lot
    when=f"OLD.is_released AND OLD.custody <> {CUSTODY.code('never_existed')}",
)
locks_fields(
    Lot,
    (
        "part_id",
        "manufacturer_id",
        "lot_no",
        "is_unknown",
        "made_on",
        "expires_on",
        "is_released",
    ),
    when="OLD.is_released",
)
