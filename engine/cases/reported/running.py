"""What an event runs as in a jurisdiction while no decision holds: the strictest ever asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.cases.reported import places
from engine.cases.reported.models import EventReportability, EventSecondLook, ReportedEvent
from engine.regulators.incidents import report_due
from engine.regulators.reportability import Report, reporting

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Run:
    """One kind of report, and the version of the event by which it is due."""

    report: Report
    event: ReportedEvent
    is_signed: bool  # a signature asked for it: the decision, or its answers; else the outcome


def runs(
    code: str,
    versions: Sequence[ReportedEvent],
    decisions: Sequence[EventReportability],
    looks: Mapping[int, EventSecondLook],
) -> list[Run]:
    """Return what an event runs as in a jurisdiction, the earliest due first.

    A correction takes no due time back: what an earlier version or a signed decision asked for
    stays beside what the event says now, until a decision holds that was signed on it. `versions`
    and `decisions`, those of the jurisdiction, are newest first.
    """
    by_version = {one.version: one for one in versions}
    found, decided_on = [], 0
    for one in decisions:
        asked_for = _asked_for(one, by_version[one.version], looks.get(one.id))
        if asked_for is not None:
            found.append(Run(asked_for, by_version[one.version], is_signed=True))
        if _has_held(one, looks.get(one.id)):
            decided_on = one.version
            break
    found += _as_told(code, versions, decided_on)
    return sorted(found, key=lambda one: _due_at(code, one))


def _as_told(code: str, versions: Sequence[ReportedEvent], decided_on: int) -> Iterator[Run]:
    """Yield the present version, and what no decision was signed on since the last that held."""
    for one in versions:
        if one is versions[0] or one.judged_version > decided_on:
            taken_for = reporting(code).taken_for(one.outcome, places.where_for(one, code))
            yield Run(taken_for, one, is_signed=False)


def _has_held(decision: EventReportability, look: EventSecondLook | None) -> bool:
    return decision.is_reportable or look is None or look.is_confirmed is True


def _asked_for(
    decision: EventReportability, event: ReportedEvent, look: EventSecondLook | None
) -> Report | None:
    """Return the report that a decision chose; of a no that never held, what its answers told."""
    law = reporting(decision.jurisdiction)
    if decision.report:
        return law.report(decision.report)
    if _has_held(decision, look):
        return None
    return law.told_of(decision.answers, places.where_for(event, decision.jurisdiction))


def _due_at(code: str, run: Run) -> datetime:
    due = report_due(code, run.report.code, run.event.aware_at, country=run.event.country)
    return due.alarm_at or NEVER if due else NEVER
