"""Decisions on events as they stand: by jurisdiction, and whether each still holds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.cases.reported import places
from engine.cases.reported.finding import named
from engine.cases.reported.models import EventReportability, EventSecondLook, ReportedEvent
from engine.regulators import jurisdictions as law
from engine.regulators.jurisdictions import Jurisdiction, JurisdictionUnknown
from engine.regulators.reportability import Reporting, reporting
from engine.words import N_
from forms.kinds.country import countries

SAID = {"yes": N_("Yes"), "no": N_("No"), "unknown": N_("Not known")}

_later = aliased(EventReportability)
REPLACED = select(_later.id).where(_later.supersedes_id == EventReportability.id).exists()


@dataclass(frozen=True)
class Decision:
    """What somebody decides on one event in one jurisdiction; `replaces` is what they looked at."""

    number: str
    jurisdiction: str
    is_reportable: bool | None = None
    report: str | None = None
    reason: str = ""
    reported_under: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    replaces: int | None = None


@dataclass(frozen=True)
class Asked:
    """One event in one jurisdiction, locked: what it says, what is asked, what stands."""

    event: ReportedEvent
    here: Jurisdiction
    law: Reporting
    where: str
    standing: EventReportability | None


def look(db: Session, number: str, code: str) -> Asked:
    """Return an event and what one jurisdiction asks of it.

    Raises `EventUnknown`, and `JurisdictionUnknown` for what is no country.
    """
    event, here = named(db, number), law.named(code)
    if here not in law.listed() and here.code not in countries("en"):
        raise JurisdictionUnknown(code=code)
    where = places.where_for(event, here.code)
    return Asked(event, here, reporting(here.code), where, standing(db, number).get(here.code))


def standing(db: Session, number: str) -> dict[str, EventReportability]:
    """Return the decisions on an event that no later one supersedes, by jurisdiction."""
    return standing_of(db, [number]).get(number, {})


def standing_of(db: Session, numbers: Sequence[str]) -> dict[str, dict[str, EventReportability]]:
    """Return the standing decisions on several events, by number and jurisdiction."""
    rows = select(EventReportability).where(EventReportability.number.in_(numbers), ~REPLACED)
    found: dict[str, dict[str, EventReportability]] = {}
    for one in db.scalars(rows.order_by(EventReportability.id)):
        found.setdefault(one.number, {})[one.jurisdiction] = one
    return found


def decisions_of(db: Session, number: str) -> list[EventReportability]:
    """Return every decision on an event, the newest first."""
    rows = select(EventReportability).where(EventReportability.number == number)
    return list(db.scalars(rows.order_by(EventReportability.id.desc())))


def looks_of(db: Session, decisions: Iterable[EventReportability]) -> dict[int, EventSecondLook]:
    """Return the second looks that decisions need, given or not, by the id of the decision."""
    ids = [one.id for one in decisions]
    rows = select(EventSecondLook).where(EventSecondLook.decision_id.in_(ids))
    return {one.decision_id: one for one in db.scalars(rows)}


def counts(
    event: ReportedEvent, decision: EventReportability | None, look: EventSecondLook | None
) -> bool:
    """Say whether a decision holds: signed on what the event says now, confirmed where it must."""
    if decision is None or decision.version < event.judged_version:
        return False
    return look is None or look.is_confirmed is True


def decision_of(row: EventReportability) -> Decision:
    """Return a decision as it was given."""
    return Decision(
        row.number, row.jurisdiction, row.is_reportable, row.report, row.reason,
        row.reported_under, row.answers, row.supersedes_id,
    )  # fmt: skip


def is_against(asked: Asked, decision: Decision) -> bool:
    """Say whether a no would go against its own answers, or against the harm the event tells of."""
    tells_harm = asked.event.outcome in ("death", "serious_injury")
    return tells_harm or asked.law.is_against(decision.answers, asked.where)
