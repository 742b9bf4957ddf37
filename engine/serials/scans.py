"""A person's batch of scans: kept line by line until something is done with it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from engine.people.person import Person
from engine.serials.errors import TooManyScans
from engine.serials.identifiers import join, several
from engine.serials.models import ScanLine
from engine.serials.sets import id_set, text_set

MOST = 2_000  # lines of one batch


def add_scans(db: Session, text: str, *, by: Person, at: datetime) -> list[str]:
    """Add what was scanned, one or many; return what was in the batch already.

    The second code of a label joins the first, when that was the scan before it.
    """
    pieces = several(text)
    pieces = [*_go_on(db, pieces[:1], by=by), *pieces[1:]]
    wanted = list(dict.fromkeys(pieces))
    known = {
        line.text: line
        for line in db.scalars(
            select(ScanLine).where(
                ScanLine.person_id == by.id, ScanLine.text.in_(text_set(db, wanted))
            )
        )
    }
    held = db.scalar(select(func.count()).where(ScanLine.person_id == by.id)) or 0
    if held + len(wanted) - len(known) > MOST:
        raise TooManyScans(most=MOST)

    for one in wanted:
        if one in known:
            known[one].times += pieces.count(one)
        else:
            db.add(ScanLine(person_id=by.id, text=one, times=pieces.count(one), scanned_at=at))
    db.flush()
    return [one for one in wanted if one in known or pieces.count(one) > 1]


def _go_on(db: Session, first: Sequence[str], *, by: Person) -> Sequence[str]:
    """Return the first scan with the one before it, when both are codes of one label."""
    newest = db.scalars(
        select(ScanLine).where(ScanLine.person_id == by.id).order_by(ScanLine.id.desc()).limit(1)
    ).first()
    whole = join(newest.text, first[0]) if newest is not None and first else None
    if newest is None or whole is None:
        return first
    if newest.times > 1:
        newest.times -= 1
    else:
        db.delete(newest)
    db.flush()
    return [whole]


def scans_of(db: Session, person: Person) -> Sequence[ScanLine]:
    """Return a person's batch, the newest scan first."""
    return db.scalars(
        select(ScanLine).where(ScanLine.person_id == person.id).order_by(ScanLine.id.desc())
    ).all()


def drop_scans(db: Session, line_ids: Iterable[int], *, by: Person) -> None:
    """Take lines out of a person's own batch."""
    db.execute(
        delete(ScanLine).where(ScanLine.person_id == by.id, ScanLine.id.in_(id_set(db, line_ids)))
    )
