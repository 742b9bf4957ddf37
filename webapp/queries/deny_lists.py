"""Deny lists as their page shows them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.pages import Page
from engine.errors import NotFound
from engine.serials.models import DenyList
from webapp.queries.stock import actors


class DenyListUnknown(NotFound):
    """There is no such deny list. It may belong to another installation."""


@dataclass(frozen=True)
class DenyListLine:
    """One list: when, how much of what, and its fingerprint."""

    id: int
    made_at: datetime
    valid_until: datetime
    made_by: str | None
    unit_count: int
    lot_count: int
    part_count: int
    jws_sha256: str
    ledger: str | None
    failure: str | None


def deny_lists(db: Session, *, page: int = 1) -> tuple[list[DenyListLine], Page]:
    """Return one page of the lists, the newest first."""
    total = db.scalar(select(func.count()).select_from(DenyList)) or 0
    shown = Page(number=page, total_count=total)
    rows = db.scalars(
        select(DenyList)
        .order_by(DenyList.id.desc())
        .limit(shown.size)
        .offset((page - 1) * shown.size)
    ).all()
    names = actors(db, (one.made_by_id for one in rows))
    lines = [
        DenyListLine(
            id=one.id,
            made_at=one.made_at,
            valid_until=one.valid_until,
            made_by=names.get(one.made_by_id or 0),
            unit_count=one.unit_count,
            lot_count=one.lot_count,
            part_count=one.part_count,
            jws_sha256=one.jws_sha256,
            ledger=f"{one.ledger_stream} #{one.ledger_seq}" if one.ledger_stream else None,
            failure=one.failure,
        )
        for one in rows
    ]
    return lines, shown


def deny_list(db: Session, list_id: int) -> DenyList:
    """Return one list; raises `DenyListUnknown`."""
    found = db.get(DenyList, list_id)
    if found is None:
        raise DenyListUnknown
    return found
