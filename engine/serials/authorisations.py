"""Leave to sell a part in a country: described, changed and ended, each with its reason."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Unpack

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from engine.serials import master
from engine.serials.errors import AuthorisationTaken, EndsBeforeItBegins, NothingDescribed
from engine.serials.identifiers import standard
from engine.serials.master import described
from engine.serials.models import MarketAuthorisation
from engine.serials.record import How


def authorise(
    db: Session,
    part_id: int,
    country: str,
    *,
    licence_kind: str,
    licence_no: str,
    holder_id: int,
    agent_id: int | None = None,
    authorised_representative_id: int | None = None,
    importer_id: int | None = None,
    srn: str | None = None,
    registration_no: str | None = None,
    valid_from: date | None = None,
    valid_until: date | None = None,
    **how: Unpack[How],
) -> MarketAuthorisation:
    """Describe an authorisation. Raises `AuthorisationTaken`, `EndsBeforeItBegins`. Flushes."""
    number = standard(licence_no)
    there = select(MarketAuthorisation.id).where(
        MarketAuthorisation.part_id == part_id,
        MarketAuthorisation.country == country,
        MarketAuthorisation.licence_no == number,
    )
    if db.scalar(there) is not None:
        raise AuthorisationTaken(licence=number, country=country)
    _refuse_backwards(valid_from, valid_until)
    row = MarketAuthorisation(
        part_id=part_id,
        country=country,
        licence_kind=licence_kind,
        licence_no=number,
        holder_id=holder_id,
        agent_id=agent_id,
        authorised_representative_id=authorised_representative_id,
        importer_id=importer_id,
        srn=srn,
        registration_no=registration_no,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    return described(db, row, how)


def change_authorisation(
    db: Session, authorisation_id: int, changes: Mapping[str, Any], **how: Unpack[How]
) -> dict[str, list[Any]]:
    """Change who answers for it and how long it is valid; give the `reason`."""
    row = _row(db, authorisation_id)
    _refuse_backwards(
        changes.get("valid_from", row.valid_from), changes.get("valid_until", row.valid_until)
    )
    return master.change(db, "market_authorisation", authorisation_id, changes, **how)


def end_authorisation(
    db: Session, authorisation_id: int, *, valid_until: date, **how: Unpack[How]
) -> dict[str, list[Any]]:
    """End an authorisation on a day; give the `reason`. It stays for what was sold under it."""
    return change_authorisation(db, authorisation_id, {"valid_until": valid_until}, **how)


def authorised(db: Session, part_id: int, country: str, on: date) -> list[MarketAuthorisation]:
    """Return the authorisations of a part that are valid in a country on a day."""
    row = MarketAuthorisation
    return list(
        db.scalars(
            select(row)
            .where(
                row.part_id == part_id,
                row.country == country,
                or_(row.valid_from.is_(None), row.valid_from <= on),
                or_(row.valid_until.is_(None), row.valid_until >= on),
            )
            .order_by(row.id)
        )
    )


def _row(db: Session, authorisation_id: int) -> MarketAuthorisation:
    row = db.get(MarketAuthorisation, authorisation_id)
    if row is None:
        raise NothingDescribed(kind="market_authorisation", id=authorisation_id)
    return row


def _refuse_backwards(valid_from: date | None, valid_until: date | None) -> None:
    if valid_from and valid_until and valid_until < valid_from:
        raise EndsBeforeItBegins(begins=valid_from, ends=valid_until)
