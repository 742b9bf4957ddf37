"""Comparing what we say with what another system says, set by set, whatever the size.

Both sides are laid beside each other as lines under one key (part, number, place); what differs is
one statement, and merging it with the differences known before is another.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Numeric,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.db import SCALE, Database
from engine.serials.active import holdings_of_units
from engine.serials.exchange import as_built
from engine.serials.exchange.tables import quantity_of, rows_of
from engine.serials.holds.reached import may_be_held
from engine.serials.identifiers import standard
from engine.serials.intake.bulk import in_parts
from engine.serials.models import (
    ExternalId,
    Location,
    Lot,
    LotStock,
    Part,
    ReconciliationDifference,
    ReconciliationLine,
    ReconciliationRun,
    ReconciliationSource,
    Unit,
)
from engine.serials.models.axes import IN_OUR_HANDS, USABILITIES
from engine.serials.sets import id_set, is_sqlite

HERE, THERE = "here", "there"
AT_ONCE = 10_000
LINE = ReconciliationLine
DIFF = ReconciliationDifference
KEY = ("part_no", "number", "location", "component")
COUNTED = {
    "missing_here": "missing_here_count",
    "missing_there": "missing_there_count",
    "quantity": "quantity_count",
    "status": "status_count",
    "id": "id_count",
    "component": "component_count",
}


def lay_theirs(database: Database, source: ReconciliationSource, content: bytes) -> int:
    """Lay the lines of a file, some in each transaction; return how many."""
    with database.begin() as db:
        db.execute(delete(LINE).where(LINE.source_id == source.id))
    count = 0
    for part in in_parts(_lines(source, content), AT_ONCE):
        with database.begin() as db:
            db.execute(insert(LINE), part)
        count += len(part)
    return count


def _lines(source: ReconciliationSource, content: bytes) -> Iterator[dict[str, Any]]:
    side = as_built.RAW if source.compares == "as_built" else THERE
    words = {theirs.casefold(): ours for theirs, ours in source.words.items()}
    for number, row in rows_of(content, source.columns):
        status = row.get("status", "")
        yield {
            "source_id": source.id,
            "side": side,
            "line": number,
            "part_no": standard(row.get("part_no", "")),
            "number": standard(row.get("number", "")),
            "location": standard(row.get("location", "")),
            "quantity": quantity_of(row.get("quantity", "")),
            "status": words.get(status.casefold(), status) or None,
            "external_id": standard(row.get("external_id", "")) or None,
            "component": standard(row.get("component", "")),
            "component_no": standard(row.get("component_no", "")) or "–",
        }


def compare(
    db: Session, source: ReconciliationSource, run: ReconciliationRun, *, at: datetime
) -> ReconciliationRun:
    """Compare both sides and keep what differs with the run; flushes.

    What differed before and does no more is over by itself; what was resolved and comes back is
    open again.
    """
    if source.compares == "as_built":
        as_built.lay_both(db, source, here=HERE, there=THERE)
    else:
        _lay_ours(db, source)
    differing = _differing(db, source).subquery("differing")
    counts = {row[0]: row[1] for row in db.execute(
        select(differing.c.kind, func.count()).group_by(differing.c.kind)
    )}  # fmt: skip
    known = {row[0]: row[1] for row in db.execute(
        select(DIFF.state, func.count())
        .join(differing, _same(differing))
        .where(DIFF.source_id == source.id)
        .group_by(DIFF.state)
    )}  # fmt: skip
    for kind, name in COUNTED.items():
        setattr(run, name, counts.get(kind, 0))
    run.matched_count = _matched(db, source, counts)
    run.again_count = known.get("open", 0)
    run.reopened_count = known.get("resolved", 0) + known.get("gone", 0)
    still = select(func.count()).where(DIFF.source_id == source.id, DIFF.state == "open")
    run.gone_count = (db.scalar(still) or 0) - run.again_count
    run.new_count = sum(counts.values()) - run.again_count - run.reopened_count
    db.add(run)
    db.flush()
    _merge(db, source, run, differing)
    over = update(DIFF).where(
        DIFF.source_id == source.id, DIFF.state == "open", DIFF.last_run_id != run.id
    )
    db.execute(over.values(state="gone"))
    return run


def _same(differing: Subquery) -> ColumnElement[bool]:
    return and_(
        DIFF.kind == differing.c.kind,
        *(getattr(DIFF, name) == differing.c[name] for name in KEY),
    )


def _lay_ours(db: Session, source: ReconciliationSource) -> None:
    db.execute(delete(LINE).where(LINE.source_id == source.id, LINE.side == HERE))
    ours = {"stock": _stock, "status": _statuses, "ids": _ids}[source.compares](db, source)
    rows = ours.subquery("ours")
    names = ["source_id", "side", "line", "component", *(column.name for column in rows.c)]
    numbered = select(
        literal(source.id), literal(HERE), func.row_number().over(), literal(""), *rows.c
    ).where(true())
    db.execute(insert(LINE).from_select(names, numbered))


def _stock(db: Session, source: ReconciliationSource) -> Select[*tuple[Any, ...]]:
    by_place = bool(source.columns.get("location"))
    place = Location.code if by_place else literal("")
    rows = (
        select(
            Part.part_no,
            Lot.lot_no.label("number"),
            place.label("location"),
            func.sum(LotStock.quantity).label("quantity"),
        )
        .join(Lot, Lot.id == LotStock.lot_id)
        .join(Part, Part.id == Lot.part_id)
        .join(Location, Location.id == LotStock.location_id)
        .where(LotStock.custody.in_(IN_OUR_HANDS), *_at_site(source))
        .group_by(Part.part_no, Lot.lot_no, *([Location.code] if by_place else []))
    )
    return rows.having(func.sum(LotStock.quantity) != 0)


def _statuses(db: Session, source: ReconciliationSource) -> Select[*tuple[Any, ...]]:
    held = id_set(db, _held(db))
    said = case(
        (Unit.id.in_(held), "held"), *((Unit.usability == word, word) for word in USABILITIES)
    )
    return (
        select(
            Part.part_no,
            Unit.serial.label("number"),
            literal("").label("location"),
            said.label("status"),
        )
        .join(Part, Part.id == Unit.part_id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .where(Unit.custody.in_(IN_OUR_HANDS), *_at_site(source))
    )


def _held(db: Session) -> list[int]:
    """Return every unit in our hands that the gate would stop for a hold."""
    near = select(Unit.id).where(Unit.id.in_(may_be_held()), Unit.custody.in_(IN_OUR_HANDS))
    some = db.scalars(near).all()
    held: list[int] = []
    for start in range(0, len(some), 2_000):
        found = holdings_of_units(db, some[start : start + 2_000])
        held += [unit_id for unit_id, bearing in found.items() if bearing]
    return held


def _ids(db: Session, source: ReconciliationSource) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Part.part_no,
            Unit.serial.label("number"),
            literal("").label("location"),
            ExternalId.value.label("external_id"),
        )
        .join(Unit, and_(ExternalId.entity == "unit", ExternalId.entity_id == Unit.id))
        .join(Part, Part.id == Unit.part_id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .where(ExternalId.source == source.system, *_at_site(source))
    )


def _at_site(source: ReconciliationSource) -> list[ColumnElement[bool]]:
    return [] if source.site_id is None else [Location.party_id == source.site_id]


# --- what differs ----------------------------------------------------------------------------


def _side(source: ReconciliationSource, side: str) -> Subquery:
    """Return one side with one row for each key: a lot on two lines of a file is their sum."""
    keys = [getattr(LINE, name) for name in KEY]
    rows = select(
        *keys,
        func.sum(LINE.quantity, type_=LINE.quantity.type).label("quantity"),
        func.min(LINE.status).label("status"),
        func.min(LINE.external_id).label("external_id"),
        func.min(LINE.component_no).label("component_no"),
    ).where(LINE.source_id == source.id, LINE.side == side)
    return rows.group_by(*keys).subquery(side)


def _differing(db: Session, source: ReconciliationSource) -> Select[Any]:
    here, there = _side(source, HERE), _side(source, THERE)
    same = and_(*(here.c[name] == there.c[name] for name in KEY))
    what = {
        "stock": ("quantity", "quantity"),
        "status": ("status", "status"),
        "ids": ("external_id", "id"),
        "as_built": ("component_no", "component"),
    }
    column, kind = what[source.compares]

    def said(side: Subquery) -> ColumnElement[Any]:
        return _plain(db, side.c[column]) if column == "quantity" else side.c[column]

    absent: ColumnElement[Any] = cast(null(), String)
    missing_here = (
        select(literal("missing_here").label("kind"), *(there.c[n] for n in KEY),
               absent.label("here"), said(there).label("there"))
        .select_from(there.outerjoin(here, same))
        .where(here.c.number.is_(None))
    )  # fmt: skip
    if source.compares == "stock":  # a lot of which they have nothing is no lot they have
        missing_here = missing_here.where(func.coalesce(there.c.quantity, 1) != 0)
    missing_there = (
        select(literal("missing_there"), *(here.c[n] for n in KEY), said(here), absent)
        .select_from(here.outerjoin(there, same))
        .where(there.c.number.is_(None))
    )
    unlike = or_(
        here.c[column] != there.c[column], here.c[column].is_(None) != there.c[column].is_(None)
    )
    differs = (
        select(literal(kind), *(here.c[n] for n in KEY), said(here), said(there))
        .select_from(here.join(there, same))
        .where(unlike)
    )
    rows = union_all(missing_here, missing_there, differs).subquery("all_of_it")
    return select(rows)


def _plain(db: Session, quantity: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a quantity as people write it: it is kept in millionths."""
    if is_sqlite(db):
        return func.printf("%.10g", cast(quantity, Numeric) * 1.0 / literal(SCALE, Numeric))
    whole = cast(quantity, Numeric) / literal(SCALE, Numeric)
    return cast(func.trim_scale(whole), String)


def _matched(db: Session, source: ReconciliationSource, counts: dict[str, int]) -> int:
    here = _side(source, HERE)
    total = db.scalar(select(func.count()).select_from(here)) or 0
    return total - sum(n for kind, n in counts.items() if kind != "missing_here")


def _merge(
    db: Session, source: ReconciliationSource, run: ReconciliationRun, differing: Subquery
) -> None:
    upsert = sqlite.insert if is_sqlite(db) else postgresql.insert
    names = ["kind", *KEY, "here", "there"]
    rows = select(
        literal(source.id), *(differing.c[name] for name in names),
        literal("open"), literal(run.id), literal(run.id), literal(1), literal(0),
    ).where(true())  # fmt: skip
    statement = upsert(DIFF).from_select(
        ["source_id", *names, "state", "first_run_id", "last_run_id", "seen_count",
         "reopened_count"],
        rows,
    )  # fmt: skip
    again = statement.excluded
    table = DIFF.__table__.c
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["source_id", "kind", *KEY],
            set_={
                "here": again.here,
                "there": again.there,
                "last_run_id": run.id,
                "seen_count": table.seen_count + 1,
                "reopened_count": table.reopened_count + case((table.state == "open", 0), else_=1),
                "state": "open",
                "resolution": None,
                "resolved_at": None,
                "resolved_by_id": None,
            },
        )
    )


def differences_sum(run: ReconciliationRun) -> int:
    """Return how many differences a run found."""
    return sum(int(getattr(run, name)) for name in COUNTED.values())
