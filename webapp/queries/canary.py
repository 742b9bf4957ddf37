"""The hold canary as its page shows it."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.pages import Page
from engine.serials.exchange.canary import is_unsettled
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
    """Return what nobody has answered for: each try let through, and the newest of those not made.

    One reason settles all tries that could not be made, so one of them is asked about.
    """
    rows = select(CanaryRun).where(is_unsettled()).order_by(CanaryRun.id)
    failed = rows.where(CanaryRun.outcome == "failed").order_by(None)
    return [
        *db.scalars(rows.where(CanaryRun.outcome == "passed")),
        *db.scalars(failed.order_by(CanaryRun.id.desc()).limit(1)),
    ]
