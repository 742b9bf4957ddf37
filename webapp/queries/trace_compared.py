"""Two traces side by side: what the second found that the first had not, and what is gone."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from engine.serials.models import Lot, Part, TraceRunStock, TraceRunUnit, Unit
from webapp.queries.tracing import RunHead, run_head

SHOWN = 200


@dataclass(frozen=True)
class Differing:
    """Units or lots of one run that the other has not: how many, and the first of them."""

    count: int
    rows: tuple[tuple[int, str, str], ...]  # id, name, part


@dataclass(frozen=True)
class Comparison:
    """The earlier run, the later one, and their differences."""

    first: RunHead
    second: RunHead
    added: Differing
    gone: Differing
    added_lots: Differing
    gone_lots: Differing

    @property
    def is_same(self) -> bool:
        """Say whether both found the same units and the same lots."""
        sides = (self.added, self.gone, self.added_lots, self.gone_lots)
        return not any(one.count for one in sides)


def comparison(db: Session, one: int, other: int) -> Comparison:
    """Compare two runs, the earlier first; raises `RunUnknown`."""
    first, second = sorted((one, other))
    return Comparison(
        run_head(db, first),
        run_head(db, second),
        added=_differing(db, _units(second, first)),
        gone=_differing(db, _units(first, second)),
        added_lots=_differing(db, _lots(second, first)),
        gone_lots=_differing(db, _lots(first, second)),
    )


def _units(of: int, without: int) -> Select[*tuple[Any, ...]]:
    here, there = aliased(TraceRunUnit), aliased(TraceRunUnit)
    return (
        select(Unit.id.label("id"), Unit.serial.label("name"), Part.part_no.label("part"))
        .select_from(here)
        .outerjoin(there, (there.unit_id == here.unit_id) & (there.run_id == without))
        .join(Unit, Unit.id == here.unit_id)
        .join(Part, Part.id == Unit.part_id)
        .where(here.run_id == of, there.unit_id.is_(None))
    )


def _lots(of: int, without: int) -> Select[*tuple[Any, ...]]:
    there = select(TraceRunStock.lot_id).where(TraceRunStock.run_id == without)
    here = select(TraceRunStock.lot_id).where(TraceRunStock.run_id == of)
    return (
        select(Lot.id.label("id"), Lot.lot_no.label("name"), Part.part_no.label("part"))
        .join(Part, Part.id == Lot.part_id)
        .where(Lot.id.in_(here), Lot.id.not_in(there))
    )


def _differing(db: Session, query: Select[*tuple[Any, ...]]) -> Differing:
    found = query.subquery()
    count = db.scalar(select(func.count()).select_from(found)) or 0
    rows = db.execute(select(found).order_by(found.c.id).limit(SHOWN)).all() if count else []
    return Differing(count, tuple((row.id, row.name, row.part) for row in rows))
