"""What the checks of a plan found, by stratum, with the bound on those who were not asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.checks.bounds import most_not_reached
from engine.cases.checks.models import EffectivenessCheck, EffectivenessFrame, EffectivenessPlan
from engine.cases.checks.sampling import HIGHER
from engine.serials.models.master import PARTY_KINDS


@dataclass(frozen=True)
class StratumResult:
    """One stratum: how many there are, were asked, answered for, and failed."""

    stratum: str
    population: int
    drawn: int
    checked: int
    effective: int
    not_effective: int
    not_reached: int

    @property
    def words(self) -> str:
        """Return the kind of consignee in words, a msgid."""
        return PARTY_KINDS[self.stratum]

    @property
    def failed(self) -> int:
        """Return who has not acted, at the first check: what was mended since is no proof."""
        return self.not_effective + self.not_reached

    @property
    def may_have_failed(self) -> int:
        """Return how many of the whole stratum may not have acted, at 95 % confidence."""
        return most_not_reached(self.population, self.checked, self.failed)


def record(
    db: Session,
    frame: EffectivenessFrame,
    *,
    channel: str,
    reached: bool,
    received: bool,
    understood: bool,
    acted: bool,
    by_id: int,
    at: datetime,
) -> EffectivenessCheck:
    """Write down what one check found; a check after correction is a further row. Flushes."""
    effective = reached and received and understood and acted
    result = "effective" if effective else "not_effective" if reached else "not_reached"
    before = db.scalar(
        select(func.max(EffectivenessCheck.number)).where(EffectivenessCheck.frame_id == frame.id)
    )
    check = EffectivenessCheck(
        frame_id=frame.id,
        number=(before or 0) + 1,
        channel=channel,
        result=result,
        received=reached and received,
        understood=reached and understood,
        acted=reached and acted,
        by_id=by_id,
        at=at,
    )
    db.add(check)
    db.flush()
    return check


def by_stratum(db: Session, plan: EffectivenessPlan) -> list[StratumResult]:
    """Return the results of a plan; the first check of a consignee counts, in one query.

    A consignee that acts only after it was checked proves that the notice alone had not worked.
    """
    found = EffectivenessCheck.result
    rows = db.execute(
        select(
            EffectivenessFrame.stratum,
            func.count(),
            func.count().filter(EffectivenessFrame.is_drawn.is_(True)),
            func.count(EffectivenessCheck.id),
            func.count().filter(found == "effective"),
            func.count().filter(found == "not_effective"),
            func.count().filter(found == "not_reached"),
        )
        .outerjoin(
            EffectivenessCheck,
            (EffectivenessCheck.frame_id == EffectivenessFrame.id)
            & (EffectivenessCheck.number == 1),
        )
        .where(EffectivenessFrame.plan_id == plan.id)
        .group_by(EffectivenessFrame.stratum)
        .order_by(EffectivenessFrame.stratum)
    )
    return [StratumResult(*row) for row in rows]


def proposed_level(plan: EffectivenessPlan, results: Iterable[StratumResult]) -> str:
    """Return the level the results propose: the next higher one as soon as anybody failed."""
    if any(result.failed for result in results):
        return HIGHER.get(plan.level, plan.level)
    return plan.level
