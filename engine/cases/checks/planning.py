"""Laying a plan of checks, freezing its frame and drawing from it, each step in the ledger."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.checks import sampling
from engine.cases.checks.models import EffectivenessFrame, EffectivenessPlan
from engine.cases.checks.sampling import LEVELS, PERCENT, Member
from engine.cases.models import Case
from engine.errors import Invalid, Problem, Refused
from engine.evidence import ledger
from engine.people import Person
from engine.words import N_

SEED_BYTES = 32
CENSUS_BELOW = 5  # a stratum of four is asked as a whole: a share of it says nothing


class AlreadyFrozen(Refused):
    """The frame of this plan is frozen already. Lay a new plan to ask more consignees."""


class NoPlan(Refused):
    """No plan of effectiveness checks was signed for this recall. Plan them first."""


class NothingToCheck(Refused):
    """No notice went out yet, so there is nobody to check. Send the notices first."""


def plan_level(
    db: Session,
    case: Case,
    level: str,
    *,
    channel: str,
    by: Person | None,
    at: datetime,
    percent: Decimal | None = None,
    census_below: int = CENSUS_BELOW,
) -> EffectivenessPlan:
    """Lay the next plan of a case and commit its seed: only the SHA-256 goes into the ledger.

    `percent` is asked of level B only: more than 10, less than 100. Raises `Invalid`.
    """
    if level not in LEVELS:
        raise Invalid([Problem("level", N_("Choose a level from A to E."))])
    if level == "B" and (percent is None or not Decimal(10) < percent < Decimal(100)):
        raise Invalid(
            [Problem("percent", N_("Enter a percentage above 10 and below 100 for level B."))]
        )

    seed = secrets.token_hex(SEED_BYTES)
    plan = EffectivenessPlan(
        case_id=case.id,
        number=1 + (newest.number if (newest := latest(db, case)) else 0),
        level=level,
        percent=PERCENT.get(level, percent),
        census_below=census_below,
        channel=channel,
        seed=seed,
        seed_sha256=sampling.seed_sha256(seed),
        committed_at=at,
    )
    db.add(plan)
    db.flush()
    body = {
        "plan": plan.number,
        "level": level,
        "percent": f"{plan.percent.normalize():f}",
        "census_below": census_below,
        "seed_sha256": plan.seed_sha256,
    }
    ledger.append(db, case.stream, "effectiveness_seed_committed", body, by=by, at=at)
    return plan


def draw(
    db: Session,
    case: Case,
    plan: EffectivenessPlan,
    frame: Sequence[tuple[Member, int]],
    *,
    by: Person | None,
    at: datetime,
) -> list[EffectivenessFrame]:
    """Freeze the frame of (member, party id), reveal the seed, and return who is asked.

    Two ledger entries in this order: the frame's fingerprint, then the seed with the sample.
    Raises `AlreadyFrozen`.
    """
    if plan.frozen_at is not None:
        raise AlreadyFrozen

    members = [member for member, _ in frame]
    plan.frame_sha256, plan.frozen_at = sampling.frame_sha256(members), at
    body = {
        "plan": plan.number,
        "frame_count": len(members),
        "frame_sha256": plan.frame_sha256,
    }
    ledger.append(db, case.stream, "effectiveness_frame_frozen", body, by=by, at=at)

    drawn = sampling.draw(plan.seed, members, plan.percent, census_below=plan.census_below)
    asked = {member.number for some in drawn.values() for member in some}
    rows = [
        EffectivenessFrame(
            plan_id=plan.id,
            notice_number=member.number,
            party_id=party_id,
            stratum=member.stratum,
            is_drawn=member.number in asked,
        )
        for member, party_id in frame
    ]
    db.add_all(rows)
    plan.drawn_at = at
    db.flush()
    shown = {"plan": plan.number, "seed": plan.seed, "drawn": sorted(asked)}
    ledger.append(db, case.stream, "effectiveness_sample_drawn", shown, by=by, at=at)
    return [row for row in rows if row.is_drawn]


def is_drawn_as_said(db: Session, plan: EffectivenessPlan) -> bool:
    """Say whether seed, frame and sample of a drawn plan still are what the ledger was told."""
    rows = list(db.scalars(select(EffectivenessFrame).where(EffectivenessFrame.plan_id == plan.id)))
    members = [Member(row.notice_number, row.stratum) for row in rows]
    again = sampling.draw(plan.seed, members, plan.percent, census_below=plan.census_below)
    asked = {member.number for some in again.values() for member in some}
    return (
        sampling.seed_sha256(plan.seed) == plan.seed_sha256
        and sampling.frame_sha256(members) == plan.frame_sha256
        and asked == {row.notice_number for row in rows if row.is_drawn}
    )


def standing(db: Session, case: Case) -> EffectivenessPlan:
    """Return the plan that stands; raises `NoPlan`."""
    plan = latest(db, case)
    if plan is None:
        raise NoPlan
    return plan


def latest(db: Session, case: Case) -> EffectivenessPlan | None:
    """Return the plan that stands, or None."""
    return db.scalar(
        select(EffectivenessPlan)
        .where(EffectivenessPlan.case_id == case.id)
        .order_by(EffectivenessPlan.number.desc())
        .limit(1)
    )


def asked_before(db: Session, case: Case, plan: EffectivenessPlan) -> set[str]:
    """Return whose notices an earlier plan of the case had checked already."""
    return set(
        db.scalars(
            select(EffectivenessFrame.notice_number)
            .join(EffectivenessPlan, EffectivenessPlan.id == EffectivenessFrame.plan_id)
            .where(
                EffectivenessPlan.case_id == case.id,
                EffectivenessPlan.number < plan.number,
                EffectivenessFrame.is_drawn.is_(True),
            )
        )
    )
