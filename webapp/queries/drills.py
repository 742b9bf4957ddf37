"""Drills as their pages show them: the list, and one with its stages, hospitals and report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.drills import report, scoring, settling
from engine.cases.drills.hospitals import KINDS
from engine.cases.drills.measures import CRITICAL, MEASURES
from engine.cases.drills.models import Drill, SyntheticAnswer
from engine.cases.drills.starting import drill_of
from engine.cases.models import Case
from engine.evidence import documents
from engine.evidence.documents import Document

MOST = 200  # drills of the list: years of them


@dataclass(frozen=True)
class DrillRow:
    """One drill in the list."""

    case: Case
    drill: Drill

    @property
    def points(self) -> str | None:
        """Return its score, once it has one."""
        return self.drill.result["points"] if self.drill.result else None


@dataclass(frozen=True)
class MeasureRow:
    """One measure with what was reached, in words."""

    words: str
    reached: str
    target: str
    zero: str
    points: str
    weight: int


@dataclass(frozen=True)
class OneDrill:
    """One drill with everything its page shows."""

    case: Case
    drill: Drill
    reason: str | None  # what it went no further than, or why it was abandoned
    points: str
    passed: bool
    measures: list[MeasureRow]
    critical: list[tuple[str, bool]]
    counts: list[tuple[str, str]]
    kinds: list[tuple[str, int, float]]  # words, hospitals of it, the stated share of a hundred
    reports: list[Document]
    waiting_count: int  # answers of hospitals that are still to come
    next_answer_at: datetime | None
    may_settle: bool  # people may account for what is open now


@dataclass(frozen=True)
class LastDrills:
    """When somebody last practised, and when it last passed."""

    run_at: datetime | None
    passed_at: datetime | None
    passed_number: str | None


def drills(db: Session) -> Sequence[DrillRow]:
    """Return the drills, the newest first."""
    rows = db.execute(
        select(Case, Drill)
        .join(Drill, Drill.case_id == Case.id)
        .order_by(Case.id.desc())
        .limit(MOST)
    )
    return [DrillRow(case, drill) for case, drill in rows]


def last_drills(db: Session) -> LastDrills:
    """Return when a drill was last started, and the last one that passed."""
    started = db.scalar(select(func.max(Drill.started_at, type_=Drill.started_at.type)))
    passed = db.execute(
        select(Case.number, Drill.ended_at)
        .join(Drill, Drill.case_id == Case.id)
        .where(Drill.outcome == "passed")
        .order_by(Drill.ended_at.desc())
        .limit(1)
    ).first()
    return LastDrills(started, passed[1] if passed else None, passed[0] if passed else None)


def one_drill(db: Session, number: str, *, language: str) -> OneDrill:
    """Return one drill; raises `NoDrill`."""
    case, drill = drill_of(db, number)
    found = scoring.of_drill(db, case, drill)
    values = {one.code: one for one in found.rows}
    waiting = db.execute(
        select(func.count(), func.min(SyntheticAnswer.due_at, type_=SyntheticAnswer.due_at.type))
        .select_from(SyntheticAnswer)
        .where(
            SyntheticAnswer.case_id == case.id,
            SyntheticAnswer.given_at.is_(None),
            SyntheticAnswer.due_at.is_not(None),
        )
    ).one()
    return OneDrill(
        case,
        drill,
        found.stopped.get(language) if drill.outcome == "failed" else drill.reason,
        found.points,
        found.passed,
        [
            MeasureRow(
                one.words,
                report.value_words(one, values[one.code].value, language),
                report.value_words(one, str(one.target), language),
                report.value_words(one, str(one.zero), language),
                values[one.code].points,
                one.weight,
            )
            for one in MEASURES
        ],
        [(words, found.critical[code]) for code, words in CRITICAL.items()],
        [(words, found.counts[code]) for code, words in report.COUNTS.items()],
        [(words, found.kinds.get(kind, 0), share / 10) for kind, (share, words) in KINDS.items()],
        [one for one in documents.documents_of(db, case.stream) if one.kind == report.LAYOUT],
        waiting[0],
        waiting[1],
        drill.is_attended and drill.outcome is None and settling.is_due(db, case),
    )
