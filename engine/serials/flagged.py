"""Telling quality of flags: one mail for each recording, written with it in the outbox."""

from collections import Counter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.people import PersonAccount
from engine.serials.exchange.alerts import tell
from engine.serials.models import Event, Flag, Lot, Unit
from engine.serials.sets import id_set

NAMED = 20  # goods that the mail names


def tell_flagged(db: Session, events: list[Event]) -> None:
    """Mail the quality managers what a recording flagged (a sink of the store)."""
    flags = Flag.event_id.in_(id_set(db, [event.id for event in events]))
    counted = db.execute(
        select(Flag.rule, func.count(Flag.id)).where(flags).group_by(Flag.rule)
    ).all()
    rules = Counter({rule: count for rule, count in counted})  # noqa: C416  rows are no pairs to mypy
    if not rules:
        return

    named = db.execute(
        select(Unit.serial, Lot.lot_no)
        .select_from(Flag)
        .outerjoin(Unit, Unit.id == Flag.unit_id)
        .outerjoin(Lot, Lot.id == Flag.lot_id)
        .where(flags)
        .order_by(Flag.id)
        .limit(NAMED)
    )
    goods = dict.fromkeys(serial or lot_no for serial, lot_no in named if serial or lot_no)
    first = events[0]
    facts: dict[str, Any] = {
        "flag_count": rules.total(),
        "rules": [[rule, count] for rule, count in rules.most_common()],
        "goods": ", ".join(goods) + (" …" if rules.total() > NAMED else ""),
        "happened_at": first.event_at.isoformat(),
        "recorded_at": first.recorded_at.isoformat(),
        "recorded_by": _recorder(db, first),
        "path": "/flags",
    }
    tell(db, f"flagged:{first.recording}", "layouts/flags_raised", facts, at=first.recorded_at)


def _recorder(db: Session, event: Event) -> str:
    name = select(PersonAccount.printed_name).where(PersonAccount.id == event.actor_id)
    return db.scalar(name) or event.source
