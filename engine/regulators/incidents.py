"""When an event is due to be reported in one jurisdiction, by the clocks its report starts."""

from datetime import datetime

from engine.regulators import calendars, clocks, jurisdictions as law, rulebook
from engine.regulators.calendars import Calendar
from engine.regulators.clocks import Due


def report_due(
    jurisdiction: str, report: str, aware_at: datetime, *, country: str | None
) -> Due | None:
    """Return the earliest clock of a kind of report, None where no rule was law at the time.

    `country` is where the event happened: in a union its days count, else weekends only.
    """
    found = []
    for rule in rulebook.of_jurisdiction(jurisdiction):
        if rule.about != "event" or rule.when != f"report == '{report}'":
            continue
        calendar = calendar_of(rule.calendar, jurisdiction, country)
        if not rule.is_in_force(calendar.day_of(aware_at)):
            continue
        due = clocks.due(rule, {"awareness": aware_at}, calendar)
        if due is not None:
            found.append(due)
    return clocks.governing(found)


def calendar_of(of_rule: str, jurisdiction: str, country: str | None) -> Calendar:
    """Return the calendar of the authority that the event is reported to."""
    if of_rule != rulebook.AUTHORITY:
        return calendars.of_country(of_rule)
    is_there = country is not None and country in law.named(jurisdiction).countries
    return calendars.of_country(country if is_there and country else "")
