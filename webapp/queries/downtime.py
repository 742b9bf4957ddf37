"""Downtime forms as their page shows them."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.pages import Page
from engine.serials.models import DowntimeForm
from webapp.queries.stock import actors


@dataclass(frozen=True)
class FormLine:
    """One form, who printed it, and what became of it."""

    form: DowntimeForm
    printed_by: str | None
    entered_by: str | None


def form_lines(
    db: Session, *, only_open: bool = False, page: int = 1
) -> tuple[list[FormLine], Page]:
    """Return one page of the forms, the newest first, or only those not accounted for."""
    wanted = (
        [DowntimeForm.entered_at.is_(None), DowntimeForm.not_used_reason.is_(None)]
        if only_open
        else []
    )
    total = db.scalar(select(func.count()).select_from(DowntimeForm).where(*wanted)) or 0
    shown = Page(number=page, total_count=total)
    rows = db.scalars(
        select(DowntimeForm)
        .where(*wanted)
        .order_by(DowntimeForm.id.desc())
        .limit(shown.size)
        .offset((page - 1) * shown.size)
    ).all()
    return [form_line(db, one) for one in rows], shown


def form_line(db: Session, form: DowntimeForm) -> FormLine:
    """Return one form with its names."""
    settled_by = form.entered_by_id or form.not_used_by_id
    names = actors(db, (form.printed_by_id, settled_by))
    return FormLine(form, names.get(form.printed_by_id), names.get(settled_by or 0))
