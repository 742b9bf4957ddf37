"""Two runs beside each other: what came in, what is gone, what is known otherwise."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.errors import NotFound
from engine.serials.models import TraceRun, TraceRunNode, TraceRunStock, TraceRunUnit
from engine.serials.trace.kept import KeptUnit, units_by_run

SIDES = ("added", "gone", "changed", "unchanged")


class RunUnknown(NotFound):
    """There is no trace %(run)s here. Look at the list of traces."""


@dataclass(frozen=True)
class Difference:
    """How many of one kind only the later run has, only the earlier, or both."""

    added: int
    gone: int
    changed: int  # in both, but contained or certain otherwise
    unchanged: int


@dataclass(frozen=True)
class Compared:
    """What differs between two runs."""

    units: Difference
    stock: Difference
    nodes: Difference

    @property
    def is_same(self) -> bool:
        """Say whether both found the very same."""
        return not any(
            one.added or one.gone or one.changed for one in (self.units, self.stock, self.nodes)
        )


def compare(db: Session, run_a: int, run_b: int) -> Compared:
    """Return how run `b` differs from the earlier run `a`, in figures. Raises `RunUnknown`.

    A unit is changed when it is in otherwise, a quantity when it is another or lies otherwise;
    where a unit went meanwhile is no difference of the trace.
    """
    for run_id in (run_a, run_b):
        if db.get(TraceRun, run_id) is None:
            raise RunUnknown(run=run_id)
    return Compared(
        _difference(db, TraceRunUnit, "unit_id", ("how", "is_certain"), run_a, run_b),
        _difference(db, TraceRunStock, "stock_id", ("quantity", "is_certain"), run_a, run_b),
        _difference(db, TraceRunNode, "node_id", ("is_certain", "is_named"), run_a, run_b),
    )


def compared_units(
    db: Session, run_a: int, run_b: int, side: str, *, after: int = 0, limit: int = 100
) -> list[KeptUnit]:
    """Return a page of the units of one of `SIDES`, by id; those gone as they were found."""
    query = units_by_side(run_a, run_b, side).where(TraceRunUnit.unit_id > after)
    return [KeptUnit(*row) for row in db.execute(query.order_by(TraceRunUnit.unit_id).limit(limit))]


def units_by_side(run_a: int, run_b: int, side: str) -> Select[*tuple[Any, ...]]:
    """Return the query of the units of one of `SIDES`, with the columns of `KeptUnit`."""
    one, other = (run_a, run_b) if side == "gone" else (run_b, run_a)
    beside = aliased(TraceRunUnit)
    both = and_(beside.run_id == other, beside.unit_id == TraceRunUnit.unit_id)
    same = and_(beside.how == TraceRunUnit.how, beside.is_certain == TraceRunUnit.is_certain)
    only: dict[str, ColumnElement[bool]] = {
        "added": beside.unit_id.is_(None),
        "gone": beside.unit_id.is_(None),
        "changed": and_(beside.unit_id.is_not(None), ~same),
        "unchanged": same,
    }
    return units_by_run(one).outerjoin(beside, both).where(only[side])


def _difference(
    db: Session, table: type[Any], key: str, told: tuple[str, ...], run_a: int, run_b: int
) -> Difference:
    a, b = aliased(table), aliased(table)
    otherwise = or_(*(getattr(a, name) != getattr(b, name) for name in told))
    both = db.execute(
        select(func.count(), func.count().filter(otherwise))
        .select_from(a)
        .join(b, and_(b.run_id == run_b, getattr(b, key) == getattr(a, key)))
        .where(a.run_id == run_a)
    ).one()
    counts = [
        db.scalar(select(func.count()).select_from(table).where(table.run_id == run_id)) or 0
        for run_id in (run_a, run_b)
    ]
    return Difference(
        added=counts[1] - both[0],
        gone=counts[0] - both[0],
        changed=both[1],
        unchanged=both[0] - both[1],
    )
