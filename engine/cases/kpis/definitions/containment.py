"""Containment time.

Formula: Time from the first hold or the signed stop-ship to the last in-house unit on hold; leaks:
held units shipped after that.

Population: Cases contained in the window.

Window: Contained in the chosen days; leaks found in the chosen days.

Exclusions: Drills.

Unit: Calendar time, median and longest; units for leaks, of which the target is 0.

Source: House definition; ISO 13485:2016, 8.3.2 and 8.3.3 ask for control of nonconforming product
(unverified).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.kpis.measure import (
    REAL,
    Bucket,
    Col,
    Measured,
    Rows,
    Window,
    count,
    median,
    most,
    seconds,
)  # fmt: skip
from engine.cases.models import Case, Fact
from engine.serials.models import Hold, HoldBreach
from engine.words import N_

PART, PLACE, UNIT = "recall", 2, "seconds"


@dataclass(frozen=True)
class Contained:
    """One case: when it was ordered to hold, when all in house was held, and what leaked."""

    number: str
    ordered_at: datetime | None
    held_at: datetime | None
    leaked: Decimal

    @property
    def took(self) -> int | None:
        """Return how long it took; None where the order was not recorded."""
        if self.ordered_at is None or self.held_at is None:
            return None
        return max(0, seconds(self.ordered_at, self.held_at))


def _contained(db: Session, window: Window) -> list[Contained]:
    contained = (
        select(Fact.case_id, func.max(Fact.recorded_at).label("at"))
        .where(Fact.name == "containment")
        .group_by(Fact.case_id)
        .subquery()
    )
    stopped = (
        select(Fact.case_id, func.min(Fact.recorded_at).label("at"))
        .where(Fact.name == "stop_ship")
        .group_by(Fact.case_id)
        .subquery()
    )
    held = (
        select(Hold.case_number, func.min(Hold.placed_at).label("at"))
        .group_by(Hold.case_number)
        .subquery()
    )
    leaked = (
        select(Hold.case_number, func.sum(HoldBreach.quantity).label("many"))
        .join(Hold, Hold.id == HoldBreach.hold_id)
        .where(HoldBreach.door == "ship", window.within(HoldBreach.found_at))
        .group_by(Hold.case_number)
        .subquery()
    )
    moment, quantity = Fact.recorded_at.type, HoldBreach.quantity.type
    found = db.execute(
        select(
            Case.number,
            func.min(stopped.c.at, type_=moment),
            func.min(held.c.at, type_=moment),
            func.max(contained.c.at, type_=moment),
            func.max(leaked.c.many, type_=quantity),
        )
        .outerjoin(contained, contained.c.case_id == Case.id)
        .outerjoin(stopped, stopped.c.case_id == Case.id)
        .outerjoin(held, held.c.case_number == Case.number)
        .outerjoin(leaked, leaked.c.case_number == Case.number)
        .where(
            REAL,
            window.within(contained.c.at) | leaked.c.many.is_not(None),
        )
        .group_by(Case.id, Case.number)
        .order_by(Case.id.desc())
    )
    return [
        Contained(
            number,
            min(filter(None, (stop, first)), default=None),
            at if window.holds(at) else None,
            leak or Decimal(0),
        )
        for number, stop, first, at, leak in found
    ]


def measured(db: Session, window: Window) -> Measured:
    """Take the cases contained in the window."""
    found = _contained(db, window)
    took = [one.took for one in found if one.took is not None]
    unknown = sum(one.held_at is not None and one.took is None for one in found)
    leaked = sum((one.leaked for one in found), Decimal(0))
    return Measured(
        median(N_("Median"), took),
        (
            most(N_("Longest"), took),
            count(N_("Held, and shipped all the same"), leaked, unit="quantity"),
        ),
        unknown=(Bucket(N_("Order to hold not recorded"), Decimal(unknown)),),
    )


def rows(db: Session, window: Window) -> Rows:
    """Return every case contained in the window, and every case that leaked in it."""
    return Rows(
        (
            Col("case", N_("Case"), "case"),
            Col("ordered_at", N_("Ordered"), "moment"),
            Col("held_at", N_("Last one held"), "moment"),
            Col("took", N_("Took"), "seconds"),
            Col("leaked", N_("Held, and shipped all the same"), "quantity"),
        ),
        [
            (one.number, one.ordered_at, one.held_at, one.took, one.leaked)
            for one in _contained(db, window)
        ],
    )
