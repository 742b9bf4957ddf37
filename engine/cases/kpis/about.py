"""What a case is about: its parts, the cause that its investigation found, its classes."""

from sqlalchemy import Select, func, select, union
from sqlalchemy.orm import Session

from engine.cases.answers import REPLACED
from engine.cases.models import Answer, Subject
from engine.cases.recalls.models import JurisdictionDecision
from engine.serials.models import Lot, Part, Unit

INVESTIGATED = (Answer.process == "nonconformance") & (Answer.element_id == "investigate")
# the ids of the answers that stand: one of each nonconformance that was investigated
INVESTIGATIONS = select(func.max(Answer.id)).where(INVESTIGATED, ~REPLACED).group_by(Answer.case_id)
UNKNOWN = (None, "not_found")  # causes


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


def classes_of(db: Session) -> dict[int, list[str]]:
    """Return the classes that jurisdictions gave each recall, in one query."""
    given = select(JurisdictionDecision.case_id, JurisdictionDecision.class_name).where(
        JurisdictionDecision.class_name.is_not(None)
    )
    found: dict[int, list[str]] = {}
    for case_id, class_name in db.execute(given.distinct()):
        found.setdefault(case_id, []).append(str(class_name))
    return {case_id: sorted(classes) for case_id, classes in found.items()}
