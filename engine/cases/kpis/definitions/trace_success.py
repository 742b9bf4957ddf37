"""Trace success rate.

Formula: Complete traces ÷ traces attempted × 100. Complete: every affected unit has a current
custody and every purchased input is known by its supplier's lot, with no broken edge. By units:
units resolved ÷ units in scope.

Population: The traces drawn at random each night, forward and backward.

Window: Nights that ended in the chosen days.

Exclusions: Traces that people ask for and drills are not drawn at random and are not counted in.

Unit: Percent, with the 95 % interval of Wilson.

Source: House definition; ISO 13485:2016, 7.5.9 asks for traceability (unverified).
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.kpis.measure import Bucket, Col, Measured, Rows, Window, share
from engine.serials.models import TraceNight
from engine.serials.night.figures import Figures, figures
from engine.words import N_

PART, PLACE, UNIT = "trace", 1, "percent"
NO_NIGHT = N_("No night was traced in this time")


def _nights(db: Session, window: Window) -> list[TraceNight]:
    rows = select(TraceNight).where(window.within(TraceNight.ended_at))
    return list(db.scalars(rows.order_by(TraceNight.ended_at.desc())))


def measured(db: Session, window: Window) -> Measured:
    """Count the nights of the window together."""
    told = figures(db, _nights(db, window)).values()

    def total(name: str) -> int:
        return sum(int(getattr(one, name)) for one in told)

    return Measured(
        share(
            N_("Traces complete"), total("complete_count"), total("trace_count"), why=NO_NIGHT
        ),
        (
            share(N_("By units"), total("resolved_count"), total("unit_count"), why=NO_NIGHT),
            share(
                N_("Inputs known"), total("known_input_count"), total("input_count"), why=NO_NIGHT
            ),
        ),
        unknown=(
            Bucket(N_("Too large to compare with the raw events"), total("not_compared_count")),
        ),
    )  # fmt: skip


def rows(db: Session, window: Window) -> Rows:
    """Return every night of the window; each opens its traces."""
    nights = _nights(db, window)
    told = figures(db, nights)

    def row(night: TraceNight, one: Figures) -> tuple[object, ...]:
        return (
            night.id, night.ended_at, one.trace_count, one.complete_count, one.unit_count,
            one.resolved_count, one.differing_count, one.not_compared_count,
        )  # fmt: skip

    return Rows(
        (
            Col("night", N_("Night"), "night"),
            Col("ended_at", N_("Ended"), "moment"),
            Col("traces", N_("Traces"), "integer"),
            Col("complete", N_("Complete"), "integer"),
            Col("units", N_("Units in scope"), "integer"),
            Col("resolved", N_("Units resolved"), "integer"),
            Col("differing", N_("Differ from the events"), "integer"),
            Col("not_compared", N_("Not compared"), "integer"),
        ),
        [row(night, told[night.id]) for night in nights],
    )
