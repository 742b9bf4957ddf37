"""Looking up reported events: the latest version of one, any version, and its lock."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.reported.errors import EventUnknown
from engine.cases.reported.models import ReportedEvent


def lock(db: Session, number: str) -> ReportedEvent:
    """Lock an event by its first version and return its latest. Raises `EventUnknown`."""
    first = select(ReportedEvent.id).where(
        ReportedEvent.number == number, ReportedEvent.version == 1
    )
    if db.scalar(first.with_for_update()) is None:
        raise EventUnknown(number=number)
    return named(db, number)


def named(db: Session, number: str, *, version: int | None = None) -> ReportedEvent:
    """Return the latest version of an event, or one of its versions. Raises `EventUnknown`."""
    rows = select(ReportedEvent).where(ReportedEvent.number == number)
    if version is not None:
        rows = rows.where(ReportedEvent.version == version)
    event = db.scalars(rows.order_by(ReportedEvent.version.desc()).limit(1)).first()
    if event is None:
        raise EventUnknown(number=number)
    return event


def is_an_event(db: Session, number: str) -> bool:
    """Say whether there is a reported event with this number."""
    return db.scalar(select(ReportedEvent.id).where(ReportedEvent.number == number)) is not None


def versions_of(db: Session, number: str) -> list[ReportedEvent]:
    """Return every version of an event, the newest first."""
    rows = select(ReportedEvent).where(ReportedEvent.number == number)
    return list(db.scalars(rows.order_by(ReportedEvent.version.desc())))
