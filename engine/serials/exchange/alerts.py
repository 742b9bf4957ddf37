"""Mail about what goes wrong between systems, once for each key, to those who look after it."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import outbox
from engine.people import people_with_role

TO = ("qa_manager",)


def tell(db: Session, key: str, layout: str, facts: dict[str, Any], *, at: datetime) -> int:
    """Put one mail for each quality manager in the outbox; return how many are new."""
    receivers = {one.id: one for role in TO for one in people_with_role(db, role, at=at)}
    said = {
        f"{key}:{one.id}": {
            "receiver": one.email,
            "language": one.language,
            "body": {**facts, "printed_name": one.printed_name, "time_zone": one.time_zone},
        }
        for one in receivers.values()
        if one.email
    }
    return outbox.say_once(db, said, layout=layout, at=at)
