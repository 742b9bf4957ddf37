"""What the nights came to: the trace success rate by traces and by units, and how fast."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from engine.serials.models import NightTrace, TraceNight

Z = 1.959964  # of the normal distribution: 95 % of it lies between minus and plus this


@dataclass(frozen=True)
class Speed:
    """How long the store took to answer, in milliseconds."""

    p50: float
    p95: float
    most: float


@dataclass(frozen=True)
class Figures:
    """The figures of one night."""

    trace_count: int = 0
    complete_count: int = 0
    unit_count: int = 0
    resolved_count: int = 0
    input_count: int = 0
    known_input_count: int = 0
    differing_count: int = 0
    not_compared_count: int = 0

    @property
    def rate(self) -> float | None:
        """Return the trace success rate: complete traces of those attempted; None of none."""
        return self.complete_count / self.trace_count if self.trace_count else None

    @property
    def unit_rate(self) -> float | None:
        """Return it weighted by units: units resolved of the units in scope; None of none."""
        return self.resolved_count / self.unit_count if self.unit_count else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval of the rate (Wilson)."""
        return wilson(self.complete_count, self.trace_count)


def wilson(good: int, of: int) -> tuple[float, float] | None:
    """Return the 95 % score interval of a share, which holds at 0 and at 1 too; None of none."""
    if not of:
        return None
    share = good / of
    middle = (share + Z * Z / (2 * of)) / (1 + Z * Z / of)
    half = Z / (1 + Z * Z / of) * sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def figures(db: Session, nights: Sequence[TraceNight]) -> dict[int, Figures]:
    """Return the figures of nights, counted from their rows."""
    made = NightTrace

    def counts(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    rows = db.execute(
        select(
            made.night_id,
            func.count(),
            counts(made.is_complete.is_(True)),
            func.sum(made.unit_count),
            func.sum(made.resolved_count),
            func.sum(made.input_count),
            func.sum(made.known_input_count),
            counts(made.compared == "differs"),
            counts(made.compared == "not_compared"),
        )
        .where(made.night_id.in_([night.id for night in nights]))
        .group_by(made.night_id)
    )
    found = {night_id: Figures(*map(int, told)) for night_id, *told in rows}
    return {night.id: found.get(night.id, Figures()) for night in nights}


def speeds(db: Session, night_id: int) -> dict[str, Speed]:
    """Return how fast each direction of a night was answered."""
    took: dict[str, list[int]] = {}
    rows = select(NightTrace.direction, NightTrace.took_us).where(NightTrace.night_id == night_id)
    for direction, us in db.execute(rows):
        took.setdefault(direction, []).append(us)
    return {direction: _speed(sorted(times)) for direction, times in sorted(took.items())}


def _speed(times: list[int]) -> Speed:
    def at(percent: int) -> float:
        return times[-(-len(times) * percent // 100) - 1] / 1000

    return Speed(at(50), at(95), times[-1] / 1000)
