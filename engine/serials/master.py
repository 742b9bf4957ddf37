"""How parties, places, parts and lots are described, and every change of it, in the ledger."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar, Unpack

from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.serials.dictionary import Field, entity
from engine.serials.errors import FieldFixed, NothingDescribed, WhyMissing
from engine.serials.events import data_stream
from engine.serials.models import ExternalId, Location, Lot, Part, Party
from engine.serials.record import How

Described = TypeVar("Described", Party, Location, Part, Lot, ExternalId)

_MODELS: Mapping[str, type[Party | Location | Part | Lot]] = {
    "party": Party,
    "location": Location,
    "part": Part,
    "lot": Lot,
}


def change(
    db: Session, kind: str, id: int, changes: Mapping[str, Any], **how: Unpack[How]
) -> dict[str, list[Any]]:
    """Change fields of a party, location, part or lot; raises `WhyMissing` without a `reason`.

    The data dictionary says which may change: one that is fixed once released, or moved only by
    events, raises `FieldFixed`. The ledger keeps what each was and is, which is returned.
    """
    if not (how.get("reason") or "").strip():
        raise WhyMissing
    row = db.get(_MODELS[kind], id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NothingDescribed(kind=kind, id=id)

    told: dict[str, list[Any]] = {}
    for name, value in changes.items():
        before = getattr(row, name)
        if before == value:
            continue
        _refuse_fixed(entity(kind).field(name), is_released=getattr(row, "is_released", False))
        told[name] = [_plain(before), _plain(value)]
        setattr(row, name, value)
    if not told:
        return told

    db.flush()
    _tell(db, "master_data_changed", kind, id, told, how)
    return told


def described(db: Session, row: Described, how: How) -> Described:
    """Keep a new row of master data, with all that it says in the ledger; flushes.

    A row of an imported file is told of by its batch, which keeps the file.
    """
    db.add(row)
    db.flush()
    if not how.get("in_import"):
        said = {c.key: getattr(row, c.key) for c in row.__table__.columns if c.key != "id"}
        told = {name: [None, _plain(value)] for name, value in said.items() if value is not None}
        _tell(db, "master_data_described", row.__tablename__, row.id, told, how)
    return row


def _tell(
    db: Session, action: str, kind: str, id: int, told: Mapping[str, list[Any]], how: How
) -> None:
    ledger.append(
        db,
        how.get("stream") or data_stream(db),
        action,
        {"kind": kind, "id": id, "changes": dict(told), "reason": how.get("reason")},
        by=how["by"],
        at=how["at"],
    )


def _refuse_fixed(field: Field, *, is_released: bool) -> None:
    if field.changes == "free" or (field.changes == "release" and not is_released):
        return
    raise FieldFixed(field=field.label)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
