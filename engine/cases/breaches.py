"""Hold breaches: what was reported to have happened against a hold joins the case at once."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import mails
from engine.cases.children import open_child
from engine.cases.models import Case
from engine.cases.names import stock_names
from engine.people import people_with_role
from engine.serials.models import Event, Hold, HoldBreach, Location, Party
from engine.serials.sets import id_set


def open_breaches(db: Session, event_ids: list[int], *, at: datetime) -> None:
    """Give quality a task and a mail for each case whose hold one of these events broke."""
    rows = db.execute(
        select(HoldBreach, Hold.case_number, Event)
        .join(Hold, Hold.id == HoldBreach.hold_id)
        .join(Event, Event.id == HoldBreach.event_id)
        .where(HoldBreach.event_id.in_(id_set(db, event_ids)))
        .order_by(HoldBreach.id)
    ).all()
    for number in dict.fromkeys(number for _, number, _ in rows):
        case = db.scalar(select(Case).where(Case.number == number, Case.state == "open"))
        if case is None:
            continue
        broken = [(breach, event) for breach, of_case, event in rows if of_case == number]
        _tell(db, case, broken, at=at)
        if case.instance_id is not None:
            open_child(db, case, "hold_breach", by=None, at=at)


def _tell(db: Session, case: Case, broken: list[tuple[HoldBreach, Event]], *, at: datetime) -> None:
    names = stock_names(db, [(breach.unit_id, breach.lot_id) for breach, _ in broken])
    _, event = broken[0]
    facts = {
        "case_number": case.number,
        "case_title": case.title,
        "path": mails.path_of(case),
        "target": ", ".join(dict.fromkeys(names[b.unit_id, b.lot_id].name for b, _ in broken)),
        "event_type": event.type,
        "is_correction": event.corrects_id is not None,
        "where": _where(db, event),
        "document": event.payload.get("document_no") or "–",
        "happened_at": event.event_at.isoformat(),
        "recorded_at": event.recorded_at.isoformat(),
    }
    receivers = people_with_role(db, "qa_manager", at=at)
    key = f"hold_breached:{case.number}:{event.id}"
    mails.tell(db, receivers, key, "layouts/hold_breached", facts, at=at)


def _where(db: Session, event: Event) -> str:
    row = db.execute(
        select(Party.name, Location.name)
        .join(Location, Location.party_id == Party.id)
        .where(Location.id == event.location_id)
    ).one_or_none()
    return " · ".join(row) if row else "–"
