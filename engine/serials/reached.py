"""Which consignees somebody reached lately by their recall contact: whom a notice would reach."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from engine.serials.models import Party, RecallContact, Shipment

STAYS = timedelta(days=365)


EVER_SENT = Party.id.in_(select(Shipment.consignee_id))
ITS_CONTACT = and_(
    RecallContact.party_id == Party.id,
    RecallContact.role == "recall",
    RecallContact.ended_at.is_(None),
)


@dataclass(frozen=True)
class Reach:
    """One consignee that was ever sent goods, and when its recall contact was last verified."""

    party_id: int
    name: str
    country: str | None
    verified_at: datetime | None
    is_verified: bool  # lately enough


def reaches(db: Session, *, at: datetime) -> list[Reach]:
    """Return every consignee that was ever sent anything, those not reached lately first."""
    last = func.max(RecallContact.verified_at, type_=RecallContact.verified_at.type)
    rows = db.execute(
        select(Party.id, Party.name, Party.country, last)
        .outerjoin(RecallContact, ITS_CONTACT)
        .where(EVER_SENT)
        .group_by(Party.id, Party.name, Party.country)
    )
    found = [
        Reach(id_, name, country, verified, verified is not None and at - verified <= STAYS)
        for id_, name, country, verified in rows
    ]
    return sorted(found, key=lambda one: (one.is_verified, one.name, one.party_id))


def counted(db: Session, *, at: datetime) -> tuple[int, int]:
    """Return how many consignees were reached lately, and how many were ever sent anything."""
    lately = select(RecallContact.id).where(ITS_CONTACT, RecallContact.verified_at >= at - STAYS)
    reached, known = db.execute(
        select(func.count().filter(lately.exists()), func.count())
        .select_from(Party)
        .where(EVER_SENT)
    ).one()
    return reached, known
