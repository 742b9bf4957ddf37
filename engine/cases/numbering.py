"""Case numbers: one series per prefix and year, without gaps or repeats."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.cases.models import NumberSeries


def next_number(db: Session, prefix: str, *, at: datetime) -> str:
    """Take the next number of the year, `NC-2026-0007`; its row stays locked to the commit."""
    for _ in range(2):
        taken = db.scalar(
            update(NumberSeries)
            .where(NumberSeries.prefix == prefix, NumberSeries.year == at.year)
            .values(last=NumberSeries.last + 1)
            .returning(NumberSeries.last)
        )
        if taken is not None:
            return f"{prefix}-{at.year}-{taken:04d}"
        _begin_year(db, prefix, at.year)

    message = f"no number series {prefix} {at.year}"
    raise RuntimeError(message)


def _begin_year(db: Session, prefix: str, year: int) -> None:
    # the first two cases of a year may come at once: the loser of the insert counts on
    try:
        with db.begin_nested():
            db.add(NumberSeries(prefix=prefix, year=year, last=0))
    except IntegrityError:
        return
