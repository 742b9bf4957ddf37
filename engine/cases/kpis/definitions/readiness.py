"""Readiness.

Formula: Days since the last drill that passed; consignees whose recall contact was verified
within 365 days ÷ consignees that were ever sent goods; trace success of the last night.

Population: Drills; consignees that were ever sent goods; the last night.

Window: Now, whatever days are chosen.

Exclusions: Drills that did not pass, were abandoned or still run.

Unit: Days; percent.

Source: House definition.
"""

from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.drills.models import Drill
from engine.cases.kpis.measure import Col, Figure, Measured, Rows, Window, share
from engine.serials import reached
from engine.serials.models import TraceNight
from engine.serials.night.figures import figures
from engine.words import N_

PART, PLACE, UNIT = "trace", 4, "percent"
NO_DRILL = N_("No drill has passed yet")
NOTHING_SENT = N_("Nothing was shipped yet")
NO_NIGHT_YET = N_("No night yet")


def measured(db: Session, window: Window) -> Measured:
    """Take the last drill, the contacts and the last night."""
    ended = db.scalar(
        select(func.max(Drill.ended_at, type_=Drill.ended_at.type)).where(Drill.outcome == "passed")
    )
    days = None if ended is None else Decimal((window.at - ended).days)
    known, of = reached.counted(db, at=window.at)
    night = db.scalar(
        select(TraceNight).where(TraceNight.ended_at.is_not(None)).order_by(
            TraceNight.ended_at.desc()
        ).limit(1)
    )  # fmt: skip
    told = figures(db, [night])[night.id] if night else None
    return Measured(
        share(N_("Consignees reached within 365 days"), known, of, why=NOTHING_SENT),
        (
            Figure(N_("Days since the last drill that passed"), days, "days", why=NO_DRILL),
            share(
                N_("Trace success of the last night"),
                told.complete_count if told else 0,
                told.trace_count if told else 0,
                why=NO_NIGHT_YET,
            ),
        ),
    )


def rows(db: Session, window: Window) -> Rows:
    """Return the consignees, those not reached lately first."""
    return Rows(
        (
            Col("consignee", N_("Consignee")),
            Col("country", N_("Country"), "country"),
            Col("verified_at", N_("Last verified"), "moment"),
            Col("is_verified", N_("Within 365 days"), "yes_no"),
        ),
        [
            (one.name, one.country, one.verified_at, one.is_verified)
            for one in reached.reaches(db, at=window.at)
        ],
    )
