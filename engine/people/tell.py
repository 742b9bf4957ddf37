"""Says something to everyone who acts in a role, each in their own language."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy.orm import Session

from engine.outbox import say
from engine.people.models import PersonAccount
from engine.people.queries import people_with_role

Body: TypeAlias = Callable[[PersonAccount], dict[str, Any]]


def tell_role(
    db: Session,
    role: str,
    *,
    key: str,
    layout: str,
    body: Body | dict[str, Any],
    at: datetime,
    but: Collection[int] = (),
) -> int:
    """Put one mail in the outbox for each active person in `role` with an address; flushes.

    `key` names the occasion (`task_opened:<task id>`) and may be told once. Words that depend on
    the language come from `body` as a function of the account. Returns how many were told; when
    nobody holds the role that is 0, and the caller should say so where people look.
    """
    told = [p for p in people_with_role(db, role, at=at) if p.email and p.id not in but]
    for person in told:
        tell(db, person, key=key, layout=layout, body=body, at=at)
    return len(told)


def tell(
    db: Session,
    person: PersonAccount,
    *,
    key: str,
    layout: str,
    body: Body | dict[str, Any],
    at: datetime,
) -> None:
    """Put one mail to this person in the outbox; flushes."""
    facts = body(person) if callable(body) else body
    say(
        db,
        f"{key}:{person.id}",
        receiver=person.email,
        language=person.language,
        layout=layout,
        body={"printed_name": person.printed_name, "time_zone": person.time_zone, **facts},
        at=at,
    )
