"""What partners sent as EPCIS, for a page: each document, its events, what did not fit."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.pages import Page
from engine.people.models import PersonAccount
from engine.serials.epcis.capture import CaptureUnknown
from engine.serials.models import EpcisCapture, EpcisEvent, EventLink

SIZE = 50


@dataclass(frozen=True)
class Line:
    """One document: who sent it, and how it went."""

    id: int
    sender: str
    received_at: datetime
    finished_at: datetime | None
    success: bool | None
    error_behaviour: str
    captured: int
    known: int
    flagged: int
    errors: list[Any]

    @property
    def state(self) -> str:
        """Return how it went in one word: running, captured, partly or failed."""
        if self.finished_at is None:
            return "running"
        if self.success:
            return "captured"
        return "partly" if self.captured else "failed"


@dataclass(frozen=True)
class Told:
    """One captured event: its type and step, what did not fit, and a unit that it is about."""

    epcis_id: str
    type: str
    step: str | None
    event_at: datetime
    is_declaration: bool
    flags: list[Any]
    count: int
    unit_id: int | None


def captures(db: Session, number: int) -> tuple[list[Line], Page]:
    """Return one page of the documents, the newest first."""
    total = db.scalar(select(func.count()).select_from(EpcisCapture)) or 0
    page = Page(number=number, size=SIZE, total_count=total)
    rows = _lines().order_by(EpcisCapture.id.desc()).offset((number - 1) * SIZE).limit(SIZE)
    return [Line(*row) for row in db.execute(rows)], page


def capture_page(db: Session, capture_id: int, number: int) -> tuple[Line, list[Told], Page]:
    """Return one document with a page of its events; raises `CaptureUnknown`."""
    row = db.execute(_lines().where(EpcisCapture.id == capture_id)).one_or_none()
    if row is None:
        raise CaptureUnknown
    of_it = EpcisEvent.capture_id == capture_id
    total = db.scalar(select(func.count()).select_from(EpcisEvent).where(of_it)) or 0
    unit = (
        select(func.min(EventLink.unit_id))
        .where(EventLink.event_id == EpcisEvent.event_id)
        .scalar_subquery()
    )
    rows = db.execute(
        select(EpcisEvent, unit)
        .where(of_it)
        .order_by(EpcisEvent.id)
        .offset((number - 1) * SIZE)
        .limit(SIZE)
    )
    told = [_told(event, unit_id) for event, unit_id in rows]
    return Line(*row), told, Page(number=number, size=SIZE, total_count=total)


def _lines() -> Any:
    flagged = (
        select(func.count())
        .where(EpcisEvent.capture_id == EpcisCapture.id, EpcisEvent.flags != [])
        .scalar_subquery()
    )
    return select(
        EpcisCapture.id,
        PersonAccount.printed_name,
        EpcisCapture.received_at,
        EpcisCapture.finished_at,
        EpcisCapture.success,
        EpcisCapture.error_behaviour,
        EpcisCapture.captured_count,
        EpcisCapture.known_count,
        flagged,
        EpcisCapture.errors,
    ).outerjoin(PersonAccount, PersonAccount.id == EpcisCapture.person_id)


def _told(event: EpcisEvent, unit_id: int | None) -> Told:
    named = [*event.body.get("epcList", []), *event.body.get("childEPCs", [])]
    made = event.body.get("outputEPCList", [])
    return Told(
        event.epcis_id,
        event.type,
        event.body.get("bizStep"),
        event.event_at,
        event.is_declaration,
        event.flags,
        len(named) + len(made),
        unit_id,
    )
