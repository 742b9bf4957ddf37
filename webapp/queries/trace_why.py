"""Why a unit is in a trace, and why another is not, as the page tells it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.serials import find, trace
from engine.serials.named import Match, units_by_id
from engine.serials.trace import UnitNotInRun, Why, WhyNot

MOST = 20  # units that one number may mean


@dataclass(frozen=True)
class Told:
    """One unit: the way by which it came in, or why none leads to it."""

    unit: Match
    why: Why | None
    why_not: WhyNot | None


def told(db: Session, run_id: int, *, typed: str = "", unit_id: int | None = None) -> list[Told]:
    """Return the answer for one unit, or for each that the typed text may mean."""
    if unit_id is not None:
        units = list(units_by_id(db, [unit_id]).values())
    else:
        units = [one for one in find.resolve(db, typed) if one.kind == "unit"] if typed else []
    return [_one(db, run_id, unit) for unit in units[:MOST]]


def _one(db: Session, run_id: int, unit: Match) -> Told:
    try:
        return Told(unit, trace.why(db, run_id, unit.id), None)
    except UnitNotInRun:
        return Told(unit, None, trace.why_not(db, run_id, unit.id))
