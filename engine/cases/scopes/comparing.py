"""A candidate beside the scope that stands: what it adds, what it would leave unprotected, why."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from engine.cases.scopes.differences import differences_by_consignee
from engine.cases.scopes.models import ScopeVersion
from engine.cases.scopes.standing import before_of
from engine.serials import trace
from engine.serials.models import (
    Location,
    Lot,
    MarketAuthorisation,
    Part,
    Party,
    TraceRunNode,
    TraceRunStock,
    TraceRunUnit,
    Unit,
)

SHOWN = 5  # units left unprotected whose reason is told one by one


@dataclass(frozen=True)
class Change:
    """What another scope changes: units that stand by themselves, and lots."""

    added_units: int
    left_units: int
    added_quantity: Decimal  # of the lots that only the other scope has
    left_quantity: Decimal
    left_at_consignees: Decimal  # of `left_quantity`
    added_lots: tuple[str, ...]
    left_lots: tuple[str, ...]
    other_devices: tuple[str, ...]  # part numbers that the scope before did not name
    has_more: bool  # of a device that the scope before names
    is_first: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """Return what the rules call it: more, other_device, less."""
        said = {
            "more": self.has_more,
            "other_device": bool(self.other_devices),
            "less": bool(self.left_units or self.left_lots),
        }
        return frozenset(kind for kind, is_so in said.items() if is_so)

    @property
    def is_any(self) -> bool:
        """Say whether anything changes."""
        return bool(self.added_units or self.left_units or self.added_lots or self.left_lots)


@dataclass(frozen=True)
class Unprotected:
    """One unit that a candidate leaves out: where it is, and why the trace has no way to it."""

    unit_id: int
    serial: str
    part_no: str
    custody: str
    party: str | None
    reason: str  # a msgid


def change_of(db: Session, before: ScopeVersion | None, after: ScopeVersion) -> Change:
    """Return what a scope changes beside the one that stands; a few queries, however many units."""
    a, b = before.run_id if before else 0, after.run_id
    added, left = _only(b, a), _only(a, b)
    parts_before, parts_after = _parts(db, a), _parts(db, b)
    new_parts = _parts_of(db, added) | _lot_parts(db, b, a)
    return Change(
        added_units=_count(db, added),
        left_units=_count(db, left),
        added_quantity=_quantity(db, b, a),
        left_quantity=_quantity(db, a, b),
        left_at_consignees=_quantity(db, a, b, custody="at_consignee"),
        added_lots=_lots(db, b, a),
        left_lots=_lots(db, a, b),
        other_devices=tuple(sorted(parts_after - parts_before)) if before else (),
        has_more=bool(new_parts & parts_before),
        is_first=before is None,
    )


def unprotected(
    db: Session, before: ScopeVersion, after: ScopeVersion, *, most: int = SHOWN
) -> list[Unprotected]:
    """Return the first units that a candidate leaves out, what is in the field first."""
    gone = _only(before.run_id, after.run_id).subquery()
    rows = db.execute(
        select(Unit.id, Unit.serial, Part.part_no, Unit.custody, Party.name)
        .select_from(gone)
        .join(Unit, Unit.id == gone.c.unit_id)
        .join(Part, Part.id == Unit.part_id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .outerjoin(Party, Party.id == Location.party_id)
        .order_by(Unit.custody != "at_consignee", Unit.id)
        .limit(most)
    ).all()
    return [
        Unprotected(*row, reason=trace.why_not(db, after.run_id, row[0]).sentence) for row in rows
    ]


def countries_of(db: Session, *versions: ScopeVersion | None) -> set[str]:
    """Return where units of these scopes went, and where their devices may be sold."""
    runs = [one.run_id for one in versions if one is not None]
    went = {name for one in versions if one for name in one.counts["countries"] if name}
    parts = select(TraceRunUnit.part_id).where(TraceRunUnit.run_id.in_(runs)).distinct()
    lots = select(TraceRunStock.part_id).where(TraceRunStock.run_id.in_(runs)).distinct()
    sold = select(MarketAuthorisation.country).where(
        MarketAuthorisation.part_id.in_(parts) | MarketAuthorisation.part_id.in_(lots)
    )
    return went | set(db.scalars(sold.distinct()))


def touched_by_devices(db: Session, after: ScopeVersion) -> set[str]:
    """Return where what a scope adds went, and where the devices it names first may be sold.

    None where it names no other device than the scope before.
    """
    before = before_of(db, after)
    devices = change_of(db, before, after).other_devices
    if not devices:
        return set()
    went = {
        one.country
        for one in differences_by_consignee(db, before, after)
        if one.country and (one.added_units or one.added_quantity)
    }
    sold = (
        select(MarketAuthorisation.country)
        .join(Part, Part.id == MarketAuthorisation.part_id)
        .where(Part.part_no.in_(devices))
    )
    return went | set(db.scalars(sold.distinct()))


def _only(run_id: int, but: int) -> Select[*tuple[Any, ...]]:
    """Choose the units that stand by themselves in one run and not in the other."""
    kept, other = TraceRunUnit, aliased(TraceRunUnit)
    is_there = select(other.unit_id).where(
        other.run_id == but, other.unit_id == kept.unit_id, other.unit_id == other.root_id
    )
    return select(kept.unit_id).where(
        kept.run_id == run_id, kept.unit_id == kept.root_id, ~is_there.exists()
    )


def _count(db: Session, query: Select[*tuple[Any, ...]]) -> int:
    return db.scalar(query.with_only_columns(func.count())) or 0


def _lots(db: Session, run_id: int, but: int) -> tuple[str, ...]:
    rows = _only_lots(run_id, but).with_only_columns(Lot.lot_no).order_by(Lot.lot_no)
    return tuple(db.scalars(rows))


def _quantity(db: Session, run_id: int, but: int, custody: str | None = None) -> Decimal:
    """Return how much lay, when it was traced, of the lots that one run has and the other not."""
    kept = TraceRunStock
    total = select(func.sum(kept.quantity, type_=kept.quantity.type)).where(
        kept.run_id == run_id, kept.lot_id.in_(_only_lots(run_id, but))
    )
    if custody is not None:
        total = total.where(kept.custody == custody)
    return db.scalar(total) or Decimal(0)


def _only_lots(run_id: int, but: int) -> Select[*tuple[Any, ...]]:
    other = aliased(TraceRunNode)
    is_there = select(other.node_id).where(
        other.run_id == but, other.node_id == TraceRunNode.node_id
    )
    return (
        select(Lot.id)
        .join(TraceRunNode, TraceRunNode.node_id == Lot.id)
        .where(TraceRunNode.run_id == run_id, ~is_there.exists())
    )


def _lot_parts(db: Session, run_id: int, but: int) -> set[str]:
    """Return the devices controlled by lot of which one run has lots that the other has not."""
    rows = (
        _only_lots(run_id, but)
        .join(Part, Part.id == Lot.part_id)
        .where(Part.kind == "device")
        .with_only_columns(Part.part_no)
    )
    return set(db.scalars(rows.distinct()))


def _parts(db: Session, run_id: int) -> set[str]:
    """Return the devices of which a run has units or quantities."""
    ids = (
        select(TraceRunUnit.part_id)
        .where(TraceRunUnit.run_id == run_id, TraceRunUnit.unit_id == TraceRunUnit.root_id)
        .union(select(TraceRunStock.part_id).where(TraceRunStock.run_id == run_id))
    )
    rows = select(Part.part_no).where(Part.id.in_(ids), Part.kind == "device")
    return set(db.scalars(rows))


def _parts_of(db: Session, units: Select[*tuple[Any, ...]]) -> set[str]:
    ids = units.with_only_columns(TraceRunUnit.part_id).distinct()
    return set(db.scalars(select(Part.part_no).where(Part.id.in_(ids), Part.kind == "device")))
