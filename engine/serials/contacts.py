"""Whom to reach at a party when something is recalled, and whether someone tried it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials import master
from engine.serials.errors import ContactEnded, NothingDescribed, WhyMissing
from engine.serials.master import described, tell
from engine.serials.models import RecallContact
from engine.serials.record import How

# why it is or is not verified any more, where nobody said more
VERIFIED = {True: "reached this way", False: "changed since"}
REACHED_BY = ("name", "channel", "address")  # another of these is another contact to try


def add_contact(
    db: Session,
    party_id: int,
    *,
    role: str,
    name: str,
    channel: str,
    address: str,
    language: str,
    verified_at: datetime | None = None,
    **how: Unpack[How],
) -> RecallContact:
    """Describe one way to reach a party; not verified until someone tried it. Flushes.

    `verified_at` is when another system says that somebody did; who it was is not known here.
    """
    contact = RecallContact(
        party_id=party_id,
        role=role,
        name=name.strip(),
        channel=channel,
        address=address.strip(),
        language=language,
        verified_at=verified_at,
    )
    return described(db, contact, how)


def change_contact(
    db: Session,
    contact_id: int,
    changes: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    **how: Unpack[How],
) -> dict[str, list[Any]]:
    """Change a contact with a reason; another name or address is not verified any more.

    `was` is what the person saw, as for all master data.
    """
    contact = _standing(db, contact_id)
    told = master.change(db, "contact", contact_id, changes, was=was, **how)
    if contact.verified_at is not None and set(REACHED_BY) & set(told):
        _set_verified(db, contact, how, is_verified=False)
    return told


def verify_contact(db: Session, contact_id: int, **how: Unpack[How]) -> RecallContact:
    """Record that someone reached the contact this way, today. Raises `ContactEnded`."""
    contact = _standing(db, contact_id)
    _set_verified(db, contact, how, is_verified=True)
    return contact


def verified_elsewhere(
    db: Session, contact_id: int, on: datetime, **how: Unpack[How]
) -> RecallContact:
    """Record that another system says someone reached the contact this way on a day.

    Who it was is not known here. The day that it was before stands in the contact's history.
    """
    contact = _standing(db, contact_id)
    before, contact.verified_at, contact.verified_by_id = contact.verified_at, on, None
    db.flush()
    told = {"verified_at": [before and before.isoformat(), on.isoformat()]}
    tell(db, "master_data_changed", "contact", contact.id, told, how)
    return contact


def end_contact(db: Session, contact_id: int, **how: Unpack[How]) -> RecallContact:
    """Record that nobody is reached this way any more; give the `reason`. It stays in history."""
    contact = _standing(db, contact_id)
    if not (how.get("reason") or "").strip():
        raise WhyMissing
    contact.ended_at = how["at"]
    db.flush()
    told = {"ended_at": [None, how["at"].isoformat()]}
    tell(db, "master_data_changed", "contact", contact.id, told, how)
    return contact


def contacts_of(db: Session, party_id: int) -> list[RecallContact]:
    """Return the contacts of a party that are in use, recall contacts first."""
    query = select(RecallContact).where(
        RecallContact.party_id == party_id, RecallContact.ended_at.is_(None)
    )
    return list(db.scalars(query.order_by(RecallContact.role != "recall", RecallContact.id)))


def _standing(db: Session, contact_id: int) -> RecallContact:
    contact = db.get(RecallContact, contact_id, with_for_update=True, populate_existing=True)
    if contact is None:
        raise NothingDescribed(kind="contact", id=contact_id)
    if contact.ended_at is not None:
        raise ContactEnded(name=contact.name)
    return contact


def _set_verified(db: Session, contact: RecallContact, how: How, *, is_verified: bool) -> None:
    before = contact.verified_at
    by = how["by"]
    contact.verified_at = how["at"] if is_verified else None
    contact.verified_by_id = by.id if by and is_verified else None
    db.flush()
    after = contact.verified_at
    told = {
        "verified_at": [before and before.isoformat(), after and after.isoformat()],
    }
    said: How = {**how, "reason": how.get("reason") or VERIFIED[is_verified]}
    tell(db, "master_data_changed", "contact", contact.id, told, said)
