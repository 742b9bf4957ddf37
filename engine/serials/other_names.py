"""What other systems call our records: unique in each, found by any, kept with who said so."""

from typing import Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.errors import NameTaken, NothingDescribed, WhyMissing
from engine.serials.identifiers import standard
from engine.serials.master import described, tell
from engine.serials.models import ExternalId
from engine.serials.record import How

SYSTEMS = ("erp", "mes", "wms", "plm")  # those everyone has; a supplier's own is "supplier:CODE"


def name_also(
    db: Session, entity: str, entity_id: int, *, named_by: str, value: str, **how: Unpack[How]
) -> ExternalId:
    """Keep the name another system gives to one of our records; the same twice is once. Flushes.

    Raises `NameTaken` when that system calls another of our records so.
    """
    name = standard(value)
    there = db.scalar(
        select(ExternalId).where(
            ExternalId.source == named_by, ExternalId.entity == entity, ExternalId.value == name
        )
    )
    if there is not None and there.entity_id == entity_id:
        return there
    if there is not None:
        raise NameTaken(source=named_by, value=name)
    row = ExternalId(source=named_by, entity=entity, entity_id=entity_id, value=name)
    return described(db, row, how)


def unname(db: Session, external_id: int, **how: Unpack[How]) -> None:
    """Take back a name that was kept wrongly; give the `reason`. The history keeps both."""
    row = db.get(ExternalId, external_id, with_for_update=True)
    if row is None:
        raise NothingDescribed(kind="external_id", id=external_id)
    if not (how.get("reason") or "").strip():
        raise WhyMissing
    told = {"value": [f"{row.source}: {row.value}", None]}
    db.delete(row)
    db.flush()
    tell(db, "master_data_changed", "external_id", external_id, told, how)


def names_of(db: Session, entity: str, entity_id: int) -> list[ExternalId]:
    """Return every name that other systems give to a record, system by system."""
    return list(
        db.scalars(
            select(ExternalId)
            .where(ExternalId.entity == entity, ExternalId.entity_id == entity_id)
            .order_by(ExternalId.source, ExternalId.value)
        )
    )
