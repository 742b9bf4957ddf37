"""What the pages of goods show of their life: results, papers, packing, labels, other names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from engine.evidence.store import DocumentStore
from engine.serials.errors import RunUnknown
from engine.serials.models import (
    Certificate,
    Container,
    Edge,
    Event,
    EventFact,
    EventLink,
    EventNode,
    Examination,
    ExternalId,
    Flag,
    Location,
    Lot,
    LotStock,
    Measurement,
    Packed,
    Part,
    Party,
    Segment,
    Unit,
    UnitLabel,
)
from engine.serials.other_names import names_of
from engine.serials.packed import outermost
from engine.serials.packing import container_by_id
from engine.serials.queries import Moment
from engine.serials.queries.history import of_node, timeline
from engine.serials.sets import id_set
from engine.serials.vocabulary import FACTS

SHOWN = 30  # results, papers and units that a page shows of each


@dataclass(frozen=True)
class Result:
    """One inspection or test with what it named and measured."""

    event_id: int
    kind: str
    outcome: str
    at: datetime
    sample_size: int | None
    failed_count: int | None
    remark: str | None
    measured: tuple[Measurement, ...]
    facts: tuple[tuple[str, str], ...]  # what it is called, its values


@dataclass(frozen=True)
class Paper:
    """One certificate."""

    event_id: int
    kind: str
    number: str
    issuer: str
    issued_on: date | None
    file_name: str | None
    file_sha256: str | None
    is_kept: bool  # in our store: it can be opened


@dataclass(frozen=True)
class Inside:
    """The case or pallet something is in, and the one around that."""

    container_id: int
    sscc: str
    kind: str
    outer_id: int | None = None
    outer_sscc: str | None = None


@dataclass(frozen=True)
class Life:
    """What the page of a unit or a lot shows beside its place and its timeline."""

    results: tuple[Result, ...] = ()
    papers: tuple[Paper, ...] = ()
    inside: tuple[Inside, ...] = ()
    labels: tuple[UnitLabel, ...] = ()
    names: tuple[ExternalId, ...] = ()
    flags: tuple[Flag, ...] = ()


def life_of_unit(db: Session, unit_id: int) -> Life:
    """Return the life of a unit: its own results and papers, and those of its run and lot."""
    unit = db.get_one(Unit, unit_id)
    of_unit = select(EventLink.event_id).where(EventLink.unit_id == unit_id)
    nodes = [key for key in (unit.seg_id, unit.lot_id) if key is not None]
    of_nodes = select(EventNode.event_id).where(
        EventNode.node_id.in_(id_set(db, nodes)), EventNode.role == "subject"
    )
    events = of_unit.union(of_nodes)
    inside = db.execute(
        select(Container)
        .join(Packed, Packed.container_id == Container.id)
        .where(Packed.unit_id == unit_id, Packed.to_event_id.is_(None))
    ).scalars()
    labels = select(UnitLabel).where(
        UnitLabel.unit_id == unit_id, UnitLabel.never_event_id.is_(None)
    )
    return Life(
        _results(db, events),
        _papers(db, events),
        tuple(_inside(db, one) for one in inside),
        tuple(db.scalars(labels.order_by(UnitLabel.id))),
        tuple(names_of(db, "unit", unit_id)),
        tuple(db.scalars(_flags().where(Flag.unit_id == unit_id))),
    )


def life_of_node(db: Session, node_id: int) -> Life:
    """Return the life of a lot or a run."""
    events = select(EventNode.event_id).where(
        EventNode.node_id == node_id, EventNode.role.in_(("subject", "output"))
    )
    inside = db.execute(
        select(Container)
        .join(Packed, Packed.container_id == Container.id)
        .where(Packed.lot_id == node_id, Packed.to_event_id.is_(None))
        .distinct()
        .limit(SHOWN)
    ).scalars()
    return Life(
        _results(db, events),
        _papers(db, events),
        tuple(_inside(db, one) for one in inside),
        (),
        tuple(names_of(db, "lot", node_id)),
        tuple(db.scalars(_flags().where(Flag.lot_id == node_id))),
    )


def _flags() -> Select[Flag]:
    return select(Flag).where(Flag.seen_at.is_(None)).order_by(Flag.id.desc()).limit(SHOWN)


def _inside(db: Session, one: Container) -> Inside:
    outer = outermost(db, one.id)
    if outer == one.id:
        return Inside(one.id, one.sscc, one.kind)
    around = db.get_one(Container, outer)
    return Inside(one.id, one.sscc, one.kind, around.id, around.sscc)


def _results(db: Session, events: Any) -> tuple[Result, ...]:
    later = aliased(Event)
    rows = db.execute(
        select(Examination, Event.event_at)
        .join(Event, Event.id == Examination.event_id)
        .outerjoin(later, later.corrects_id == Event.id)
        .where(Examination.event_id.in_(events), later.id.is_(None))
        .order_by(Event.event_at.desc(), Event.id.desc())
        .limit(SHOWN)
    ).all()
    ids = [one.event_id for one, _ in rows]
    measured: dict[int, list[Measurement]] = {}
    for row in db.scalars(
        select(Measurement)
        .where(Measurement.event_id.in_(id_set(db, ids)))
        .order_by(Measurement.id)
    ):
        measured.setdefault(row.event_id, []).append(row)
    facts = _facts(db, ids)
    return tuple(
        Result(
            one.event_id, one.kind, one.outcome, at, one.sample_size, one.failed_count, one.remark,
            tuple(measured.get(one.event_id, ())), facts.get(one.event_id, ()),
        )
        for one, at in rows
    )  # fmt: skip


def _facts(db: Session, ids: Sequence[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    said: dict[int, dict[str, list[str]]] = {}
    for fact in db.scalars(
        select(EventFact).where(EventFact.event_id.in_(id_set(db, ids))).order_by(EventFact.value)
    ):
        said.setdefault(fact.event_id, {}).setdefault(fact.name, []).append(fact.value)
    return {
        key: tuple((FACTS[name], ", ".join(of[name])) for name in FACTS if name in of)
        for key, of in said.items()
    }


def _papers(db: Session, events: Any) -> tuple[Paper, ...]:
    later = aliased(Event)
    rows = db.execute(
        select(Certificate, Party.name)
        .join(Party, Party.id == Certificate.issuer_id)
        .outerjoin(later, later.corrects_id == Certificate.event_id)
        .where(Certificate.event_id.in_(events), later.id.is_(None))
        .order_by(Certificate.event_id.desc())
        .limit(SHOWN)
    )
    return tuple(
        Paper(
            one.event_id, one.kind, one.number, issuer, one.issued_on, one.file_name,
            one.file_sha256, _is_kept(db, one),
        )
        for one, issuer in rows
    )  # fmt: skip


def _is_kept(db: Session, one: Certificate) -> bool:
    store: DocumentStore = db.info["documents"]
    return one.file_sha256 is not None and store.holds(one.file_sha256)


# --- a run -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Input:
    """One lot that went into a run, and how much of it."""

    lot_id: int
    lot_no: str
    part_no: str
    part_name: str
    part_name_zh: str | None
    quantity: Decimal | None
    uom: str


@dataclass(frozen=True)
class SegmentPage:
    """One production run."""

    segment_id: int
    work_order: str | None
    part_id: int
    part_no: str
    part_name: str
    part_name_zh: str | None
    site: str
    from_at: datetime
    to_at: datetime
    inputs: tuple[Input, ...]
    units: tuple[tuple[int, str], ...]
    unit_count: int
    facts: tuple[tuple[str, str], ...]
    life: Life
    timeline: tuple[Moment, ...]


def segment_page(db: Session, segment_id: int) -> SegmentPage:
    """Return the page of a run; raises `RunUnknown`."""
    row = db.execute(
        select(Segment, Part, Location.name)
        .join(Part, Part.id == Segment.part_id)
        .join(Location, Location.id == Segment.site_id)
        .where(Segment.id == segment_id)
    ).one_or_none()
    if row is None:
        raise RunUnknown(run=segment_id)
    segment, part, site = row
    units = select(Unit.id, Unit.serial).where(Unit.seg_id == segment_id)
    shown = db.execute(units.order_by(Unit.serial).limit(SHOWN)).all()
    count = db.scalar(select(func.count()).select_from(units.subquery())) or 0
    return SegmentPage(
        segment.id, segment.work_order, part.id, part.part_no, part.name, part.name_zh, site,
        segment.from_at, segment.to_at, _inputs(db, segment_id),
        tuple((key, serial) for key, serial in shown), count,
        _made_with(db, segment_id), life_of_node(db, segment_id),
        timeline(db, of_node(segment_id)),
    )  # fmt: skip


def _made_with(db: Session, segment_id: int) -> tuple[tuple[str, str], ...]:
    """Return what the making of a run names: equipment, operator, program and the rest."""
    later = aliased(Event)
    made = db.scalar(
        select(EventNode.event_id)
        .join(Event, Event.id == EventNode.event_id)
        .outerjoin(later, later.corrects_id == Event.id)
        .where(
            EventNode.node_id == segment_id,
            EventNode.role == "output",
            Event.type.in_(("built", "kitted")),
            later.id.is_(None),
        )
    )
    return _facts(db, [made]).get(made, ()) if made is not None else ()


def _inputs(db: Session, segment_id: int) -> tuple[Input, ...]:
    rows = db.execute(
        select(Lot, Part, Edge.qty)
        .join(Edge, Edge.inp == Lot.id)
        .join(Part, Part.id == Lot.part_id)
        .where(Edge.out == segment_id, Edge.never_event_id.is_(None))
        .order_by(Part.part_no, Lot.lot_no)
    )
    return tuple(
        Input(lot.id, lot.lot_no, part.part_no, part.name, part.name_zh, quantity, part.uom)
        for lot, part, quantity in rows
    )


# --- a case or pallet ------------------------------------------------------------------------


@dataclass(frozen=True)
class Packing:
    """One thing in a case or pallet."""

    kind: str  # unit, lot, container
    id: int
    label: str
    part_no: str
    quantity: Decimal | None = None
    uom: str = ""


@dataclass(frozen=True)
class ContainerPage:
    """One case or pallet and what lies in it."""

    container_id: int
    sscc: str
    kind: str
    outer: Inside | None
    rows: tuple[Packing, ...]


def container_page(db: Session, container_id: int) -> ContainerPage:
    """Return the page of a case or pallet; raises `ContainerUnknown`."""
    container = container_by_id(db, container_id)
    around = db.scalar(
        select(Container)
        .join(Packed, Packed.container_id == Container.id)
        .where(Packed.inner_id == container_id, Packed.to_event_id.is_(None))
    )
    return ContainerPage(
        container.id,
        container.sscc,
        container.kind,
        Inside(around.id, around.sscc, around.kind) if around is not None else None,
        (*_inner(db, container_id), *_units_in(db, container_id), *_lots_in(db, container_id)),
    )


def _inner(db: Session, container_id: int) -> list[Packing]:
    rows = db.scalars(
        select(Container)
        .join(Packed, Packed.inner_id == Container.id)
        .where(Packed.container_id == container_id, Packed.to_event_id.is_(None))
        .order_by(Container.sscc)
    )
    return [Packing("container", one.id, one.sscc, "") for one in rows]


def _units_in(db: Session, container_id: int) -> list[Packing]:
    rows = db.execute(
        select(Unit.id, Unit.serial, Part.part_no)
        .join(Packed, Packed.unit_id == Unit.id)
        .join(Part, Part.id == Unit.part_id)
        .where(Packed.container_id == container_id, Packed.to_event_id.is_(None))
        .order_by(Unit.serial)
    )
    return [Packing("unit", key, serial, part_no) for key, serial, part_no in rows]


def _lots_in(db: Session, container_id: int) -> list[Packing]:
    rows = db.execute(
        select(
            Lot.id, Lot.lot_no, Part.part_no,
            func.sum(LotStock.quantity, type_=LotStock.quantity.type), Part.uom,
        )
        .join(Packed, Packed.lot_id == Lot.id)
        .join(LotStock, LotStock.tranche_id == Packed.tranche_id)
        .join(Part, Part.id == Lot.part_id)
        .where(
            Packed.container_id == container_id,
            Packed.to_event_id.is_(None),
            LotStock.quantity > 0,
        )
        .group_by(Lot.id, Lot.lot_no, Part.part_no, Part.uom)
        .order_by(Lot.lot_no)
    )  # fmt: skip
    return [Packing("lot", *row) for row in rows]
