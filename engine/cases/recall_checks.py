"""Checks of what a recall decided and did, by the entries of its ledger: both ways, row by row."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, select
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
Query = Select[*tuple[Any, ...]]


def check_recall(result: Result, db: Session, case: Case, entries: Sequence[LedgerEntry]) -> None:
    """Hold scopes, decisions, strategies, attempts, replies and endings against their entries."""
    if case.process != "recall":
        return
    said = _Said(entries)
    each: tuple[tuple[str, Query, Iterable[Row]], ...] = (
        (
            "scope",
            _frozen(case),
            said.of("scope_frozen", "scope", "is_provisional", "run", "result_sha256", "signature"),
        ),
        (
            "decision of a jurisdiction",
            _decisions(case),
            said.last("jurisdiction_decided", "jurisdiction", "legal_name", "class",
                      "is_reportable", "signature"),
        ),
        (
            "strategy",
            _strategies(case),
            said.of("strategy_approved", "version", "depth", "public_warning", "check_level",
                    "sample_percent", "signature"),
        ),
        (
            "attempt to reach a consignee",
            _attempts(case),
            said.of("outreach_attempted", "notice", "attempt", "channel", "outcome"),
        ),
        ("reply", _replies(case), said.of("reply_recorded", "reply", "name", "role", "sha256")),
        (
            "answer of an authority",
            _answers(case),
            said.of("authority_answered", "jurisdiction", "outcome"),
        ),
        (
            "recall it goes on in",
            _succession(case),
            [*said.of("case_merged", "into", "reason", "signature"),
             *said.of("case_superseded", "into", "reason", "signature")],
        ),
    )  # fmt: skip
    for what, query, entered in each:
        found = Counter(tuple(row) for row in db.execute(query))
        _compare(result, what, found, Counter(entered))


class _Said:
    """What the ledger entered, by action; an edited entry may lack it and is told elsewhere."""

    def __init__(self, entries: Sequence[LedgerEntry]) -> None:
        self._bodies = [(one.action, one.stated_body) for one in entries]

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


def _frozen(case: Case) -> Query:
    return (
        select(
            ScopeVersion.number, ScopeVersion.is_provisional, ScopeVersion.run_id,
            TraceRun.result_sha256, ScopeVersion.signature_id,
        )
        .join(TraceRun, TraceRun.id == ScopeVersion.run_id)
        .where(ScopeVersion.case_id == case.id, ScopeVersion.frozen_at.is_not(None))
    )  # fmt: skip


def _decisions(case: Case) -> Query:
    one = JurisdictionDecision
    return select(
        one.code, one.legal_name, one.class_name, one.is_reportable, one.signature_id
    ).where(one.case_id == case.id, one.legal_name.is_not(None))


def _strategies(case: Case) -> Query:
    one = Strategy
    return (
        select(
            one.version, one.depth, one.public_warning, one.check_level, one.sample_percent,
            one.signature_id,
        ).where(one.case_id == case.id)
    )  # fmt: skip


def _attempts(case: Case) -> Query:
    tried = OutreachAttempt
    return (
        select(Notice.number, tried.id, tried.channel, tried.outcome)
        .join(Notice, Notice.id == tried.notice_id)
        .where(Notice.case_id == case.id)
    )


def _replies(case: Case) -> Query:
    return (
        select(Reply.number, Reply.name, Reply.role, Reply.sha256)
        .join(Notice, Notice.id == Reply.notice_id)
        .where(Notice.case_id == case.id)
    )


def _answers(case: Case) -> Query:
    return select(Termination.jurisdiction, Termination.outcome).where(
        Termination.case_id == case.id, Termination.outcome.is_not(None)
    )


def _succession(case: Case) -> Query:
    return (
        select(Case.number, Succession.reason, Succession.signature_id)
        .join(Case, Case.id == Succession.into_id)
        .where(Succession.case_id == case.id)
    )
