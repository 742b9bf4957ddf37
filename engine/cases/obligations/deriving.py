"""What a recall owes as its facts and decisions stand, by the rules in force; it writes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.models import Case, Fact
from engine.cases.recalls.models import JurisdictionDecision
from engine.cases.reporting.models import StatusSchedule
from engine.cases.standing import standing
from engine.facts import CLOCKS
from engine.regulators import authorities, calendars, clocks, jurisdictions as law, rulebook
from engine.regulators.clocks import Due
from engine.regulators.rulebook import Rule
from engine.regulators.triggers import applies, read_by

UNKNOWN, ENDED = "unknown", "termination"
LET_GO_ON = "notices: opened"  # a gate may also be passed in urgency, or closed again
OURS = ("report", "notice", "publication", "record")  # what is done, not waited for or kept
Told = Mapping[str, Sequence[datetime]]
Key = tuple[str, str, str, int]  # jurisdiction, authority, what is owed, the which of it


@dataclass(frozen=True)
class Owed:
    """One thing that is owed to one authority; `due` is None while no clock of it runs."""

    jurisdiction: str
    authority: str
    country: str | None
    rule: Rule
    number: int
    due: Due | None

    @property
    def key(self) -> Key:
        """Return what it is found again by."""
        return self.jurisdiction, self.authority, self.rule.shared, self.number


@dataclass(frozen=True)
class _Made:
    """What was submitted already, the interval the strategy set, and today."""

    met: Mapping[Key, int]
    plan_days: int | None
    at: datetime


def owed(db: Session, case: Case, *, met: Mapping[Key, int], at: datetime) -> list[Owed]:
    """Return what the recall owes; `met` says how many reports of a row were submitted already."""
    rows = db.scalars(
        select(JurisdictionDecision)
        .where(JurisdictionDecision.case_id == case.id)
        .order_by(JurisdictionDecision.key)
    ).all()
    if not rows:
        return []
    dated = [one for one in standing(db, case) if one.name in (*CLOCKS, ENDED)]
    every = db.scalar(
        select(StatusSchedule.every_days)
        .where(StatusSchedule.case_id == case.id)
        .order_by(StatusSchedule.id.desc())
        .limit(1)
    )
    made = _Made(met, every, at)
    return [one for row in rows for one in _of_row(row, dated, made)]


def known_of(row: JurisdictionDecision) -> dict[str, Any]:
    """Return what is known of one jurisdiction; what nobody decided is left out."""
    known: dict[str, Any] = {
        "is_known": row.code is not None,
        "has_units": row.reached_by != "authorisation",
        "is_authorised": row.reached_by != "units",
    }
    if row.legal_name is not None:
        named = law.named(str(row.code)).legal_name(row.legal_name)
        known |= {
            "is_action": named.is_action,
            "is_reportable": bool(row.is_reportable),
            "legal_name": row.legal_name,
            "class_name": row.class_name,
        }
    return known


def told_of(row: JurisdictionDecision, standing: Sequence[Fact]) -> Told:
    """Return the moments of each fact in one jurisdiction, the earliest first."""
    told: dict[str, list[datetime]] = {}
    for one in standing:
        if one.jurisdiction in (None, row.code) and _counts(one):
            told.setdefault(one.name, []).append(_moment(one))
    return {name: sorted(moments) for name, moments in told.items()}


def _counts(fact: Fact) -> bool:
    return fact.name != "gate_opened" or fact.value == LET_GO_ON


def _moment(fact: Fact) -> datetime:
    """Return when a fact was; one that says something else was when it was recorded."""
    try:
        return datetime.fromisoformat(fact.value)
    except ValueError:
        return fact.recorded_at


def _of_row(row: JurisdictionDecision, standing: Sequence[Fact], made: _Made) -> Iterator[Owed]:
    known, told = known_of(row), told_of(row, standing)
    first = {name: moments[0] for name, moments in told.items()}
    found: dict[Key, list[Owed]] = {}
    for rule in rulebook.of_jurisdiction(row.code or law.OTHER):
        if rule.about != "action" or rule.whose != "ours" or rule.duty not in OURS:
            continue
        if not rule.is_in_force(made.at.date()) or not applies(rule, known, first):
            continue
        for authority, country in receivers(rule, row):
            for one in _counted(rule, row.key, authority, country, told, made):
                found.setdefault(one.key, []).append(one)
    for several in found.values():
        yield _governing(several)


def _governing(several: Sequence[Owed]) -> Owed:
    """Return the one whose clock governs; the earliest of those that run."""
    best = clocks.governing([one.due for one in several if one.due is not None])
    return next((one for one in several if one.due is best), several[0])


def receivers(rule: Rule, row: JurisdictionDecision) -> list[tuple[str, str | None]]:
    """Return who gets it, each with the country whose calendar counts."""
    own = None if rule.calendar == rulebook.AUTHORITY else rule.calendar
    countries = list(row.countries) or ([own] if own else [])
    found: list[tuple[str, str | None]] = []
    for one in rule.recipient:
        if one in (authorities.MEMBER_STATE, authorities.COUNTRY):
            found += [(country.lower(), country) for country in countries]
        else:
            found.append((one, own or (countries[0] if countries else None)))
    return found or [(UNKNOWN, None)]


def _counted(
    rule: Rule,
    jurisdiction: str,
    authority: str,
    country: str | None,
    told: Told,
    made: _Made,
) -> Iterator[Owed]:
    """Yield what a rule asks once, for each time its fact came, or as the next of a row."""
    calendar = calendars.of_country(country or UNKNOWN)
    first = {name: moments[0] for name, moments in told.items()}
    one = Owed(jurisdiction, authority, country, rule, 1, None)
    if rule.unit == "plan":
        number = 1 + made.met.get(one.key, 0)
        if ENDED in told:  # reports go on until its authority ends its oversight
            return
        due = clocks.due(rule, first, calendar, plan_days=made.plan_days, occurrence=number)
        yield replace(one, number=number, due=due)
        return
    again = [name for name in read_by(rule.start) if f"{name} != None" in rule.when]
    if not again:
        yield replace(one, due=clocks.due(rule, first, calendar))
        return
    for number, moment in enumerate(told.get(again[0], ()), start=1):
        due = clocks.due(rule, {**first, again[0]: moment}, calendar)
        yield replace(one, number=number, due=due)
