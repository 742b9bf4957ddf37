"""Cases that came from another system: found by their own numbers, and gone on with in ours."""

from typing import Unpack

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.serials.begins import begins
from engine.serials.errors import ContinuedAlready, NothingDescribed, NotOpenThere
from engine.serials.events import data_stream
from engine.serials.models import LegacyCase, Lot, Unit
from engine.serials.record import How


def found(
    db: Session, text: str, *, state: str = "", number: int = 1, size: int = 50
) -> tuple[list[LegacyCase], int]:
    """Return a page of cases whose number, serial or lot begins so, or whose title says it."""
    query = (
        select(LegacyCase)
        .outerjoin(Unit, Unit.id == LegacyCase.unit_id)
        .outerjoin(Lot, Lot.id == LegacyCase.lot_id)
    )
    if text:
        query = query.where(
            or_(
                begins(LegacyCase.number, text),
                begins(Unit.serial, text),
                begins(Lot.lot_no, text),
                func.lower(LegacyCase.title).contains(text.lower(), autoescape=True),
            )
        )
    if state:
        query = query.where(LegacyCase.state == state)
    total = db.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = query.order_by(LegacyCase.opened_on.desc(), LegacyCase.id.desc())
    return list(db.scalars(rows.offset((number - 1) * size).limit(size))), total


def get(db: Session, legacy_id: int, *, lock: bool = False) -> LegacyCase:
    """Return one; raises `NothingDescribed`."""
    row = db.get(LegacyCase, legacy_id, with_for_update=lock or None, populate_existing=lock)
    if row is None:
        raise NothingDescribed(kind="legacy_case", id=legacy_id)
    return row


def behind(db: Session, case_number: str) -> LegacyCase | None:
    """Return what one of our cases goes on with, the first of several; None if it began here."""
    return db.scalar(
        select(LegacyCase)
        .where(LegacyCase.continued_as == case_number)
        .order_by(LegacyCase.continued_at, LegacyCase.id)
        .limit(1)
    )


def named(db: Session, case_number: str) -> str | None:
    """Return the system and the number there of what one of our cases goes on with."""
    row = behind(db, case_number)
    return f"{row.source} {row.number}" if row else None


def go_on_as(db: Session, legacy_id: int, case_number: str, **how: Unpack[How]) -> LegacyCase:
    """Say which of our cases goes on with one that was open there; flushes."""
    row = get(db, legacy_id, lock=True)
    if row.state != "open":
        raise NotOpenThere(number=row.number)
    if row.continued_as is not None:
        raise ContinuedAlready(number=row.number, case=row.continued_as)
    row.continued_as, row.continued_at = case_number, how["at"]
    row.continued_by_id = how["by"].id if how["by"] else None
    db.flush()
    body = {"source": row.source, "number": row.number, "step": row.step, "case": case_number}
    for stream in (f"case:{case_number}", data_stream(db)):
        ledger.append(db, stream, "legacy_case_continued", body, by=how["by"], at=how["at"])
    return row
