"""Flags: quality is told when a recorded fact broke a rule."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases import mails
from engine.cases.models import Case
from engine.cases.names import stock_names
from engine.people import people_with_role
from engine.serials.models import Event, Flag, Hold, HoldBreach
from engine.serials.sets import id_set

TOLD = 20  # goods that one mail names


def tell_flags(db: Session, event_ids: list[int], *, at: datetime) -> None:
    """Send quality one mail about the rules that these events broke.

    What one source told at one moment (a partner's document, a file) is one mail, about the first.
    A hold that was broken has a task and a mail of its own, while its case is open.
    """
    told_elsewhere = (
        select(HoldBreach.id)
        .join(Hold, Hold.id == HoldBreach.hold_id)
        .join(Case, Case.number == Hold.case_number)
        .where(
            HoldBreach.event_id == Flag.event_id,
            (HoldBreach.unit_id == Flag.unit_id) | (HoldBreach.lot_id == Flag.lot_id),
            Case.state == "open",
        )
    )
    of_them = Flag.event_id.in_(id_set(db, event_ids)) & ~(
        Flag.rule.startswith("held_") & told_elsewhere.exists()
    )
    rows = db.execute(
        select(Flag, Event)
        .join(Event, Event.id == Flag.event_id)
        .where(of_them)
        .order_by(Flag.id)
        .limit(TOLD)
    ).all()
    if not rows:
        return

    _, event = rows[0]
    # a unit whose lot had expired has both: it is named by itself
    goods = [
        (flag.unit_id, None if flag.unit_id else flag.lot_id)
        for flag, _ in rows
        if flag.unit_id or flag.lot_id
    ]
    names = stock_names(db, goods)
    unknown = [flag.facts["name"] for flag, _ in rows if "name" in flag.facts]
    facts = {
        "flag_count": db.scalar(select(func.count(Flag.id)).where(of_them)),
        "target": ", ".join(dict.fromkeys([*(names[one].name for one in goods), *unknown])) or "–",
        "source": event.source,
        "happened_at": event.event_at.isoformat(),
        "recorded_at": event.recorded_at.isoformat(),
        "path": "/flags",
    }
    key = f"flags_raised:{event.source}:{at.isoformat()}"
    mails.tell(
        db, people_with_role(db, "qa_manager", at=at), key, "layouts/flags_raised", facts, at=at
    )
