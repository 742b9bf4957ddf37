"""The release of what left a scope: which scope does not name it any more, and what it is."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import answers as kept
from engine.cases.models import Case
from engine.cases.names import StockName
from engine.cases.records import listing
from engine.cases.records.sections import Record, Section, head, kept_answers, sources
from engine.cases.scopes.about import change_of
from engine.cases.scopes.models import ScopeVersion
from engine.cases.scopes.releasing import left, left_units
from engine.serials.models import Lot, Part, TraceRun, Unit
from engine.words import N_, say

PROCESS = "scope_change"
MOST_NAMED = 2_000  # serials that a signed page names; beyond, the two traces say which they are


def draw(db: Session, case: Case, task: Task, own: list[dict[str, Any]] | None) -> Record:
    """Return the record of one release; `own` is the answer that is being signed."""
    version, before = change_of(db, task.instance_id)
    given = kept.standing(db, case, process=PROCESS, instance_id=task.instance_id)
    return {
        **head(
            db,
            case,
            title=N_("Release of what left the scope"),
            number=f"{case.number}-S{version.number}",
        ),
        "sources": sources(given),
        "sections": [
            _scopes(db, case, version, before),
            *_released(db, case, version),
            *kept_answers(db, case, given),
            *(own or ()),
        ],
    }


def _scopes(db: Session, case: Case, version: ScopeVersion, before: ScopeVersion | None) -> Section:
    """Name the two scopes and their traces: what one has and the other not is what is released."""
    language = case.language
    words = (N_("Scope"), N_("What it says"), N_("Why"), N_("Trace, by its fingerprint"))
    rows = [
        [
            str(one.number),
            one.text,
            one.reason,
            f"{one.run_id}: {db.get_one(TraceRun, one.run_id).result_sha256}",
        ]
        for one in (before, version)
        if one is not None
    ]
    return {
        "heading": say(N_("The scope before, and the scope that stands"), language),
        "table": {"columns": [say(word, language) for word in words], "rows": rows},
    }


def _released(db: Session, case: Case, version: ScopeVersion) -> list[Section]:
    language, found = case.language, left(db, case, number=version.number)
    sections: list[Section] = []
    if found.lots:
        words = (N_("Lot"), N_("Quantity"), N_("Of it in our hands"))
        sections.append(
            {
                "heading": say(N_("Lots that left the scope"), language),
                "table": {
                    "columns": [say(word, language) for word in words],
                    "rows": [[lot.lot_no, str(lot.quantity), str(lot.here)] for lot in found.lots],
                },
            }
        )
    if found.units:
        sections.append(
            {
                "heading": say(N_("Units that left the scope"), language),
                "note": say(
                    N_("%(count)s units, %(here)s of them in our hands or at a third party"),
                    language,
                    count=f"{found.units:,}",
                    here=f"{found.units_here:,}",
                ),
                **_units(db, case, version, found.units),
            }
        )
    return sections


def _units(db: Session, case: Case, version: ScopeVersion, count: int) -> dict[str, Any]:
    units = left_units(db, case, number=version.number).subquery()
    if count > MOST_NAMED:
        by_part = (
            select(Part.part_no, func.count())
            .select_from(units)
            .join(Unit, Unit.id == units.c.unit_id)
            .join(Part, Part.id == Unit.part_id)
            .group_by(Part.part_no)
            .order_by(Part.part_no)
        )
        columns = [say(word, case.language) for word in (N_("Part"), N_("Units"))]
        rows = [[part, f"{n:,}"] for part, n in db.execute(by_part)]
        return {"table": {"columns": columns, "rows": rows}}

    named = (
        select(Unit.serial, Part.part_no, Lot.lot_no)
        .select_from(units)
        .join(Unit, Unit.id == units.c.unit_id)
        .join(Part, Part.id == Unit.part_id)
        .outerjoin(Lot, Lot.id == Unit.lot_id)
    )
    names = [StockName(name, part, is_unit=True, lot=lot) for name, part, lot in db.execute(named)]
    return {"lists": listing.lists_of_units(names, case.language)}
