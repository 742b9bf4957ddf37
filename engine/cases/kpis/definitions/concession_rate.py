"""Concession rate.

Formula: Quantity used as is under a concession ÷ quantity dispositioned; by part.

Population: Lines of disposition that were carried out.

Window: Carried out in the chosen days.

Exclusions: Drills; lines that went back to pending.

Unit: Percent of units and quantities.

Source: House definition.
"""

from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from engine.cases.dispositions import TYPES
from engine.cases.kpis.measure import REAL, Col, Measured, Rows, Window, count, share
from engine.cases.models import Case, Line, LinePart
from engine.serials.models import Lot, Part, Unit
from engine.words import N_

PART, PLACE, UNIT = "nonconformance", 4, "percent"
NONE_DONE = N_("Nothing was dispositioned in this time")
CONCESSION = "use_as_is"


def _parts(db: Session, window: Window) -> list[tuple[Any, ...]]:
    """Return line, case, type, part, quantity and time of all that was carried out."""
    of_unit, of_lot = aliased(Part), aliased(Part)
    part_no = func.coalesce(of_unit.part_no, of_lot.part_no, "")
    found = db.execute(
        select(
            Case.number,
            Line.number,
            Line.type,
            part_no,
            func.sum(LinePart.quantity, type_=LinePart.quantity.type),
            Line.done_at,
        )
        .join(Line, Line.id == LinePart.line_id)
        .join(Case, Case.id == Line.case_id)
        .outerjoin(Unit, Unit.id == LinePart.unit_id)
        .outerjoin(of_unit, of_unit.id == Unit.part_id)
        .outerjoin(Lot, Lot.id == LinePart.lot_id)
        .outerjoin(of_lot, of_lot.id == Lot.part_id)
        .where(REAL, Line.state == "done", window.within(Line.done_at))
        .group_by(Line.id, Case.number, Line.number, Line.type, part_no, Line.done_at)
        .order_by(Line.done_at.desc(), Line.id, part_no)
    )
    return [tuple(row) for row in found]


def measured(db: Session, window: Window) -> Measured:
    """Add the quantities up, by part."""
    all_of: dict[str, Decimal] = {}
    conceded: dict[str, Decimal] = {}
    lines = set()
    for number, line, type_, part_no, quantity, done_at in _parts(db, window):
        all_of[part_no] = all_of.get(part_no, Decimal(0)) + quantity
        if type_ == CONCESSION:
            conceded[part_no] = conceded.get(part_no, Decimal(0)) + quantity
            lines.add((number, line, done_at))
    total = sum(all_of.values(), Decimal(0))
    return Measured(
        share(
            N_("Used as is"), sum(conceded.values(), Decimal(0)), total, why=NONE_DONE
        ),
        (count(N_("Concessions"), len(lines)),),
        tuple(
            share(
                N_("Used as is"), conceded.get(part, Decimal(0)), many, why=NONE_DONE,
                group=part, group_kind="part",
            )
            for part, many in sorted(all_of.items())
        ),
    )  # fmt: skip


def rows(db: Session, window: Window) -> Rows:
    """Return every line carried out in the window, by part."""
    return Rows(
        (
            Col("case", N_("Case"), "case"),
            Col("line", N_("Line"), "integer"),
            Col("type", N_("Disposition"), "words"),
            Col("part", N_("Part")),
            Col("quantity", N_("Quantity"), "quantity"),
            Col("done_at", N_("Carried out"), "moment"),
        ),
        [
            (number, line, TYPES[type_].label, part_no, quantity, done_at)
            for number, line, type_, part_no, quantity, done_at in _parts(db, window)
        ],
    )
