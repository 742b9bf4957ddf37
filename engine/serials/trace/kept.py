"""Reading what a run kept, a page at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from engine.serials.models import (
    Location,
    Lot,
    Part,
    Party,
    TraceRunNode,
    TraceRunStock,
    TraceRunUnit,
    Unit,
)

AT_ONCE = 1_000


@dataclass(frozen=True)
class KeptUnit:
    """One affected unit as it was found, and where it was then."""

    unit_id: int
    serial: str | None  # None when its import was taken back since
    part_id: int
    part_no: str
    part_name: str
    part_name_zh: str | None
    root_id: int
    root_serial: str | None
    how: str  # named, contains, contained (once: a former host)
    is_certain: bool
    custody: str
    usability: str
    location_id: int | None
    location: str | None
    party_id: int | None
    party: str | None
    country: str | None

    @property
    def is_root(self) -> bool:
        """Say whether it stood by itself, in no other unit."""
        return self.unit_id == self.root_id

    @property
    def is_former(self) -> bool:
        """Say whether it only once contained the suspect part, which was removed."""
        return self.how == "contained"


@dataclass(frozen=True)
class KeptStock:
    """A quantity of an affected lot as it lay in one place and state."""

    stock_id: int
    lot_id: int
    lot_no: str | None
    part_id: int
    part_no: str
    part_name: str
    quantity: Decimal
    uom: str
    is_certain: bool
    custody: str
    usability: str
    location_id: int
    location: str
    party_id: int
    party: str
    country: str | None


def affected_units(
    db: Session,
    run_id: int,
    *,
    after: int = 0,
    limit: int = 100,
    roots_only: bool = False,
    party_id: int | None = None,
    custody: str | None = None,
    how: str | None = None,
    is_certain: bool | None = None,
) -> list[KeptUnit]:
    """Return a page of the units of a run, by id, beginning after one; fewer are the last page."""
    kept = TraceRunUnit
    query = units_by_run(run_id).where(kept.unit_id > after).order_by(kept.unit_id).limit(limit)
    if roots_only:
        query = query.where(kept.unit_id == kept.root_id)
    for column, wanted in (
        (Location.party_id, party_id),
        (kept.custody, custody),
        (kept.how, how),
        (kept.is_certain, is_certain),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    return [KeptUnit(*row) for row in db.execute(query)]


def every_unit(db: Session, run_id: int, **only: Any) -> Iterator[KeptUnit]:
    """Give all units of a run, some at a time: for a file of a million rows."""
    after = 0
    while some := affected_units(db, run_id, after=after, limit=AT_ONCE, **only):
        yield from some
        after = some[-1].unit_id


def affected_stock(
    db: Session, run_id: int, *, after: int = 0, limit: int = 100
) -> list[KeptStock]:
    """Return a page of the quantities of a run, by id, beginning after one."""
    kept = TraceRunStock
    query = stock_by_run(run_id).where(kept.stock_id > after).order_by(kept.stock_id).limit(limit)
    return [KeptStock(*row) for row in db.execute(query)]


def stock_by_run(run_id: int) -> Select[*tuple[Any, ...]]:
    """Return the quantities of a run, with the columns of `KeptStock`."""
    kept = TraceRunStock
    return (
        select(
            kept.stock_id,
            kept.lot_id,
            Lot.lot_no,
            kept.part_id,
            Part.part_no,
            Part.name,
            kept.quantity,
            Part.uom,
            kept.is_certain,
            kept.custody,
            kept.usability,
            kept.location_id,
            Location.name,
            Party.id,
            Party.name,
            Party.country,
        )
        .outerjoin(Lot, Lot.id == kept.lot_id)
        .join(Part, Part.id == kept.part_id)
        .join(Location, Location.id == kept.location_id)
        .join(Party, Party.id == Location.party_id)
        .where(kept.run_id == run_id)
    )


def every_stock(db: Session, run_id: int) -> Iterator[KeptStock]:
    """Give all quantities of a run, some at a time."""
    after = 0
    while some := affected_stock(db, run_id, after=after, limit=AT_ONCE):
        yield from some
        after = some[-1].stock_id


def affected_nodes(
    db: Session, run_id: int, *, after: int = 0, limit: int = 1_000
) -> list[TraceRunNode]:
    """Return a page of the lots and runs of a run, by id, beginning after one."""
    return list(
        db.scalars(
            select(TraceRunNode)
            .where(TraceRunNode.run_id == run_id, TraceRunNode.node_id > after)
            .order_by(TraceRunNode.node_id)
            .limit(limit)
        )
    )


def units_by_run(run_id: int) -> Select[*tuple[Any, ...]]:
    """Return the query of the units of a run with their names, in the columns of `KeptUnit`."""
    kept, root = TraceRunUnit, aliased(Unit)
    return (
        select(
            kept.unit_id,
            Unit.serial,
            kept.part_id,
            Part.part_no,
            Part.name,
            Part.name_zh,
            kept.root_id,
            root.serial,
            kept.how,
            kept.is_certain,
            kept.custody,
            kept.usability,
            kept.location_id,
            Location.name,
            Party.id,
            Party.name,
            Party.country,
        )
        .join(Part, Part.id == kept.part_id)
        .outerjoin(Unit, Unit.id == kept.unit_id)
        .outerjoin(root, root.id == kept.root_id)
        .outerjoin(Location, Location.id == kept.location_id)
        .outerjoin(Party, Party.id == Location.party_id)
        .where(kept.run_id == run_id)
    )
