"""Holds and lots as their pages show them, beyond what the serial store's own pages give."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session, aliased

from engine.cases.pages import HoldLine, Page
from engine.people import PersonAccount
from engine.serials.models import (
    Edge,
    Hold,
    HoldDoor,
    HoldTargetRow,
    Lot,
    LotStock,
    Part,
    Segment,
    Tranche,
    Unit,
)
from engine.serials.models.axes import IN_OUR_HANDS
from engine.serials.register import Held, register

PAGE_SIZE = 50


def standing_holds(
    db: Session, *, case_number: str = "", oldest_first: bool = True, page: int = 1
) -> tuple[list[HoldLine], Page]:
    """Return one page of what is held, place by place."""
    held = register(db, case_number=case_number or None)
    if not oldest_first:
        held.reverse()
    shown = held[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    ids = [one.hold_id for one in shown]
    targets, doors = _targets(db, ids), _doors(db, ids)
    names = _names(db, (one.placed_by_id for one in shown))
    lines = [
        HoldLine(
            id=one.hold_id,
            case_number=one.case_number,
            target=_some(targets.get(one.hold_id, [])),
            target_kind=one.target_kind,
            reason=one.reason,
            basis=one.basis,
            location=_place(one),
            quantity=one.quantity,
            placed_by=names.get(one.placed_by_id or 0),
            placed_at=one.placed_at,
            acknowledged=tuple(doors.get(one.hold_id, [])),
        )
        for one in shown
    ]
    return lines, Page(number=page, size=PAGE_SIZE, total_count=len(held))


def _place(held: Held) -> str:
    return " · ".join(part for part in (held.location, held.party) if part)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def released_holds(
    db: Session, *, case_number: str = "", oldest_first: bool = True, page: int = 1
) -> tuple[list[HoldLine], Page]:
    """Return one page of the holds that were released."""
    wanted: list[ColumnElement[bool]] = [Hold.released_at.is_not(None)]
    if case_number:
        wanted.append(Hold.case_number == case_number)
    order = Hold.id if oldest_first else Hold.id.desc()
    rows = db.scalars(
        select(Hold).where(*wanted).order_by(order).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    ).all()
    targets = _targets(db, [hold.id for hold in rows])
    names = _names(db, (who for hold in rows for who in (hold.placed_by_id, hold.released_by_id)))
    lines = [
        HoldLine(
            id=hold.id,
            case_number=hold.case_number,
            target=_some(targets.get(hold.id, [])),
            target_kind=hold.target_kind,
            reason=hold.reason,
            basis=hold.basis,
            location="",
            quantity=None,
            placed_by=names.get(hold.placed_by_id or 0),
            placed_at=hold.placed_at,
            released_by=names.get(hold.released_by_id or 0),
            released_at=hold.released_at,
        )
        for hold in rows
    ]
    total = db.scalar(select(func.count()).select_from(Hold).where(*wanted)) or 0
    return lines, Page(number=page, size=PAGE_SIZE, total_count=total)


def _names(db: Session, ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {one for one in ids if one is not None}
    rows = db.execute(
        select(PersonAccount.id, PersonAccount.printed_name).where(PersonAccount.id.in_(wanted))
    )
    return {row[0]: row[1] for row in rows}


def actors(db: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """Return the printed names of those who did something, by id."""
    return _names(db, ids)


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


def _targets(db: Session, hold_ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for kind, query in _named_targets().items():
        rows = db.execute(query.where(HoldTargetRow.kind == kind, Hold.id.in_(hold_ids)))
        for hold, name, _ in rows:
            found.setdefault(hold.id, []).append(name)
    return found


def _doors(db: Session, hold_ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for hold_id, door in db.execute(
        select(HoldDoor.hold_id, HoldDoor.door).where(HoldDoor.hold_id.in_(hold_ids))
    ):
        found.setdefault(hold_id, []).append(door)
    return found


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
    placer = aliased(PersonAccount)
    lines = []
    for kind, query in _named_targets().items():
        rows = db.execute(
            query.add_columns(placer.printed_name)
            .outerjoin(placer, placer.id == Hold.placed_by_id)
            .where(
                Hold.case_number == case_number,
                HoldTargetRow.kind == kind,
                HoldTargetRow.release_event_id.is_(None),
                Hold.released_at.is_(None),
                _is_in_hand(kind),
            )
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


def _is_in_hand(kind: str) -> ColumnElement[bool]:
    hands = (*IN_OUR_HANDS, "at_third_party")
    if kind == "unit":
        return Unit.custody.in_(hands)
    if kind == "segment":
        return true()
    of = LotStock.lot_id == Lot.id if kind == "lot" else LotStock.tranche_id == Tranche.id
    return (
        select(LotStock.id).where(of, LotStock.quantity > 0, LotStock.custody.in_(hands)).exists()
    )


@dataclass(frozen=True)
class WentInto:
    """One lot or run that a lot went into."""

    kind: str  # lot | segment
    id: int
    name: str
    part: str


def went_into(db: Session, lot_id: int, *, most: int = 200) -> list[WentInto]:
    """Return what a lot directly went into."""
    of_lots = db.execute(
        select(Lot.id, Lot.lot_no, Part.part_no)
        .join(Edge, Edge.out == Lot.id)
        .join(Part, Part.id == Lot.part_id)
        .where(Edge.inp == lot_id)
        .order_by(Lot.lot_no)
        .limit(most)
    )
    of_runs = db.execute(
        select(Segment.id, Segment.work_order, Part.part_no)
        .join(Edge, Edge.out == Segment.id)
        .join(Part, Part.id == Segment.part_id)
        .where(Edge.inp == lot_id)
        .order_by(Segment.from_at)
        .limit(most)
    )
    return [WentInto("lot", *row) for row in of_lots] + [
        WentInto("segment", row[0], row[1] or str(row[0]), row[2]) for row in of_runs
    ]


def units_of_lot(db: Session, lot_id: int, *, most: int = 100) -> list[tuple[int, str]]:
    """Return the first units of a lot by serial."""
    rows = db.execute(
        select(Unit.id, Unit.serial).where(Unit.lot_id == lot_id).order_by(Unit.serial).limit(most)
    )
    return [(row.id, row.serial) for row in rows]
