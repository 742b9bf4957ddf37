"""Checks of what a recall decided and did, by the entries of its ledger: both ways, row by row."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.notices.models import Notice, OutreachAttempt
from engine.cases.recalls.models import JurisdictionDecision, Strategy, Succession, Termination
from engine.cases.replies.models import Reply
from engine.cases.scopes.models import ScopeVersion
from engine.evidence.findings import Result
from engine.evidence.ledger import LedgerEntry
from engine.serials.models import TraceRun

Row = tuple[Any, ...]


def check_recall(result: Result, db: Session, case: Case, entries: Sequence[LedgerEntry]) -> None:
    """Hold scopes, decisions, strategies, attempts, replies and endings against their entries."""
    if case.process != "recall":
        return
    said = _Said(entries)
    each: tuple[tuple[str, Iterable[Row], Iterable[Row]], ...] = (
        (
            "scope",
            _frozen(db, case),
            said.of("scope_frozen", "scope", "is_provisional", "run", "result_sha256", "signature"),
        ),
        (
            "decision of a jurisdiction",
            _decisions(db, case),
            said.last("jurisdiction_decided", "jurisdiction", "legal_name", "class",
                      "is_reportable", "signature"),
        ),
        (
            "strategy",
            _strategies(db, case),
            said.of("strategy_approved", "version", "depth", "public_warning", "check_level",
                    "sample_percent", "signature"),
        ),
        (
            "attempt to reach a consignee",
            _attempts(db, case),
            said.of("outreach_attempted", "notice", "attempt", "channel", "outcome"),
        ),
        ("reply", _replies(db, case), said.of("reply_recorded", "reply", "name", "role", "sha256")),
        (
            "answer of an authority",
            _answers(db, case),
            said.of("authority_answered", "jurisdiction", "outcome"),
        ),
        (
            "recall it goes on in",
            _succession(db, case),
            [*said.of("case_merged", "into", "reason", "signature"),
             *said.of("case_superseded", "into", "reason", "signature")],
        ),
    )  # fmt: skip
    for what, found, entered in each:
        _compare(result, what, Counter(found), Counter(entered))


class _Said:
    """What the ledger entered, by action; an edited entry may lack it and is told elsewhere."""

    def __init__(self, entries: Sequence[LedgerEntry]) -> None:
        self._bodies = [(one.action, (one.stated or {}).get("body") or {}) for one in entries]

    def of(self, action: str, *names: str) -> list[Row]:
        """Return these facts of every entry of an action."""
        return [
            tuple(body.get(name) for name in names) for done, body in self._bodies if done == action
        ]

    def last(self, action: str, *names: str) -> list[Row]:
        """Return them of the last entry for each value of the first."""
        return list({row[0]: row for row in self.of(action, *names)}.values())


def _compare(result: Result, what: str, found: Counter[Row], entered: Counter[Row]) -> None:
    for sentence, differing in (
        ("The %(what)s “%(row)s” is not what the ledger entered.", found - entered),
        ("The %(what)s “%(row)s” was entered, and is changed or gone here.", entered - found),
    ):
        for row in differing.elements():
            words = ", ".join(str(one) for one in row if one is not None)
            result.fail(sentence, what=what, row=words)
    if entered and found == entered:
        result.ok(
            "Each %(what)s (%(count)s) is as it was entered.", what=what, count=entered.total()
        )


def _frozen(db: Session, case: Case) -> list[Row]:
    rows = db.execute(
        select(
            ScopeVersion.number, ScopeVersion.is_provisional, ScopeVersion.run_id,
            TraceRun.result_sha256, ScopeVersion.signature_id,
        )
        .join(TraceRun, TraceRun.id == ScopeVersion.run_id)
        .where(ScopeVersion.case_id == case.id, ScopeVersion.frozen_at.is_not(None))
    )  # fmt: skip
    return [tuple(row) for row in rows]


def _decisions(db: Session, case: Case) -> list[Row]:
    one = JurisdictionDecision
    rows = db.execute(
        select(one.code, one.legal_name, one.class_name, one.is_reportable, one.signature_id).where(
            one.case_id == case.id, one.legal_name.is_not(None)
        )
    )
    return [tuple(row) for row in rows]


def _strategies(db: Session, case: Case) -> list[Row]:
    one = Strategy
    rows = db.execute(
        select(
            one.version, one.depth, one.public_warning, one.check_level, one.sample_percent,
            one.signature_id,
        ).where(one.case_id == case.id)
    )  # fmt: skip
    return [tuple(row) for row in rows]


def _attempts(db: Session, case: Case) -> list[Row]:
    tried = OutreachAttempt
    rows = db.execute(
        select(Notice.number, tried.id, tried.channel, tried.outcome)
        .join(Notice, Notice.id == tried.notice_id)
        .where(Notice.case_id == case.id)
    )
    return [tuple(row) for row in rows]


def _replies(db: Session, case: Case) -> list[Row]:
    rows = db.execute(
        select(Reply.number, Reply.name, Reply.role, Reply.sha256)
        .join(Notice, Notice.id == Reply.notice_id)
        .where(Notice.case_id == case.id)
    )
    return [tuple(row) for row in rows]


def _answers(db: Session, case: Case) -> list[Row]:
    rows = db.execute(
        select(Termination.jurisdiction, Termination.outcome).where(
            Termination.case_id == case.id, Termination.outcome.is_not(None)
        )
    )
    return [tuple(row) for row in rows]


def _succession(db: Session, case: Case) -> list[Row]:
    rows = db.execute(
        select(Case.number, Succession.reason, Succession.signature_id)
        .join(Case, Case.id == Succession.into_id)
        .where(Succession.case_id == case.id)
    )
    return [tuple(row) for row in rows]
