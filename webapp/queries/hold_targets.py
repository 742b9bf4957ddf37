"""What holds name: units, lots, parts of lots and runs; and the tags that hang on them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine.cases.pages import Page
from engine.people import PersonAccount
from engine.serials.models import Hold, HoldTargetRow, Lot, LotStock, Part, Segment, Tranche, Unit
from engine.serials.models.axes import IN_OUR_HANDS
from engine.serials.sets import id_set

NAMED = 3  # how many of a hold's targets are named beside how many there are
TAGS = 100  # to a page
ROW = HoldTargetRow


def _named_targets() -> dict[str, Select[Any]]:
    """Return, for each kind of target, the query of a hold with its target's name and part."""
    row = HoldTargetRow
    start = select(Hold).join(row, row.hold_id == Hold.id)
    return {
        "unit": start.add_columns(Unit.serial, Part)
        .join(Unit, Unit.id == row.target_id)
        .join(Part, Part.id == Unit.part_id),
        "lot": start.add_columns(Lot.lot_no, Part)
        .join(Lot, Lot.id == row.target_id)
        .join(Part, Part.id == Lot.part_id),
        "stock": start.add_columns(Lot.lot_no, Part)
        .join(Tranche, Tranche.id == row.target_id)
        .join(Lot, Lot.id == Tranche.lot_id)
        .join(Part, Part.id == Lot.part_id),
        "segment": start.add_columns(func.coalesce(Segment.work_order, ""), Part)
        .join(Segment, Segment.id == row.target_id)
        .join(Part, Part.id == Segment.part_id),
    }


@dataclass(frozen=True)
class Named:
    """The first names of what a hold is on, and how many there are."""

    names: tuple[str, ...] = ()
    count: int = 0


def targets_of(db: Session, hold_ids: Iterable[int], *, standing: bool) -> dict[int, Named]:
    """Return what each hold is on: of thousands only the first are read by name."""
    wanted = [ROW.hold_id.in_(id_set(db, hold_ids))]
    if standing:
        wanted.append(ROW.release_event_id.is_(None))
    place = func.row_number().over(partition_by=ROW.hold_id, order_by=(ROW.kind, ROW.target_id))
    count = func.count().over(partition_by=ROW.hold_id)
    first = (
        select(ROW.hold_id, ROW.kind, ROW.target_id, place.label("place"), count.label("count"))
        .where(*wanted)
        .subquery()
    )
    names: dict[int, list[str]] = {}
    counts: dict[int, int] = {}
    for kind, query in _named_targets().items():
        rows = db.execute(
            query.add_columns(first.c.count)
            .join(
                first,
                and_(
                    first.c.hold_id == ROW.hold_id,
                    first.c.kind == ROW.kind,
                    first.c.target_id == ROW.target_id,
                ),
            )
            .where(ROW.kind == kind, first.c.place <= NAMED)
            .order_by(first.c.hold_id, first.c.place)
        )
        for hold, name, _, count in rows:
            names.setdefault(hold.id, []).append(name)
            counts[hold.id] = count
    return {key: Named(tuple(found), counts[key]) for key, found in names.items()}


@dataclass(frozen=True)
class TagLine:
    """One hold tag to print: what hangs on the goods."""

    case_number: str
    name: str
    kind: str
    part: str
    part_name: str
    reason: str
    placed_by: str | None
    placed_at: datetime


def tag_lines(db: Session, case_number: str) -> list[TagLine]:
    """Return a tag for each unit, lot and run that a case holds in our hands.

    On what has left or was built in nobody can hang one.
    """
    return _tags(db, [Hold.case_number == case_number])


def tags_of_case(db: Session, case_number: str, page: int) -> tuple[list[TagLine], Page]:
    """Return one page of the tags of a case."""
    return _page(db, [Hold.case_number == case_number], page)


def tags_of_holds(db: Session, hold_ids: Iterable[int], page: int) -> tuple[list[TagLine], Page]:
    """Return one page of the tags of some holds."""
    return _page(db, [Hold.id.in_(id_set(db, hold_ids))], page)


def _page(db: Session, wanted: list[ColumnElement[bool]], page: int) -> tuple[list[TagLine], Page]:
    on_hold = (
        select(ROW.kind, ROW.target_id, ROW.hold_id)
        .join(Hold, Hold.id == ROW.hold_id)
        .where(*wanted, ROW.release_event_id.is_(None), Hold.released_at.is_(None), _is_in_hand())
    )
    total = db.scalar(select(func.count()).select_from(on_hold.subquery())) or 0
    shown = (
        on_hold.order_by(ROW.kind, ROW.hold_id, ROW.target_id)
        .limit(TAGS)
        .offset((page - 1) * TAGS)
        .subquery()
    )
    here = select(shown.c.target_id).where(
        shown.c.kind == ROW.kind, shown.c.target_id == ROW.target_id, shown.c.hold_id == ROW.hold_id
    )
    return _tags(db, [here.exists()]), Page(number=page, size=TAGS, total_count=total)


def _tags(db: Session, wanted: list[ColumnElement[bool]]) -> list[TagLine]:
    placer = aliased(PersonAccount)
    lines = []
    for kind, query in _named_targets().items():
        rows = db.execute(
            query.add_columns(placer.printed_name)
            .outerjoin(placer, placer.id == Hold.placed_by_id)
            .where(
                *wanted,
                ROW.kind == kind,
                ROW.release_event_id.is_(None),
                Hold.released_at.is_(None),
                _is_in_hand(),
            )
            .order_by(ROW.hold_id, ROW.target_id)
        )
        lines += [
            TagLine(
                case_number=hold.case_number,
                name=name,
                kind=kind,
                part=part.part_no,
                part_name=part.name,
                reason=hold.reason,
                placed_by=placed_by,
                placed_at=hold.placed_at,
            )
            for hold, name, part, placed_by in rows
        ]
    return lines


def _is_in_hand() -> ColumnElement[bool]:
    # by other names: the queries that ask this read the same tables
    unit, stock, hands = aliased(Unit), aliased(LotStock), (*IN_OUR_HANDS, "at_third_party")
    lies = select(stock.id).where(stock.quantity > 0, stock.custody.in_(hands))
    return or_(
        and_(
            ROW.kind == "unit",
            select(unit.id).where(unit.id == ROW.target_id, unit.custody.in_(hands)).exists(),
        ),
        and_(ROW.kind == "lot", lies.where(stock.lot_id == ROW.target_id).exists()),
        and_(ROW.kind == "stock", lies.where(stock.tranche_id == ROW.target_id).exists()),
        ROW.kind == "segment",
    )
