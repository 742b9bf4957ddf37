"""The hold canary as its page shows it."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.pages import Page
from engine.serials.models import CanaryRun
from webapp.queries.stock import actors


@dataclass(frozen=True)
class TryLine:
    """One try, and who said what was behind it."""

    run: CanaryRun
    looked_at_by: str | None


def tries(db: Session, *, page: int = 1) -> tuple[list[TryLine], Page]:
    """Return one page of the tries, the newest first."""
    total = db.scalar(select(func.count()).select_from(CanaryRun)) or 0
    shown = Page(number=page, total_count=total)
    rows = db.scalars(
        select(CanaryRun)
        .order_by(CanaryRun.id.desc())
        .limit(shown.size)
        .offset((page - 1) * shown.size)
    ).all()
    names = actors(db, (one.looked_at_by_id for one in rows))
    return [TryLine(one, names.get(one.looked_at_by_id or 0)) for one in rows], shown


def unsettled(db: Session) -> list[CanaryRun]:
    """Return the tries that were let through and that nobody has answered for."""
    open_ones = select(CanaryRun).where(
        CanaryRun.outcome == "passed", CanaryRun.looked_at_at.is_(None)
    )
    return list(db.scalars(open_ones.order_by(CanaryRun.id)))
