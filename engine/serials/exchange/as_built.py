"""What is in each unit, as we and as another system have it: one line for each kind of component.

A file of builds names what was built lately, not everything: only the units it names are compared.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Executable, and_, delete, insert, select, union_all
from sqlalchemy.orm import Session, aliased

from engine.serials.intake.bulk import in_parts
from engine.serials.models import (
    Edge,
    Install,
    Lot,
    Part,
    ReconciliationLine,
    ReconciliationSource,
    Unit,
    UnitInput,
)

RAW = "raw"  # the lines as they came: several name one kind of component of one unit
AT_ONCE = 10_000
LINE = ReconciliationLine


def lay_both(db: Session, source: ReconciliationSource, *, here: str, there: str) -> None:
    """Lay what both sides have in the units of the file, the lots of one component in one line."""
    sides = (here, there)
    db.execute(delete(LINE).where(LINE.source_id == source.id, LINE.side.in_(sides)))
    for side, rows in ((there, _theirs(source)), (here, _ours(source))):
        for part in in_parts(_folded(db, rows, source, side), AT_ONCE):
            db.execute(insert(LINE), part)


def _folded(
    db: Session, rows: Executable, source: ReconciliationSource, side: str
) -> Iterator[dict[str, Any]]:
    found = db.execute(rows, execution_options={"yield_per": AT_ONCE})
    for line, (key, same) in enumerate(groupby(found, lambda row: tuple(row[:3])), 1):
        part_no, number, component = key
        yield {
            "source_id": source.id,
            "side": side,
            "line": line,
            "part_no": part_no,
            "number": number,
            "location": "",
            "component": component,
            "component_no": ", ".join(sorted({row[3] for row in same})),
        }


def _theirs(source: ReconciliationSource) -> Executable:
    names = (LINE.part_no, LINE.number, LINE.component, LINE.component_no)
    return select(*names).where(LINE.source_id == source.id, LINE.side == RAW).order_by(*names)


def _ours(source: ReconciliationSource) -> Executable:
    """Return what is in the units now: installed, consumed by their run or lot, used in them later.

    The lot of a component that was changed stays: it is part of how the unit was built.
    """
    unit = (
        select(Unit.id, Unit.seg_id, Unit.lot_id, Part.part_no, Unit.serial)
        .join(Part, Part.id == Unit.part_id)
        .join(LINE, and_(LINE.part_no == Part.part_no, LINE.number == Unit.serial))
        .where(LINE.source_id == source.id, LINE.side == RAW)
        .distinct()
        .cte("built")
    ).c
    child, component = aliased(Unit), aliased(Part)
    installed = (
        select(unit.part_no, unit.serial, component.part_no.label("component"),
               child.serial.label("component_no"))
        .join(Install, Install.host_id == unit.id)
        .join(child, child.id == Install.child_id)
        .join(component, component.id == child.part_id)
        .where(Install.to_event_id.is_(None), Install.never_event_id.is_(None))
    )  # fmt: skip
    of_lot = select(unit.part_no, unit.serial, component.part_no, Lot.lot_no)
    consumed = [
        of_lot.join(Edge, Edge.out == node)
        .join(Lot, Lot.id == Edge.inp)
        .join(component, component.id == Lot.part_id)
        .where(Edge.never_event_id.is_(None))
        for node in (unit.seg_id, unit.lot_id)
    ]
    used = (
        of_lot.join(UnitInput, UnitInput.unit_id == unit.id)
        .join(Lot, Lot.id == UnitInput.lot_id)
        .join(component, component.id == Lot.part_id)
        .where(UnitInput.never_event_id.is_(None))
    )
    rows = union_all(installed, *consumed, used).subquery()
    return select(rows).order_by(*rows.c)
