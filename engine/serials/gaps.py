"""The gap radar: where the record is broken, ranked by the units a recall could not exclude.

Each kind is one set-based look at the whole store, so it is taken in the background once a day and
when somebody asks; pages read what was found, and how it changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import distinct, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine import jobs
from engine.serials.models import (
    Edge,
    GapReading,
    Install,
    Location,
    Lot,
    LotStock,
    Part,
    Party,
    RecallContact,
    Segment,
    Shipment,
    Unit,
    UnitInput,
    UnitRoot,
)
from engine.serials.models.axes import GONE
from engine.serials.sets import id_set
from engine.serials.walk import INTO, reach
from engine.words import N_

VERB = "look_for_gaps"
WORST = 100  # places of a kind that are kept with a reading
USUAL = 0.8  # a component that so many siblings contain is expected in each
FEWEST = 5  # siblings; among fewer nothing is usual
MOST_UNKNOWN = 500  # UNKNOWN lots that are followed: one a part, so this is never reached


@dataclass(frozen=True)
class Gap:
    """One place where the record is broken."""

    what: str  # unit, lot, segment, part, party: where it is mended
    id: int
    label: str
    detail: str
    unit_count: int
    quantity: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind of gap: what it is called, why it matters, and how it is found."""

    label: str
    why: str
    find: Callable[[Session], list[Gap]]


def take_reading(db: Session, *, at: datetime) -> list[GapReading]:
    """Look for every kind of gap and keep what was found; flushes."""
    readings = []
    for name, kind in KINDS.items():
        found = kind.find(db)
        worst = sorted(found, key=lambda gap: (-gap.unit_count, gap.label))[:WORST]
        readings.append(
            GapReading(
                at=at,
                kind=name,
                place_count=len(found),
                unit_count=sum(gap.unit_count for gap in found),
                worst=[vars(gap) for gap in worst],
            )
        )
    db.add_all(readings)
    db.flush()
    return readings


def look_for_gaps(db: Session, job: jobs.Job) -> dict[str, Any]:
    """Take a reading as a job asked."""
    readings = take_reading(db, at=job.asked_at)
    return {one.kind: one.place_count for one in readings}


def ask_daily(db: Session, *, at: datetime) -> None:
    """Ask for a reading unless one was asked for today (UTC)."""
    jobs.ask(db, f"{VERB}:{at.astimezone(UTC):%Y-%m-%d}", name=VERB, body={}, at=at)


def newest(db: Session) -> list[GapReading]:
    """Return the newest reading of every kind, the most units first."""
    at = db.scalar(select(func.max(GapReading.at)))
    rows = db.scalars(select(GapReading).where(GapReading.at == at)).all() if at else []
    return sorted(rows, key=lambda one: (-one.unit_count, -one.place_count, one.kind))


def over_time(db: Session, *, most: int = 30) -> dict[str, list[tuple[datetime, int, int]]]:
    """Return the last readings of each kind, oldest first: when, places, units."""
    moments = select(GapReading.at).distinct().order_by(GapReading.at.desc()).limit(most)
    rows = db.execute(
        select(GapReading.kind, GapReading.at, GapReading.place_count, GapReading.unit_count)
        .where(GapReading.at.in_(moments))
        .order_by(GapReading.at)
    )
    found: dict[str, list[tuple[datetime, int, int]]] = {}
    for kind, at, places, units in rows:
        found.setdefault(kind, []).append((at, places, units))
    return found


# --- how each kind is found ------------------------------------------------------------------


def _runs_without_inputs(db: Session) -> list[Gap]:
    """Find runs that nothing went into: what their units were made of, nobody can say."""
    units = select(func.count(Unit.id)).where(Unit.seg_id == Segment.id).scalar_subquery()
    rows = db.execute(
        select(Segment.id, Segment.work_order, Part.part_no, units)
        .join(Part, Part.id == Segment.part_id)
        .where(~exists().where(Edge.out == Segment.id))
    )
    return [Gap("segment", id_, order or str(id_), part, count) for id_, order, part, count in rows]


def _lots_without_inputs(db: Session) -> list[Gap]:
    """Find lots of our own devices and components that nothing went into and no run made."""
    units = select(func.count(Unit.id)).where(Unit.lot_id == Lot.id).scalar_subquery()
    maker = aliased(Party)
    rows = db.execute(
        select(Lot.id, Lot.lot_no, Part.part_no, units)
        .join(Part, Part.id == Lot.part_id)
        .join(maker, maker.id == Lot.manufacturer_id)
        .where(
            maker.kind == "site",
            Part.kind.in_(("device", "component")),
            Part.control == "lot",
            ~Lot.is_unknown,
            ~exists().where(Edge.out == Lot.id),
        )
    )
    return [Gap("lot", *row) for row in rows]


def _units_of_nothing(db: Session) -> list[Gap]:
    """Find serials of our own parts without run and lot: a lot of theirs reaches none of them."""
    maker = aliased(Party)
    rows = db.execute(
        select(Part.id, Part.part_no, Part.name, func.count(Unit.id))
        .join(Part, Part.id == Unit.part_id)
        .join(maker, maker.id == Part.manufacturer_id)
        .where(
            Unit.seg_id.is_(None),
            Unit.lot_id.is_(None),
            Unit.custody.not_in(GONE),
            maker.kind == "site",
        )
        .group_by(Part.id, Part.part_no, Part.name)
    )
    return [Gap("part", *row) for row in rows]


def _lacking_a_component(db: Session) -> list[Gap]:
    """Find devices without a component that nearly all their siblings contain."""
    host, child = aliased(Unit), aliased(Unit)
    fitted = (
        select(
            host.part_id.label("host_part"),
            child.part_id.label("child_part"),
            func.count(distinct(Install.host_id)).label("with_it"),
        )
        .join(host, host.id == Install.host_id)
        .join(child, child.id == Install.child_id)
        .where(Install.to_event_id.is_(None), host.custody.not_in(GONE))
        .group_by(host.part_id, child.part_id)
        .subquery()
    )
    siblings = (
        select(Unit.part_id, func.count(Unit.id).label("count"))
        .where(Unit.part_id.in_(select(fitted.c.host_part)), Unit.custody.not_in(GONE))
        .group_by(Unit.part_id)
        .subquery()
    )
    inside, around = aliased(Part), aliased(Part)
    rows = db.execute(
        select(around.id, around.part_no, inside.part_no, siblings.c.count - fitted.c.with_it)
        .select_from(fitted)
        .join(siblings, siblings.c.part_id == fitted.c.host_part)
        .join(around, around.id == fitted.c.host_part)
        .join(inside, inside.id == fitted.c.child_part)
        .where(
            siblings.c.count >= FEWEST,
            fitted.c.with_it >= siblings.c.count * USUAL,
            fitted.c.with_it < siblings.c.count,
        )
    )
    return [Gap("part", *row) for row in rows]


def _unknown_lots(db: Session) -> list[Gap]:
    """Find lots that nobody noted, with all that was made of them: none can be excluded."""
    used = or_(
        exists().where(Edge.inp == Lot.id),
        exists().where(Unit.lot_id == Lot.id),
        exists().where(UnitInput.lot_id == Lot.id),
        exists().where(LotStock.lot_id == Lot.id, LotStock.quantity != 0),
    )
    rows = db.execute(
        select(Lot.id, Lot.lot_no, Part.part_no)
        .join(Part, Part.id == Lot.part_id)
        .where(Lot.is_unknown, used)
        .order_by(Lot.id)
        .limit(MOST_UNKNOWN)
    ).all()
    return [Gap("lot", id_, number, part, _made_of(db, id_)) for id_, number, part in rows]


def _made_of(db: Session, lot_id: int) -> int:
    """Count the units that stand by themselves and may contain a lot."""
    nodes = id_set(db, reach(db, [lot_id], INTO))
    return (
        db.scalar(
            select(func.count(distinct(UnitRoot.root_id))).where(
                or_(UnitRoot.seg_id.in_(nodes), UnitRoot.lot_id.in_(nodes))
            )
        )
        or 0
    )


def _negative_stock(db: Session) -> list[Gap]:
    """Find stock below zero: more went out than ever came in, so something came in unseen."""
    rows = db.execute(
        select(Lot.id, Lot.lot_no, Part.part_no, Location.name, LotStock.quantity)
        .join(Lot, Lot.id == LotStock.lot_id)
        .join(Part, Part.id == Lot.part_id)
        .join(Location, Location.id == LotStock.location_id)
        .where(LotStock.quantity < 0)
    )
    return [
        Gap("lot", id_, number, f"{part} · {place}", _made_of(db, id_), f"{quantity:f}")
        for id_, number, part, place, quantity in rows
    ]


def _nobody_to_call(db: Session) -> list[Gap]:
    """Find consignees that hold goods and have no recall contact that somebody verified."""
    verified = exists().where(
        RecallContact.party_id == Party.id,
        RecallContact.role == "recall",
        RecallContact.verified_at.is_not(None),
        RecallContact.ended_at.is_(None),
    )
    there = (
        select(Location.party_id, func.count(Unit.id).label("count"))
        .join(Unit, Unit.location_id == Location.id)
        .join(UnitRoot, UnitRoot.unit_id == Unit.id)
        .where(Unit.custody.in_(("at_consignee", "in_transit")), UnitRoot.root_id == Unit.id)
        .group_by(Location.party_id)
        .subquery()
    )
    rows = db.execute(
        select(Party.id, Party.name, Party.country, func.coalesce(there.c.count, 0))
        .outerjoin(there, there.c.party_id == Party.id)
        .where(Party.id.in_(select(Shipment.consignee_id)), ~verified)
    )
    return [Gap("party", id_, name, country or "", count) for id_, name, country, count in rows]


def _nobody_knows_where(db: Session) -> list[Gap]:
    """Find units whose whereabouts are not known."""
    rows = db.execute(
        select(Part.id, Part.part_no, Part.name, func.count(Unit.id))
        .join(Part, Part.id == Unit.part_id)
        .where(Unit.custody == "unknown")
        .group_by(Part.id, Part.part_no, Part.name)
    )
    return [Gap("part", *row) for row in rows]


KINDS: dict[str, Kind] = {
    "unknown_lots": Kind(
        N_("Lots that nobody noted"),
        N_("Whatever lot of the part is suspect, what was made of these cannot be excluded."),
        _unknown_lots,
    ),
    "units_of_nothing": Kind(
        N_("Serials without run and lot"),
        N_("No suspect lot or run reaches them, though they were made of something."),
        _units_of_nothing,
    ),
    "runs_without_inputs": Kind(
        N_("Runs without inputs"),
        N_("What went into these units was not recorded: no component lot leads to them."),
        _runs_without_inputs,
    ),
    "lots_without_inputs": Kind(
        N_("Own lots without inputs"),
        N_("What went into these lots was not recorded: no component lot leads to them."),
        _lots_without_inputs,
    ),
    "lacking_a_component": Kind(
        N_("Devices without a component that their siblings have"),
        N_("A suspect serial of that component would not lead to them."),
        _lacking_a_component,
    ),
    "negative_stock": Kind(
        N_("Stock below zero"),
        N_("More went out than came in: a receipt is missing, or another lot was used."),
        _negative_stock,
    ),
    "nobody_to_call": Kind(
        N_("Consignees without a verified recall contact"),
        N_("A notice about their goods may reach nobody."),
        _nobody_to_call,
    ),
    "nobody_knows_where": Kind(
        N_("Units whose whereabouts are not known"),
        N_("They are affected somewhere, and nobody can fetch them."),
        _nobody_knows_where,
    ),
}
