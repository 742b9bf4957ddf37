"""How master data is described, and every change of it: in the ledger, and field by field."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar, Unpack

from sqlalchemy import insert
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.people.person import Person
from engine.serials.dictionary import Field, changeable, describable, entity
from engine.serials.errors import (
    ChangedMeanwhile,
    FieldFixed,
    FieldNotYours,
    NothingDescribed,
    WhyMissing,
)
from engine.serials.events import data_stream
from engine.serials.models import (
    ExternalId,
    FieldChange,
    Location,
    Lot,
    MarketAuthorisation,
    Part,
    Party,
    RecallContact,
    SupplierAgreement,
)
from engine.serials.record import How

Master = Party | Location | Part | Lot | MarketAuthorisation | SupplierAgreement | RecallContact
Described = TypeVar(
    "Described",
    Party,
    Location,
    Part,
    Lot,
    ExternalId,
    MarketAuthorisation,
    SupplierAgreement,
    RecallContact,
)

MODELS: Mapping[str, type[Master]] = {
    "party": Party,
    "location": Location,
    "part": Part,
    "lot": Lot,
    "market_authorisation": MarketAuthorisation,
    "supplier_agreement": SupplierAgreement,
    "contact": RecallContact,
}


def change(
    db: Session,
    kind: str,
    id: int,
    changes: Mapping[str, Any],
    *,
    was: Mapping[str, Any] | None = None,
    **how: Unpack[How],
) -> dict[str, list[Any]]:
    """Change columns of a record of master data; raises `WhyMissing` without a `reason`.

    The data dictionary says which may change, and by whom: one that is fixed once released, or
    moved only by events, raises `FieldFixed`; one of another role `FieldNotYours`. `was` is what
    the person saw: `ChangedMeanwhile` when a colleague was quicker. The ledger and the history of
    each field keep what it was and is, which is returned. A file's rows are its batch's to answer.
    """
    if not (how.get("reason") or "").strip():
        raise WhyMissing
    row = db.get(MODELS[kind], id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NothingDescribed(kind=kind, id=id)

    told: dict[str, list[Any]] = {}
    for name, value in changes.items():
        before = getattr(row, name)
        if before == value:
            continue
        field = entity(kind).keeping(name)
        if was is not None and name in was and was[name] != before:
            raise ChangedMeanwhile(field=field.label)
        if not how.get("in_import"):
            _refuse_others(kind, field, how["by"])
        refuse_fixed(field, is_released=getattr(row, "is_released", False))
        told[name] = [_plain(before), _plain(value)]
        setattr(row, name, value)
    if not told:
        return told

    db.flush()
    tell(db, "master_data_changed", kind, id, told, how)
    return told


def describe(db: Session, kind: str, columns: Mapping[str, Any], **how: Unpack[How]) -> Master:
    """Describe a new record of any kind but a lot, by the columns of its table; flushes.

    Raises `FieldNotYours` for a field of another role.
    """
    said = {name: value for name, value in columns.items() if value is not None}
    mine = {field.kept for field in describable(kind, how["by"])}
    for name in said:
        if how["by"] is not None and name not in mine:
            raise FieldNotYours(field=entity(kind).keeping(name).label)
    if "di" in said:
        said.setdefault("issuer", "gs1")
    row: Any = MODELS[kind](**said)
    new: Master = described(db, row, how)
    return new


def described(db: Session, row: Described, how: How) -> Described:
    """Keep a new row of master data, with all that it says in the ledger; flushes.

    A row of an imported file is told of by its batch, which keeps the file.
    """
    db.add(row)
    db.flush()
    if not how.get("in_import"):
        said = {c.key: getattr(row, c.key) for c in row.__table__.columns if c.key != "id"}
        told = {name: [None, _plain(value)] for name, value in said.items() if value is not None}
        tell(db, "master_data_described", _kind_of(row), row.id, told, how)
    return row


def _kind_of(row: Described) -> str:
    """Return what the dictionary calls a record; its table may be called otherwise."""
    kinds = {model.__tablename__: kind for kind, model in MODELS.items()}
    return kinds.get(row.__tablename__, row.__tablename__)


def refuse_fixed(field: Field, *, is_released: bool) -> None:
    """Raise `FieldFixed` for a field that no hand may change any more."""
    if field.changes == "free" or (field.changes == "release" and not is_released):
        return
    raise FieldFixed(field=field.label)


def tell(
    db: Session, action: str, kind: str, id: int, told: Mapping[str, list[Any]], how: How
) -> None:
    """Keep what was said of a record: in its history, field by field, and in the ledger."""
    by, reason = how["by"], how.get("reason")
    common = {
        "entity": kind,
        "entity_id": id,
        "by_id": by.id if by else None,
        "at": how["at"],
        "reason": reason,
    }
    if action == "master_data_changed":
        rows = [
            {**common, "field": name, "before": before, "after": after}
            for name, (before, after) in told.items()
        ]
    else:
        rows = [{**common, "field": None, "before": None, "after": None}]
    db.execute(insert(FieldChange), rows)
    ledger.append(
        db,
        how.get("stream") or data_stream(db),
        action,
        {"kind": kind, "id": id, "changes": dict(told), "reason": reason},
        by=by,
        at=how["at"],
    )


def _refuse_others(kind: str, field: Field, by: Person | None) -> None:
    """Raise `FieldNotYours` where the dictionary gives the field to other roles."""
    mine = by is None or field in changeable(kind, by)
    if not mine and field.changes in ("free", "release"):
        raise FieldNotYours(field=field.label)


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value
