"""Obligations kept in step with the facts: opened, due earlier, or not owed; never due later."""

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.bpmn.models import Instance
from engine.cases.models import Case
from engine.cases.obligations.deriving import Key, Owed, owed
from engine.cases.obligations.models import DROPPED, MET, OPEN, Obligation, ObligationClock
from engine.cases.recalls.models import JurisdictionDecision
from engine.cases.tasks import lock_case
from engine.db import Database
from engine.evidence import ledger
from engine.people.person import Person
from engine.regulators.clocks import Due

OPENED, EARLIER, NOT_OWED = "opened", "earlier", "dropped"


def of_case(db: Session, case: Case) -> list[Obligation]:
    """Return the obligations of a recall, by jurisdiction and authority."""
    return list(
        db.scalars(
            select(Obligation)
            .where(Obligation.case_id == case.id)
            .order_by(Obligation.jurisdiction, Obligation.authority, Obligation.id)
        )
    )


def refresh(db: Session, case: Case, *, by: Person | None, at: datetime) -> None:
    """Open what the facts ask for since, and let what is due earlier be so. Flushes.

    For whoever records a fact or a decision, in its transaction; the case is locked. What a
    decision says is not owed is dropped, and is open again where the next one says it is.
    """
    done: dict[str, list[str]] = {OPENED: [], EARLIER: [], NOT_OWED: []}
    taken, dropped = _changes(db, case, at=at)
    for row, one in taken:
        what = EARLIER if row is not None and row.state == OPEN else OPENED
        kept = row if row is not None else _open(db, case, one, at=at)
        kept.state = OPEN
        _take(kept, one)
        _keep(db, kept, by=by, at=at)
        done[what].append(f"{kept.authority}: {kept.shared}")
    for row in dropped:
        row.state = DROPPED
        _keep(db, row, by=by, at=at)
        done[NOT_OWED].append(f"{row.authority}: {row.shared}")
    db.flush()
    if any(done.values()):
        counts = {f"{name}_count": len(names) for name, names in done.items()}
        ledger.append(db, case.stream, "obligations_reckoned", {**done, **counts}, by=by, at=at)


def reckon_all(database: Database, *, at: datetime) -> int:
    """Bring what every open recall owes up to date, each in its own transaction; count them.

    A rule came into force, or its file says something else; a recall is older than its rules.
    """
    with database.read() as db:
        running = db.scalars(
            select(Case)
            .join(Instance, Instance.id == Case.instance_id)
            .where(
                Instance.clock.is_not_distinct_from(clock.own()),
                Case.state == "open",
                Case.id.in_(select(JurisdictionDecision.case_id)),
            )
            .order_by(Case.id)
        ).all()
        stale = [case.number for case in running if any(_changes(db, case, at=at))]
    for number in stale:
        with database.begin() as db:
            case = lock_case(db, number)
            if case.state == "open":
                refresh(db, case, by=None, at=at)
    return len(stale)


def _changes(
    db: Session, case: Case, *, at: datetime
) -> tuple[list[tuple[Obligation | None, Owed]], list[Obligation]]:
    """Return what is owed anew, each with the row that stands, and the rows that are not owed."""
    standing = {_key(one): one for one in of_case(db, case)}
    met = Counter(_row(one) for one in standing.values() if one.state == MET)
    wanted = {one.key: one for one in owed(db, case, met=met, at=at)}
    taken = [(standing.get(key), one) for key, one in wanted.items()]
    return (
        [(row, one) for row, one in taken if row is None or _is_news(row, one)],
        [row for key, row in standing.items() if row.state == OPEN and key not in wanted],
    )


def _key(row: Obligation) -> Key:
    return row.jurisdiction, row.authority, row.shared, row.number


def _row(row: Obligation) -> Key:
    return row.jurisdiction, row.authority, row.shared, 1


def _open(db: Session, case: Case, one: Owed, *, at: datetime) -> Obligation:
    row = Obligation(
        case_id=case.id,
        jurisdiction=one.jurisdiction,
        authority=one.authority,
        country=one.country,
        shared=one.rule.shared,
        number=one.number,
        rule=one.rule.id,
        rule_version=one.rule.version,
        state=OPEN,
        opened_at=at,
        arithmetic={},
    )
    db.add(row)
    db.flush()
    return row


def _is_news(row: Obligation, one: Owed) -> bool:
    """Say whether what stands is owed again, or its clock is another now."""
    if row.state == OPEN:
        return one.due is not None and _is_earlier(row, one.due)
    return row.state == DROPPED


def _is_earlier(row: Obligation, due: Due) -> bool:
    """Say whether the clock starts only now, or rings earlier than it did."""
    if row.started_at is None:
        return True
    alarm = due.alarm_at
    return alarm is not None and (row.alarm_at is None or alarm < row.alarm_at)


def _take(row: Obligation, one: Owed) -> None:
    """Let an obligation go by a clock, where that is not later than it was."""
    due = one.due
    if due is None or not _is_earlier(row, due):
        return
    row.rule, row.rule_version = one.rule.id, one.rule.version
    row.started_at = due.started_at
    row.latest_at, row.alarm_at = due.latest_at, due.alarm_at
    row.target_at = due.target_at
    row.arithmetic = _said(due)


def _said(due: Due) -> dict[str, Any]:
    said = {language: due.said(language) for language in ("en", "zh")}
    why = {f"why_{language}": due.why(language) for language in ("en", "zh")}
    return {**said, **{name: words for name, words in why.items() if words}}


def _keep(db: Session, row: Obligation, *, by: Person | None, at: datetime) -> None:
    db.add(
        ObligationClock(
            obligation_id=row.id,
            at=at,
            by_id=by.id if by else None,
            state=row.state,
            rule=row.rule,
            rule_version=row.rule_version,
            alarm_at=row.alarm_at,
            arithmetic=row.arithmetic,
        )
    )
