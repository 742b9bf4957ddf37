"""Lots as their pages show them, beyond what the serial store's own pages give; and who acted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from engine.cases.models import Answer, Line, LinePart, Posting
from engine.evidence.signatures import Signature
from engine.people import PersonAccount
from engine.serials.active import Holding
from engine.serials.listing import count_some, made_of
from engine.serials.models import (
    IN_OUR_HANDS,
    Edge,
    HoldExemption,
    HoldTargetRow,
    Location,
    Lot,
    Part,
    Party,
    Segment,
    Unit,
)
from engine.serials.queries import LotPage, Moment
from engine.serials.sets import id_set

HANDS = (*IN_OUR_HANDS, "at_third_party")  # whose hold somebody here answers for
NO_MORE = ("consumed", "never_existed")  # no piece of the lot any more
ZERO = Decimal(0)
RELEASING = "authorise_release"


def actors(db: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """Return the printed names of those who did something, by id."""
    wanted = {one for one in ids if one is not None}
    rows = db.execute(
        select(PersonAccount.id, PersonAccount.printed_name).where(PersonAccount.id.in_(wanted))
    )
    return {row[0]: row[1] for row in rows}


def releasers(db: Session, timeline: Iterable[Moment]) -> dict[int, str]:
    """Return who signed the release that an event tells of, by the event; some are not signed.

    The event is recorded by who took the tags off; the line it ended for knows who released.
    """
    events = [one.event_id for one in timeline if one.type == "released"]
    if not events:
        return {}
    same_part = or_(LinePart.unit_id == Posting.unit_id, LinePart.lot_id == Posting.lot_id)
    rows = db.execute(
        select(Posting.event_id, Posting.evidence, Line.number, Signature.printed_name)
        .join(LinePart, same_part)
        .join(
            Line,
            (Line.id == LinePart.line_id)
            & (Line.case_id == Posting.case_id)
            & (Line.done_at == Posting.at),
        )
        .join(
            Answer,
            (Answer.instance_id == Line.instance_id) & (Answer.element_id == RELEASING),
        )
        .join(Signature, Signature.id == Answer.signature_id)
        .where(Posting.event_id.in_(events), Signature.meaning == "release")
        .order_by(Answer.id)
    )
    return {
        event_id: name
        for event_id, evidence, number, name in rows
        if event_id is not None
        and f" line {number}:" in evidence  # two lines of a lot may end in one moment
    }


def place_name(db: Session, location_id: int) -> str:
    """Return the name of a place and whose it is; empty where there is none."""
    found = db.execute(
        select(Location.name, Party.name)
        .join(Party, Party.id == Location.party_id)
        .where(Location.id == location_id)
    ).one_or_none()
    return " · ".join(found) if found else ""


INTO = 50  # lots and runs to a page


@dataclass(frozen=True)
class WentInto:
    """One lot or run that a lot went into."""

    kind: str  # lot | segment
    id: int
    name: str
    part: str
    unit_count: int = 0  # of a run


@dataclass(frozen=True)
class Into:
    """One page of what a lot went into, the newest first, and what follows it."""

    rows: tuple[WentInto, ...]
    count: int  # of lots and runs in all
    unit_count: int  # of units made in those runs, or given the lot at rework; see COUNTED
    after: int | None = None


def went_into(db: Session, lot_id: int, *, after: int | None = None) -> Into:
    """Return a page of what a lot directly went into: thousands of runs come page by page."""
    edges = select(Edge.out).where(Edge.inp == lot_id, Edge.never_event_id.is_(None))
    count = db.scalar(select(func.count()).select_from(edges.subquery())) or 0
    if after is not None:
        edges = edges.where(Edge.out < after)
    ids = list(db.scalars(edges.order_by(Edge.out.desc()).limit(INTO + 1)))
    shown = ids[:INTO]
    named = {**_lots(db, shown), **_runs(db, shown)}
    return Into(
        tuple(named[one] for one in shown),
        count,
        count_some(db, Unit.id, [made_of(lot_id)]),
        shown[-1] if len(ids) > INTO else None,
    )


def _lots(db: Session, ids: Sequence[int]) -> dict[int, WentInto]:
    rows = db.execute(
        select(Lot.id, Lot.lot_no, Part.part_no)
        .join(Part, Part.id == Lot.part_id)
        .where(Lot.id.in_(id_set(db, ids)))
    )
    return {row[0]: WentInto("lot", *row) for row in rows}


def _runs(db: Session, ids: Sequence[int]) -> dict[int, WentInto]:
    made = (
        select(func.count()).where(Unit.seg_id == Segment.id).correlate(Segment).scalar_subquery()
    )
    rows = db.execute(
        select(Segment.id, Segment.work_order, Part.part_no, made)
        .join(Part, Part.id == Segment.part_id)
        .where(Segment.id.in_(id_set(db, ids)))
    )
    return {
        id_: WentInto("segment", id_, name or str(id_), part, count)
        for id_, name, part, count in rows
    }


@dataclass(frozen=True)
class LotAxes:
    """How much of a lot is in which custody and usability, stock and units together."""

    custody: tuple[tuple[str, Decimal], ...]
    usability: tuple[tuple[str, Decimal], ...]
    part_holds: tuple[Holding, ...]  # on a part of it, not on the whole lot
    held: Decimal  # how much of it a hold bears on that is in our hands
    total: Decimal  # without what was built into something or never existed


def lot_axes(db: Session, view: LotPage) -> LotAxes:
    """Sum the stock and the units of a lot along its axes, and what of it is held now."""
    custody: dict[str, Decimal] = {}
    usability: dict[str, Decimal] = {}
    rows = [(row.custody, row.usability, row.quantity) for row in view.stock]
    rows += [(kept, usable, Decimal(count)) for kept, usable, count in view.units]
    for kept, usable, quantity in rows:
        custody[kept] = custody.get(kept, Decimal(0)) + quantity
        usability[usable] = usability.get(usable, Decimal(0)) + quantity
    whole = {hold.hold_id for hold in view.holds}
    parts = {h.hold_id: h for row in view.stock for h in row.holds if h.hold_id not in whole}
    held = sum((row.quantity for row in view.stock if row.holds and row.custody in HANDS), ZERO)
    return LotAxes(
        tuple(custody.items()),
        tuple(usability.items()),
        tuple(parts.values()),
        held=held + (_held_units(db, view.lot_id) if view.units else 0),
        total=sum((quantity for kept, quantity in custody.items() if kept not in NO_MORE), ZERO),
    )


def _held_units(db: Session, lot_id: int) -> int:
    """Count the units of a lot in our hands held by themselves, their lot or run."""
    row = HoldTargetRow
    is_let_out = select(HoldExemption.hold_id).where(
        HoldExemption.hold_id == row.hold_id,
        HoldExemption.kind == "unit",
        HoldExemption.target_id == Unit.id,
    )
    through = or_(
        and_(row.kind == "lot", row.target_id == Unit.lot_id),
        and_(row.kind == "segment", row.target_id == Unit.seg_id),
    )
    bears = select(row.hold_id).where(
        row.release_event_id.is_(None),
        or_(
            and_(row.kind == "unit", row.target_id == Unit.id),
            and_(through, ~is_let_out.exists()),
        ),
    )
    wanted = select(func.count(Unit.id)).where(
        Unit.lot_id == lot_id, Unit.custody.in_(HANDS), bears.exists()
    )
    return db.scalar(wanted) or 0


def units_of_lot(db: Session, lot_id: int, *, most: int = 60) -> list[tuple[int, str]]:
    """Return the first units of a lot by serial; all of them are a list of their own."""
    rows = db.execute(
        select(Unit.id, Unit.serial).where(Unit.lot_id == lot_id).order_by(Unit.serial).limit(most)
    )
    return [(row.id, row.serial) for row in rows]
