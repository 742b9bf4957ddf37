"""Master data as its pages show it: lists, one record with the history of its fields, its form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.pages import Page
from engine.db import Base
from engine.errors import EngineError
from engine.people.person import Person
from engine.serials.asking import Answered, Asked, Filter, answer
from engine.serials.dictionary import (
    Entity,
    Field,
    changeable,
    describable,
    entity,
    seen,
)
from engine.serials.dictionary.reading import written
from engine.serials.errors import FieldFixed, NothingDescribed
from engine.serials.master import MODELS, refuse_fixed
from engine.serials.models import FieldChange
from webapp.queries.stock import actors

KINDS = (
    "party", "contact", "location", "part", "lot", "supplier_agreement", "market_authorisation",
)  # fmt: skip
NOT_BY_HAND = frozenset({"lot"})  # lots come to be with what is received or built
LISTED: Mapping[str, tuple[str, ...]] = {
    "party": ("code", "name", "kind", "country", "gln"),
    "location": ("code", "name", "kind", "party", "party.name"),
    "part": ("part_no", "name", "kind", "control", "manufacturer", "di"),
    "lot": ("lot_no", "part_no", "part_no.name", "manufacturer", "expires_on", "is_released"),
    "supplier_agreement": (
        "part_no", "part_no.name", "supplier", "price", "currency", "valid_from", "valid_until",
    ),
    "contact": ("name", "party", "role", "channel", "address", "language", "verified_at"),
    "market_authorisation": (
        "part_no", "country", "licence_kind", "licence_no", "holder", "valid_until",
    ),
}  # fmt: skip
# what else is described of a record: the entity, and its field that refers to it
RELATED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "party": (("contact", "party"), ("location", "party"), ("part", "manufacturer"),
              ("supplier_agreement", "supplier"), ("market_authorisation", "holder")),
    "part": (("supplier_agreement", "part_no"), ("market_authorisation", "part_no"),
             ("lot", "part_no")),
}  # fmt: skip
# of those, what is shown on the other record's page
STANDING: Mapping[str, tuple[Filter, ...]] = {"contact": (Filter("ended_at", "empty"),)}
CHANGES_SHOWN = 20
RELATED_SHOWN = 10
OPTIONS = 300  # of a list to choose a reference from


@dataclass(frozen=True)
class Shown:
    """One field of a record as the page shows it; `at` is the record it refers to."""

    field: Field
    value: Any
    at: tuple[str, int] | None = None


@dataclass(frozen=True)
class Changed:
    """One change in the history of a record; no field: it was described then."""

    field: Field | None
    before: str
    after: str
    by: str | None
    at: datetime
    reason: str | None


@dataclass(frozen=True)
class Related:
    """Records that refer to this one."""

    what: Entity
    field: str
    found: Answered


@dataclass(frozen=True)
class RecordPage:
    """One record of master data."""

    what: Entity
    id: int
    name: str
    shown: tuple[Shown, ...]
    changes: tuple[Changed, ...]
    changes_page: Page
    related: tuple[Related, ...]
    may_change: bool
    is_ended: bool


def asked_list(kind: str, person: Person, *, text: str, kind_of: str) -> Asked:
    """Return what a list asks for: the columns this person sees, narrowed by text and kind."""
    visible = {field.name for field in seen(kind, person)}
    columns = tuple(path for path in LISTED[kind] if path.partition(".")[0] in visible)
    filters = (Filter("kind", "is", (kind_of,)),) if kind_of else ()
    return Asked(kind, columns, filters, search=text.strip())


def record_page(db: Session, kind: str, id: int, *, person: Person, page: int) -> RecordPage:
    """Return one record as this person sees it; raises `NothingDescribed`."""
    row, what = row_of(db, kind, id), entity(kind)
    texts = written(db, what, row)
    shown = tuple(
        Shown(field, _shown_value(db, field, row, texts), _reference(field, row))
        for field in seen(kind, person)
        if field.kept
    )
    changes, total = _changes(db, kind, id, person, page)
    related = [_related(db, other, field, id, person) for other, field in RELATED.get(kind, ())]
    return RecordPage(
        what,
        id,
        name_of(what, texts),
        shown,
        changes,
        Page(number=page, size=CHANGES_SHOWN, total_count=total),
        tuple(related),
        bool(changeable(kind, person)),
        getattr(row, "ended_at", None) is not None,
    )


def row_of(db: Session, kind: str, id: int) -> Any:
    """Return a record of master data; raises `NothingDescribed`."""
    row = db.get(MODELS[kind], id)
    if row is None:
        raise NothingDescribed
    return row


def name_of(what: Entity, texts: Mapping[str, str]) -> str:
    """Return what a record is called: by the field that names it, or by what makes it unique."""
    if what.named_by:
        return texts[what.named_by]
    unique = [field.name for field in what.fields if field.unique]
    return " · ".join(filter(None, (texts[name] for name in unique)))


def _shown_value(db: Session, field: Field, row: Any, texts: Mapping[str, str]) -> Any:
    value = getattr(row, field.kept)
    if field.type == "person":
        return actors(db, [value]).get(value)
    return texts[field.name] if field.refers_to else value


def _reference(field: Field, row: Any) -> tuple[str, int] | None:
    value = getattr(row, field.kept)
    return (field.refers_to, value) if field.refers_to in KINDS and value is not None else None


def _changes(
    db: Session, kind: str, id: int, person: Person, page: int
) -> tuple[tuple[Changed, ...], int]:
    visible = {field.kept: field for field in seen(kind, person) if field.kept}
    of_this = (FieldChange.entity == kind, FieldChange.entity_id == id)
    mine = FieldChange.field.is_(None) | FieldChange.field.in_(visible)
    total = db.scalar(select(func.count()).where(*of_this, mine).select_from(FieldChange)) or 0
    rows = db.scalars(
        select(FieldChange)
        .where(*of_this, mine)
        .order_by(FieldChange.id.desc())
        .offset((page - 1) * CHANGES_SHOWN)
        .limit(CHANGES_SHOWN)
    ).all()
    people = actors(db, (row.by_id for row in rows))
    return tuple(
        Changed(
            visible.get(row.field) if row.field else None,
            _was(db, visible.get(row.field or ""), row.before),
            _was(db, visible.get(row.field or ""), row.after),
            people.get(row.by_id or 0),
            row.at,
            row.reason,
        )
        for row in rows
    ), total


def _was(db: Session, field: Field | None, value: Any) -> str:
    if field is None or value is None:
        return ""
    if field.refers_to:
        what = entity(field.refers_to)
        table = Base.metadata.tables[what.table]
        named_by = table.c[what.field(what.named_by).kept]
        return str(db.scalar(select(named_by).where(table.c.id == value)) or value)
    return str(value)


def _related(db: Session, other: str, field: str, id: int, person: Person) -> Related:
    asked = asked_list(other, person, text="", kind_of="")
    columns = tuple(path for path in asked.columns if not path.startswith(field))
    found = answer(
        db,
        Asked(other, columns, STANDING.get(other, ()), at_record=(field, id)),
        person=person,
        size=RELATED_SHOWN,
    )
    return Related(entity(other), field, found)


# --- forms -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Input:
    """One field of a form: what stands in it, its choices, or why it cannot change here."""

    field: Field
    text: str
    was: str
    options: tuple[tuple[str, str], ...] = ()
    fixed: EngineError | None = None
    belongs_to: tuple[str, ...] = ()


def inputs(
    db: Session,
    kind: str,
    *,
    row: Any | None,
    entered: Mapping[str, str],
    person: Person,
) -> list[Input]:
    """Return the fields of a form: to describe a new record, or to change one."""
    what = entity(kind)
    texts = written(db, what, row) if row is not None else {}
    mine = (describable if row is None else changeable)(kind, person)
    found = []
    for field in seen(kind, person):
        if not field.kept or (row is None and field not in mine):
            continue
        was = texts.get(field.name, "")
        fixed = _why_fixed(field, row)
        found.append(
            Input(
                field,
                entered.get(field.name, was) if field in mine and fixed is None else was,
                was,
                _options(db, field) if field in mine else (),
                fixed,
                () if field in mine or fixed else field.changed_by,
            )
        )
    return found


def fields_to_change(kind: str, row: Any, person: Person) -> list[Field]:
    """Return the fields that this person may change on this record now."""
    return [field for field in changeable(kind, person) if _why_fixed(field, row) is None]


def _why_fixed(field: Field, row: Any | None) -> EngineError | None:
    if row is None:
        return None
    try:
        refuse_fixed(field, is_released=getattr(row, "is_released", False))
    except FieldFixed as fixed:
        return fixed
    return None


def _options(db: Session, field: Field) -> tuple[tuple[str, str], ...]:
    """Return what a reference can be chosen from, where the list is short enough to read."""
    if field.refers_to not in ("party", "location", "part"):
        return ()
    what = entity(field.refers_to)
    table = Base.metadata.tables[what.table]
    named_by = table.c[what.field(what.named_by).kept]
    rows: Sequence[Any] = db.execute(
        select(named_by, table.c.name).order_by(named_by).limit(OPTIONS)
    ).all()
    return tuple((str(code), str(name)) for code, name in rows)
