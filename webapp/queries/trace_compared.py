"""Two traces side by side: what the later found that the earlier had not, and what is gone."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.serials import trace
from engine.serials.trace import Compared, KeptUnit
from webapp.queries.tracing import RunHead, run_head

SHOWN = 200


@dataclass(frozen=True)
class Comparison:
    """The earlier run, the later one, their differences in figures, and the first units of each."""

    first: RunHead
    second: RunHead
    figures: Compared
    sides: tuple[tuple[str, int, list[KeptUnit]], ...]  # added, gone, changed


def comparison(db: Session, one: int, other: int) -> Comparison:
    """Compare two runs, the earlier first; raises `RunUnknown`."""
    first, second = sorted((one, other))
    heads = run_head(db, first), run_head(db, second)
    figures = trace.compare(db, first, second)
    sides = tuple(
        (side, count, trace.compared_units(db, first, second, side, limit=SHOWN) if count else [])
        for side, count in (
            ("added", figures.units.added),
            ("gone", figures.units.gone),
            ("changed", figures.units.changed),
        )
    )
    return Comparison(*heads, figures, sides)
