"""Whom to reach at a party when something is recalled."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from engine.db import Base, Key, Ref
from engine.serials.models.axes import PartyRef, one_of
from engine.words import N_

CONTACT_ROLES = {
    "recall": N_("Recall contact"),
    "vigilance": N_("Vigilance contact"),
    "quality": N_("Quality"),
    "logistics": N_("Logistics"),
    "management": N_("Management"),
}
CHANNELS = {
    "email": N_("E-mail"),
    "telephone": N_("Telephone"),
    "letter": N_("Letter"),
    "fax": N_("Fax"),
    "portal": N_("Portal"),
}


class RecallContact(Base):
    """One way to reach a person of a party; verified is what someone tried and when.

    Who tried it is not known where a file of another system says so.
    """

    __tablename__ = "recall_contact"
    __table_args__ = (
        one_of("role", CONTACT_ROLES),
        one_of("channel", CHANNELS),
        CheckConstraint("verified_at IS NOT NULL OR verified_by_id IS NULL", name="verified_by"),
        Index("ix_recall_contact_party", "party_id"),
    )

    id: Mapped[Key]
    party_id: Mapped[PartyRef]
    role: Mapped[str]
    name: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str]
    language: Mapped[str]
    verified_at: Mapped[datetime | None]
    verified_by_id: Mapped[Ref | None]
    ended_at: Mapped[datetime | None]
