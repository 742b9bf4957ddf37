"""What the page of effectiveness shows: each plan with its draw, its strata and its checks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from engine.cases.checks.models import EffectivenessCheck, EffectivenessFrame, EffectivenessPlan
from engine.cases.checks.planning import is_drawn_as_said, latest
from engine.cases.checks.results import StratumResult, by_stratum, proposed_level
from engine.cases.checks.sampling import LEVELS
from engine.cases.models import Case
from engine.cases.pages import Page
from engine.people import PersonAccount
from engine.serials.models import Party


@dataclass(frozen=True)
class CheckRow:
    """One consignee that is asked: what its first check found, and its last."""

    notice_number: str
    consignee: str
    country: str | None
    stratum: str
    first: str | None  # a result; None: not checked yet
    last: str | None
    check_count: int
    by: str | None
    at: datetime | None


@dataclass(frozen=True)
class Board:
    """One plan as it stands; the seed is None until it is revealed."""

    plan: EffectivenessPlan
    seed: str | None
    is_sound: bool | None  # None: nothing is drawn yet
    strata: tuple[StratumResult, ...]
    proposed: str | None
    rows: tuple[CheckRow, ...]
    page: Page

    @property
    def level_words(self) -> str:
        """Return the level in words, a msgid."""
        return LEVELS[self.plan.level]

    @property
    def proposed_words(self) -> str | None:
        """Return the higher level that the results propose, in words; None: they propose none."""
        if self.proposed in (None, self.plan.level):
            return None
        return LEVELS[self.proposed or ""]

    @property
    def drawn(self) -> int:
        """Return how many consignees are asked."""
        return sum(one.drawn for one in self.strata)

    @property
    def checked(self) -> int:
        """Return how many of them have been checked."""
        return sum(one.checked for one in self.strata)


def board_of(db: Session, plan: EffectivenessPlan, *, page: int = 1) -> Board:
    """Return a plan with one page of its checks."""
    strata = tuple(by_stratum(db, plan))
    is_drawn = plan.drawn_at is not None
    shown = Page(number=page, total_count=sum(one.drawn for one in strata))
    return Board(
        plan=plan,
        seed=plan.seed if is_drawn else None,
        is_sound=is_drawn_as_said(db, plan) if is_drawn else None,
        strata=strata,
        proposed=proposed_level(plan, strata) if is_drawn else None,
        rows=_rows(db, plan, shown),
        page=shown,
    )


def boards(db: Session, case: Case, *, page: int = 1) -> list[Board]:
    """Return every plan of a case, the newest first."""
    plans = db.scalars(
        select(EffectivenessPlan)
        .where(EffectivenessPlan.case_id == case.id)
        .order_by(EffectivenessPlan.number.desc())
    )
    return [board_of(db, plan, page=page) for plan in plans]


def board(db: Session, case: Case) -> Board | None:
    """Return the plan that stands, or None while nothing is planned."""
    plan = latest(db, case)
    return board_of(db, plan) if plan else None


def consignee_of(db: Session, instance_id: int | None) -> CheckRow | None:
    """Return whom the check of a running diagram is about."""
    if instance_id is None:
        return None
    asked = db.execute(_found().where(EffectivenessFrame.instance_id == instance_id)).one_or_none()
    return CheckRow(*asked) if asked else None


def _rows(db: Session, plan: EffectivenessPlan, page: Page) -> tuple[CheckRow, ...]:
    asked = (
        _found()
        .where(EffectivenessFrame.plan_id == plan.id, EffectivenessFrame.is_drawn.is_(True))
        .order_by(EffectivenessFrame.stratum, EffectivenessFrame.notice_number)
        .limit(page.size)
        .offset((page.number - 1) * page.size)
    )
    return tuple(CheckRow(*row) for row in db.execute(asked))


def _found() -> Select[*tuple[Any, ...]]:
    """Return the query of consignees with their first and their last check."""
    counted = (
        select(
            EffectivenessCheck.frame_id,
            func.count().label("count"),
            func.max(EffectivenessCheck.number).label("last"),
        )
        .group_by(EffectivenessCheck.frame_id)
        .subquery()
    )
    first, last = aliased(EffectivenessCheck), aliased(EffectivenessCheck)
    of_frame = EffectivenessFrame.id
    return (
        select(
            EffectivenessFrame.notice_number,
            Party.name,
            Party.country,
            EffectivenessFrame.stratum,
            first.result,
            last.result,
            func.coalesce(counted.c.count, 0),
            PersonAccount.printed_name,
            last.at,
        )
        .join(Party, Party.id == EffectivenessFrame.party_id)
        .outerjoin(counted, counted.c.frame_id == of_frame)
        .outerjoin(first, and_(first.frame_id == of_frame, first.number == 1))
        .outerjoin(last, and_(last.frame_id == of_frame, last.number == counted.c.last))
        .outerjoin(PersonAccount, PersonAccount.id == last.by_id)
    )
