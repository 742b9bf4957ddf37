"""Cases and pallets, by their SSCC, and what is in them."""

from typing import Annotated

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, KeyType, only_grows
from engine.serials.models.axes import EventRef, Exact, LotRef, UnitRef, one_of
from engine.words import N_

CONTAINERS = {"case": N_("Carton"), "pallet": N_("Pallet")}
_OPEN = text("to_event_id IS NULL")


class Container(Base):
    """One case or pallet under its SSCC, from when it was first packed."""

    __tablename__ = "container"
    __table_args__ = (one_of("kind", CONTAINERS),)

    id: Mapped[Key]
    sscc: Mapped[Exact] = mapped_column(unique=True)
    kind: Mapped[str]
    event_id: Mapped[EventRef]


ContainerRef = Annotated[int, mapped_column(KeyType, ForeignKey("container.id"))]


class Packed(Base):
    """One unit, part of a lot's stock, or case in a container, from one event to another.

    A quantity of a lot is told apart when it is packed, so its tranche says what lies inside.
    """

    __tablename__ = "packed"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN unit_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN tranche_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN inner_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_thing",
        ),
        CheckConstraint("(tranche_id IS NULL) = (lot_id IS NULL)", name="tranche_of_lot"),
        CheckConstraint("inner_id IS NULL OR inner_id <> container_id", name="in_another"),
        # in one container at a time
        *(
            Index(
                f"ix_packed_open_{kind}",
                f"{kind}_id",
                unique=True,
                sqlite_where=_OPEN,
                postgresql_where=_OPEN,
            )
            for kind in ("unit", "tranche", "inner")
        ),
        Index("ix_packed_container", "container_id"),
        Index("ix_packed_from", "from_event_id"),
    )

    id: Mapped[Key]
    container_id: Mapped[ContainerRef]
    unit_id: Mapped[UnitRef | None]
    lot_id: Mapped[LotRef | None]
    tranche_id: Mapped[int | None] = mapped_column(KeyType, ForeignKey("tranche.id"))
    inner_id: Mapped[ContainerRef | None]
    from_event_id: Mapped[EventRef]
    to_event_id: Mapped[EventRef | None]


only_grows(Container)
only_grows(Packed, but=("to_event_id",))
