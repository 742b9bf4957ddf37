"""Looking at goods: inspections and tests with what was measured, and certificates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Unpack

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.serials import stock
from engine.serials.errors import (
    NothingExamined,
    NotPresented,
    OutcomeDiffers,
    PartsDiffer,
    SampleDiffers,
)
from engine.serials.events import Links, record_events, write_event
from engine.serials.identifiers import standard
from engine.serials.models import (
    Certificate,
    Event,
    Examination,
    Lot,
    LotStock,
    Measurement,
    Part,
    Segment,
    Unit,
)
from engine.serials.projection import project_units
from engine.serials.record import Effect, How, Recorded, StockPart
from engine.serials.sets import id_set
from engine.serials.units import units_by_id

TYPES = {"inspection": "inspected", "test": "tested"}
NONCONFORMING = Effect(usability="nonconforming")


@dataclass(frozen=True)
class Reading:
    """One characteristic: its limits, what was measured, and whether that is within them."""

    characteristic: str
    value: str
    is_met: bool = True
    lower: str | None = None
    upper: str | None = None
    uom: str | None = None


@dataclass(frozen=True)
class Sample:
    """How many were looked at, and how many of them failed."""

    size: int | None = None
    failed: int | None = None


@dataclass(frozen=True)
class Looked:
    """What an examination was of; `rejected` is what sorting picked out."""

    units: Sequence[int] = ()
    stock_parts: Sequence[StockPart] = ()
    nodes: Sequence[int] = ()  # whole lots, or runs
    rejected_units: Sequence[int] = ()
    rejected_parts: Sequence[StockPart] = ()


def examine(
    db: Session,
    kind: str,
    looked: Looked,
    *,
    outcome: str,
    readings: Sequence[Reading] = (),
    sample: Sample | None = None,
    remark: str | None = None,
    location_id: int | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Record an inspection or a test; a fact, never refused for a hold.

    What failed is nonconforming from now on; of what was sorted, what was rejected. What passed
    stays as it was: releasing it is an act of its own. Name gauges, programs, people and the
    procedure by `facts`. Raises `NothingExamined`, `PartsDiffer`, `NotPresented` for something
    rejected that was not looked at, and `OutcomeDiffers` or `SampleDiffers` where the result
    contradicts what was measured.
    """
    sample = sample or Sample()
    _refuse_contradictions(outcome, readings, sample)
    units = units_by_id(db, [*looked.units, *looked.rejected_units], lock=True)
    _refuse_not_presented(db, looked, units)
    failing = outcome == "failed"
    parts = looked.stock_parts if failing else looked.rejected_parts
    taken = stock.take(db, parts)
    others = stock.take(db, () if failing else looked.stock_parts)
    worse = set(units) if failing else set(looked.rejected_units)
    links = Links().add(worse, NONCONFORMING).add(units, Effect())
    links.about(looked.nodes).about({part.spot.lot_id for part in (*taken, *others)})
    part_id = _one_part(db, links)
    event = write_event(
        db,
        TYPES[kind],
        links,
        location_id=location_id,
        payload={"outcome": outcome},
        **how,
    )
    stock.move(db, event, taken, usability="nonconforming")
    _keep(db, event, kind, part_id, outcome, readings, sample, remark)
    project_units(db, worse)
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(units), facts={"part_id": part_id})


def _refuse_not_presented(db: Session, looked: Looked, units: Mapping[int, Unit]) -> None:
    for unit_id in looked.rejected_units:
        unit = units[unit_id]
        is_of_lot = unit.lot_id is not None and unit.lot_id in looked.nodes
        if unit_id not in looked.units and not is_of_lot:
            raise NotPresented(what=unit.serial)
    shown = {part.stock_id for part in looked.stock_parts}
    lots = {row.lot_id for row in _rows(db, shown)} | set(looked.nodes)
    for row in _rows(db, {part.stock_id for part in looked.rejected_parts}):
        if row.lot_id not in lots:
            raise NotPresented(what=db.get_one(Lot, row.lot_id).lot_no)


def _rows(db: Session, stock_ids: Iterable[int]) -> Sequence[LotStock]:
    return db.scalars(select(LotStock).where(LotStock.id.in_(id_set(db, stock_ids)))).all()


def certify(
    db: Session,
    kind: str,
    number: str,
    *,
    issuer_id: int,
    units: Sequence[int] = (),
    nodes: Sequence[int] = (),
    issued_on: date | None = None,
    file_name: str | None = None,
    file_sha256: str | None = None,
    **how: Unpack[How],
) -> Recorded:
    """Record a certificate for units, lots and runs; the file itself lies in the document store."""
    if not units and not nodes:
        raise NothingExamined
    rows = units_by_id(db, units)
    links = Links().add(rows, Effect()).about(nodes)
    said: How = {**how, "facts": {**how.get("facts", {}), "certificate": [number]}}
    event = write_event(db, "certified", links, payload={"number": standard(number)}, **said)
    db.add(
        Certificate(
            event_id=event.id,
            kind=kind,
            number=standard(number),
            issuer_id=issuer_id,
            issued_on=issued_on,
            file_name=file_name,
            file_sha256=file_sha256,
        )
    )
    record_events(db, [event], by=how["by"], at=how["at"], stream=how.get("stream"))
    return Recorded(event, tuple(rows))


def whole_lot(db: Session, lot_id: int) -> list[StockPart]:
    """Return all of a lot that is in our hands and not yet nonconforming or scrapped."""
    rows = db.scalars(
        select(LotStock).where(
            LotStock.lot_id == lot_id,
            LotStock.quantity > Decimal(0),
            LotStock.custody.in_(("in_house", "returned")),
            LotStock.usability.not_in(("nonconforming", "scrapped")),
        )
    )
    return [StockPart(row.id, row.quantity) for row in rows]


def _refuse_contradictions(outcome: str, readings: Sequence[Reading], sample: Sample) -> None:
    missed = next((one.characteristic for one in readings if not one.is_met), None)
    if outcome == "passed" and missed is not None:
        raise OutcomeDiffers(what=missed)
    if sample.failed and (sample.size is None or sample.failed > sample.size):
        raise SampleDiffers(failed=sample.failed, size=sample.size or 0)


def _one_part(db: Session, links: Links) -> int:
    """Return the part that everything looked at is of."""
    found: set[int] = set()
    for column, ids in (
        (Unit.part_id, (Unit.id, links.units)),
        (Lot.part_id, (Lot.id, links.nodes)),
        (Segment.part_id, (Segment.id, links.nodes)),
    ):
        key, wanted = ids
        found |= set(db.scalars(select(column).where(key.in_(id_set(db, wanted)))))
    if not found:
        raise NothingExamined
    if len(found) > 1:
        numbers = sorted(db.scalars(select(Part.part_no).where(Part.id.in_(id_set(db, found)))))
        raise PartsDiffer(said=numbers[0], part=numbers[1])
    return found.pop()


def _keep(
    db: Session,
    event: Event,
    kind: str,
    part_id: int,
    outcome: str,
    readings: Iterable[Reading],
    sample: Sample,
    remark: str | None,
) -> None:
    db.add(
        Examination(
            event_id=event.id,
            kind=kind,
            part_id=part_id,
            outcome=outcome,
            sample_size=sample.size,
            failed_count=sample.failed,
            remark=(remark or "").strip() or None,
        )
    )
    db.flush()
    rows: list[Mapping[str, object]] = [{"event_id": event.id, **vars(one)} for one in readings]
    if rows:
        db.execute(insert(Measurement), rows)
