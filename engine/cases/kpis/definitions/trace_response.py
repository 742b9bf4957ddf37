"""Trace response time.

Formula: Time from the accepted query to the complete result: median, 90 % and longest per
direction.

Population: The traces drawn at random each night, at full depth.

Window: Nights that ended in the chosen days.

Exclusions: The comparison with the raw events; drills.

Unit: Milliseconds.

Source: House definition.
"""

from decimal import Decimal

from sqlalchemy import case as when, select
from sqlalchemy.orm import Session

from engine.cases.kpis.measure import Col, Figure, Measured, Rows, Window, ranked
from engine.serials.models import NightTrace, TraceNight
from engine.words import N_

PART, PLACE, UNIT = "trace", 2, "milliseconds"
NO_NIGHT = N_("No night was traced in this time")
LABELS = {
    "forward": (
        N_("Forward, half within"), N_("Forward, 90 of 100 within"), N_("Forward, longest"),
    ),
    "backward": (
        N_("Backward, half within"), N_("Backward, 90 of 100 within"), N_("Backward, longest"),
    ),
}  # fmt: skip


def measured(db: Session, window: Window) -> Measured:
    """Rank the answers of the nights in the database."""
    asked = (
        select(NightTrace.direction, NightTrace.took_us)
        .join(TraceNight, TraceNight.id == NightTrace.night_id)
        .where(window.within(TraceNight.ended_at))
    )
    found = {of: tuple(map(_ms, told)) for of, _many, *told in db.execute(ranked(asked))}
    figures = [
        Figure(label, value, "milliseconds", why=NO_NIGHT)
        for direction, labels in LABELS.items()
        for label, value in zip(labels, found.get(direction, (None,) * 3), strict=True)
    ]
    return Measured(figures[0], tuple(figures[1:]))


def _ms(microseconds: object) -> Decimal:
    return Decimal(str(microseconds)) / 1000


def rows(db: Session, window: Window) -> Rows:
    """Return the nights by direction; each opens its traces."""
    is_backward = NightTrace.direction == "backward"
    key = when((is_backward, NightTrace.night_id * 2 + 1), else_=NightTrace.night_id * 2)
    asked = (
        select(key, NightTrace.took_us)
        .join(TraceNight, TraceNight.id == NightTrace.night_id)
        .where(window.within(TraceNight.ended_at))
    )
    ended = dict(
        db.execute(
            select(TraceNight.id, TraceNight.ended_at).where(window.within(TraceNight.ended_at))
        ).all()
    )
    found = [
        (of // 2, ended[of // 2], "backward" if of % 2 else "forward", many, *map(_ms, told))
        for of, many, *told in db.execute(ranked(asked))
    ]
    return Rows(
        (
            Col("night", N_("Night"), "night"),
            Col("ended_at", N_("Ended"), "moment"),
            Col("direction", N_("Direction"), "direction"),
            Col("traces", N_("Traces"), "integer"),
            Col("median", N_("Half within"), "milliseconds"),
            Col("p90", N_("90 of 100 within"), "milliseconds"),
            Col("longest", N_("Longest"), "milliseconds"),
        ),
        sorted(found, key=lambda row: (-row[0], row[2])),
    )
