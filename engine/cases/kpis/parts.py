"""Which parts a case is about: what makes two cases alike, and to which product a cost belongs."""

from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session

from engine.cases.models import Subject
from engine.serials.models import Lot, Part, Unit


def parts_of(db: Session, cases: Select[int]) -> dict[int, frozenset[str]]:
    """Return the part numbers of the subjects of each of these cases, in one query."""
    units = (
        select(Subject.case_id, Part.part_no)
        .join(Unit, Unit.id == Subject.unit_id)
        .join(Part, Part.id == Unit.part_id)
        .where(Subject.case_id.in_(cases))
    )
    lots = (
        select(Subject.case_id, Part.part_no)
        .join(Lot, Lot.id == Subject.lot_id)
        .join(Part, Part.id == Lot.part_id)
        .where(Subject.case_id.in_(cases))
    )
    found: dict[int, set[str]] = {}
    for case_id, part_no in db.execute(union(units, lots)):
        found.setdefault(case_id, set()).add(part_no)
    return {case_id: frozenset(parts) for case_id, parts in found.items()}
