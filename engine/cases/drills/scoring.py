"""The score of a drill: stage times and shares against stated targets, by published weights."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import facts, scopes
from engine.cases.drills import report, settling
from engine.cases.drills.hospitals import KINDS
from engine.cases.drills.measures import (
    CONTAINED_WITHIN,
    MEASURES,
    PASSES_AT,
    TRACED_AT_LEAST,
    Score,
    Scored,
)
from engine.cases.drills.models import Drill, SimulatedHold, SyntheticAnswer
from engine.cases.drills.starting import drill_of, give_up, stop, voided_because
from engine.cases.models import BalanceTotal, Case
from engine.cases.notices.models import Notice
from engine.cases.reconciling import Reconciliation, reconciliation
from engine.cases.scopes.figures import Figures
from engine.cases.tasks import open_tasks
from engine.evidence import ledger
from engine.people.accounts import LANGUAGES
from engine.words import N_, say

UNWRITTEN = N_("Consignees not written to, no letter in “%(tongue)s”: %(count)s")


def score(db: Session, case: Case, drill: Drill) -> Score:
    """Work the score out from the record of the recall, as far as it has come."""
    told, lying = _told(db, case), reconciliation(db, case)
    values = {**_times(db, case, drill), **_shares(db, case, told, lying)}
    rows = tuple(
        Scored(
            one.code,
            None if (value := values[one.code]) is None else f"{value:f}",
            f"{one.points(value):f}",
        )
        for one in MEASURES
    )
    total = sum((Decimal(one.points) for one in rows), Decimal(0))
    contained, traced = values["containment"], values["trace"]
    critical = {
        "containment": contained is not None and contained <= CONTAINED_WITHIN,
        "trace": traced is not None and traced >= TRACED_AT_LEAST,
        "effort": not _given_up_early(db, case),
        "written": values["written"] == 1,
        "closed": case.state == "closed",
    }
    return Score(
        points=f"{total:f}",
        passed=total >= PASSES_AT and all(critical.values()),
        rows=rows,
        critical=critical,
        counts=_counts(db, case, told, lying),
        kinds=_kinds(db, case),
        stopped={one: _waits(db, case, one) for one in LANGUAGES} if case.state == "open" else {},
    )


def finish(db: Session, number: str, *, at: datetime, ended_at: datetime) -> None:
    """Score a drill, reveal its seed and have its report sealed. Flushes.

    A recall that was not closed is ended where it stands; one that somebody voided is abandoned,
    not scored. `at` is the drill's time, `ended_at` the server's. A drill that was scored stays as
    it is.
    """
    case, drill = drill_of(db, number)
    if drill.ended_at is not None:
        return
    if case.state == "void":
        give_up(db, number, reason=voided_because(db, case), by=None, at=ended_at)
        return

    found = score(db, case, drill)
    drill.ended_at = ended_at
    drill.outcome = "passed" if found.passed else "failed"
    drill.result = asdict(found)
    body = {"outcome": drill.outcome, "points": found.points, "seed": drill.seed}
    ledger.append(db, case.stream, "drill_scored", body, by=None, at=at)
    drill.document_id = report.ask(db, case, drill, found, at=at).id
    if case.state == "open":
        drill.reason = found.stopped[case.language]
        stop(db, case, drill.reason, by=None, at=at)
    db.flush()


def _waits(db: Session, case: Case, language: str) -> str:
    """Return what an open recall waits for."""
    names = open_tasks(case.number).with_only_columns(Task.name)
    waiting = db.scalars(names.distinct().order_by(Task.name))
    unwritten = db.execute(
        select(Notice.language, func.count(Notice.id))
        .where(Notice.case_id == case.id, Notice.first_sent_at.is_(None))
        .group_by(Notice.language)
        .order_by(Notice.language)
    )
    return "; ".join(
        [
            *(say(one, language) for one in waiting),
            *(say(UNWRITTEN, language, count=count, tongue=tongue) for tongue, count in unwritten),
        ]
    )


def of_drill(db: Session, case: Case, drill: Drill) -> Score:
    """Return the score as it was kept, or as it stands while the drill runs."""
    if drill.result is None:
        return score(db, case, drill)
    kept = dict(drill.result)
    rows = tuple(Scored(**one) for one in kept.pop("rows"))
    return Score(rows=rows, **kept)


def _times(db: Session, case: Case, drill: Drill) -> dict[str, Decimal | None]:
    """Return the minutes from the signal to each stage.

    Hospitals that answer people faster than life count with the time they would have taken.
    """
    told = {one.name: one.value for one in facts.standing(db, case)}
    sent = db.scalar(
        select(func.min(Notice.first_sent_at, type_=Notice.first_sent_at.type)).where(
            Notice.case_id == case.id
        )
    )
    most = _acknowledged_at(db, case)
    waited = (most - sent) * (drill.speed - 1) if most and sent else timedelta(0)
    moments = {
        "containment": (_moment(told.get("containment")), timedelta(0)),
        "decision": (_moment(told.get("decision")), timedelta(0)),
        "first_notice": (sent, timedelta(0)),
        "acknowledged": (most, waited),
        "reconciled": (_moment(told.get("completion")), waited),
        "closed": (case.ended_at if case.state == "closed" else None, waited),
    }
    return {
        code: None if at is None else _minutes(at - case.opened_at + more)
        for code, (at, more) in moments.items()
    }


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _minutes(time: timedelta) -> Decimal:
    return Decimal(round(time.total_seconds() / 60))


def _acknowledged_at(db: Session, case: Case) -> datetime | None:
    """Return when nine in ten of the consignees had answered."""
    rows = db.scalars(
        select(Notice.answered_at).where(Notice.case_id == case.id).order_by(Notice.id)
    ).all()
    answered = sorted(one for one in rows if one is not None)
    needed = -(-len(rows) * 9 // 10)
    return answered[needed - 1] if needed and len(answered) >= needed else None


@dataclass(frozen=True)
class _Told:
    """How many consignees there are, were written to, answered, and never did."""

    all_count: int
    written_count: int
    answered_count: int
    silent_count: int

    def share(self, count: int) -> Decimal | None:
        """Return what share of the consignees so many are; of none there is none."""
        return Decimal(count) / self.all_count if self.all_count else None


def _told(db: Session, case: Case) -> _Told:
    row = db.execute(
        select(
            func.count(Notice.id),
            func.count(Notice.first_sent_at),
            func.count(Notice.answered_at),
            func.count(Notice.id).filter(Notice.state == "closed", Notice.answered_at.is_(None)),
        ).where(Notice.case_id == case.id)
    ).one()
    return _Told(*row)


def _shares(
    db: Session, case: Case, told: _Told, lying: Reconciliation
) -> dict[str, Decimal | None]:
    version = scopes.standing(db, case)
    found = Figures.from_json(version.counts) if version is not None else None
    all_count = found.units + Decimal(found.quantity) if found else Decimal(0)
    lost = found.places["not_known"] if found else None
    unknown = lost.units + Decimal(lost.quantity) if lost else Decimal(0)
    return {
        "written": told.share(told.written_count),
        "trace": 1 - unknown / all_count if all_count else None,
        "recovery": lying.recovery_rate,
        "answered": told.share(told.answered_count),
    }


def _given_up_early(db: Session, case: Case) -> bool:
    """Say whether somebody was left without an answer who was not tried often enough.

    Their notice was closed, or the drill ended while nobody had said what became of their units.
    """
    closed = select(Notice.party_id).where(
        Notice.case_id == case.id, Notice.state == "closed", Notice.answered_at.is_(None)
    )
    answered = select(Notice.party_id).where(
        Notice.case_id == case.id, Notice.answered_at.is_not(None)
    )
    lying = BalanceTotal
    left = select(lying.party_id).where(
        lying.case_id == case.id,
        lying.account.in_((settling.UNRESOLVED, settling.STILL_MISSING)),
        lying.party_id != 0,  # what is with nobody
        lying.party_id.not_in(answered),
    )
    given_up = union(closed, left).subquery()
    early = select(given_up.c.party_id).where(
        given_up.c.party_id.not_in(settling.tried_enough(case))
    )
    return db.scalar(early.limit(1)) is not None


def _counts(db: Session, case: Case, told: _Told, lying: Reconciliation) -> dict[str, str]:
    held = select(func.coalesce(func.sum(SimulatedHold.target_count), 0)).where(
        SimulatedHold.case_id == case.id
    )
    return {
        "affected": f"{(lying.produced or Decimal(0)).normalize():f}",
        "distributed": f"{lying.distributed.normalize():f}",
        "recovered": f"{lying.recovered.normalize():f}",
        "held": str(db.scalar(held)),
        "consignees": str(told.all_count),
        "answered": str(told.answered_count),
        "silent": str(told.silent_count),
    }


def _kinds(db: Session, case: Case) -> dict[str, int]:
    rows = db.execute(
        select(SyntheticAnswer.kind, func.count())
        .where(SyntheticAnswer.case_id == case.id, SyntheticAnswer.number == 1)
        .group_by(SyntheticAnswer.kind)
    )
    found: dict[str, int] = {kind: count for kind, count in rows}  # noqa: C416  rows are no pairs
    return {kind: found[kind] for kind in KINDS if kind in found}
