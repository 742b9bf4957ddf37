"""Obligations as their pages show them: what, to whom, by when and why, and every due time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases.models import Case
from engine.cases.obligations import acting, keeping, listing
from engine.cases.obligations.models import OPEN, Obligation, ObligationClock
from engine.cases.recalls import jurisdictions as decisions
from engine.cases.recalls.authorities import notifications_of
from engine.cases.recalls.models import Notification
from engine.facts import NAMES
from engine.regulators import authorities, calendars, jurisdictions as law, rulebook
from engine.regulators.arithmetic import zoned
from engine.regulators.rulebook import Rule, RuleUnknown
from webapp import words
from webapp.queries.rules import recipient
from webapp.times import as_typed, language


@dataclass(frozen=True)
class ObligationShown:
    """One obligation in the reader's language."""

    row: Obligation
    rule: Rule | None  # None: no file has this rule any more
    what: str
    authority: str
    is_late: bool
    is_rule_changed: bool
    arithmetic: str
    why: str
    due_there: str  # by the time of the authority
    clocks: Sequence[ObligationClock] = ()


@dataclass(frozen=True)
class JurisdictionBoard:
    """What one recall owes in one jurisdiction."""

    key: str
    code: str | None
    name: str
    is_decided: bool
    lines: Sequence[ObligationShown]
    facts: Sequence[tuple[str, str]]  # that somebody can record there
    sent_local: str  # of the last notification there, by the reader's clock
    receipt: str


def shown(
    row: Obligation, *, at: datetime, clocks: Sequence[ObligationClock] = ()
) -> ObligationShown:
    """Return an obligation as the pages say it."""
    rule = _rule(row)
    calendar = calendars.of_country(row.country or "")
    return ObligationShown(
        row,
        rule,
        rule.said(language()) if rule else row.rule,
        authority(row.authority),
        row.state == OPEN and row.alarm_at is not None and row.alarm_at < at,
        rule is not None and rule.version != row.rule_version,
        row.arithmetic.get(language(), ""),
        row.arithmetic.get(f"why_{language()}", ""),
        zoned(row.alarm_at, calendar) if row.alarm_at else "",
        clocks,
    )


def _rule(row: Obligation) -> Rule | None:
    try:
        return rulebook.named(row.rule)
    except RuleUnknown:
        return None


def authority(code: str) -> str:
    """Return who is owed something: an authority, users, or a country with no entry."""
    if code in authorities.RECIPIENTS:
        return recipient(code)
    return words.country(code.upper()) if len(code) == 2 else gettext("Country not known")


def board(db: Session, case: Case, *, at: datetime) -> list[JurisdictionBoard]:
    """Return what a recall owes, jurisdiction by jurisdiction."""
    rows = keeping.of_case(db, case)
    told = {one.jurisdiction: one for one in notifications_of(db, case) if one.sent_at}
    clocks = listing.clocks_of(db, rows)
    by_key: dict[str, list[ObligationShown]] = {}
    for row in rows:
        line = shown(row, at=at, clocks=clocks.get(row.id, ()))
        by_key.setdefault(row.jurisdiction, []).append(line)
    return [
        JurisdictionBoard(
            decision.key,
            decision.code,
            jurisdiction(decision.code or decision.key),
            decision.legal_name is not None,
            by_key.get(decision.key, ()),
            [(name, gettext(NAMES[name])) for name in acting.starting(decision.code)],
            *_offered(told.get(decision.key)),
        )
        for decision in decisions.rows_of(db, case)
    ]


def _offered(told: Notification | None) -> tuple[str, str]:
    if told is None or told.sent_at is None:
        return "", ""
    return as_typed(told.sent_at), told.receipt or ""


def jurisdiction(key: str) -> str:
    """Return the name of a jurisdiction by its key in a recall."""
    try:
        return words.jurisdiction(law.named(key))
    except law.JurisdictionUnknown:
        return gettext("Country not known")
