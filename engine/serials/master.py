"""Changing how parties, places, parts and lots are described, with the reason, in the ledger."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Unpack

from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.serials.dictionary import Field, entity
from engine.serials.errors import FieldFixed, NothingDescribed
from engine.serials.events import data_stream
from engine.serials.models import Location, Lot, Part, Party
from engine.serials.record import How

_MODELS: Mapping[str, type[Party | Location | Part | Lot]] = {
    "party": Party,
    "location": Location,
    "part": Part,
    "lot": Lot,
}


def change(
    db: Session, kind: str, id: int, changes: Mapping[str, Any], **how: Unpack[How]
) -> dict[str, list[Any]]:
    """Change fields of a party, location, part or lot; give the `reason`.

    The data dictionary says which may change: one that is fixed once released, or moved only by
    events, raises `FieldFixed`. The ledger keeps what each was and is, which is returned.
    """
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
    ledger.append(
        db,
        how.get("stream") or data_stream(db),
        "master_data_changed",
        {"kind": kind, "id": id, "changes": told, "reason": how.get("reason")},
        by=how["by"],
        at=how["at"],
    )
    return told


def _refuse_fixed(field: Field, *, is_released: bool) -> None:
    if field.changes == "free" or (field.changes == "release" and not is_released):
        return
    raise FieldFixed(field=field.label)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
