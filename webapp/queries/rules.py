"""The rules of the law as their page shows them, and what would be due if something were known."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext

from engine.facts import CLOCKS, NAMES
from engine.regulators import (
    authorities,
    calendars,
    clocks,
    incidents,
    jurisdictions,
    rulebook,
)
from engine.regulators.arithmetic import line, zoned
from engine.regulators.clocks import Due
from engine.regulators.rulebook import Rule
from engine.regulators.triggers import read_by
from webapp import words
from webapp.times import language
from webapp.words import N_

PERIODS = {
    "hours": (N_("%(num)s hour"), N_("%(num)s hours")),
    "weekday_hours": (N_("%(num)s hour of weekdays"), N_("%(num)s hours of weekdays")),
    "days": (N_("%(num)s calendar day"), N_("%(num)s calendar days")),
    "work_days": (N_("%(num)s working day"), N_("%(num)s working days")),
    "weeks": (N_("%(num)s week"), N_("%(num)s weeks")),
    "months": (N_("%(num)s month"), N_("%(num)s months")),
    "years": (N_("%(num)s year"), N_("%(num)s years")),
}
WHOSE = {"authority": N_("The authority's own period"), "others": N_("Due from others")}
DUTIES = {
    "report": N_("Report"),
    "notice": N_("Notice"),
    "publication": N_("Publication"),
    "record": N_("Record"),
    "gate": N_("Has to be waited for"),
    "keeping": N_("Keeping records"),
}
ABOUT = {
    "action": N_("Of a field action"),
    "event": N_("Of a reported event"),
    "device": N_("Of a device, with no case"),
}


@dataclass(frozen=True)
class RuleShown:
    """One rule in the reader's language."""

    rule: Rule
    period: str
    starts: tuple[str, ...]
    recipients: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """The rules of one jurisdiction."""

    code: str
    name: str
    rules: tuple[RuleShown, ...]

    @property
    def unverified_count(self) -> int:
        """Return how many were compared with no text of the law."""
        return sum(not one.rule.is_checked for one in self.rules)


@dataclass(frozen=True)
class WayShown:
    """One way to read the text: how that is reckoned, and why it is possible."""

    arithmetic: str
    why: str
    governs: bool


@dataclass(frozen=True)
class DueShown:
    """What would be due: for alarms, and what we aim at, by the time of the authority."""

    due: Due
    alarm: str
    target: str
    ways: tuple[WayShown, ...]


def groups(text: str = "") -> list[Group]:
    """Return the rules by jurisdiction, or those that say what was searched."""
    named = {one.code: one.said(language()) for one in jurisdictions.listed()}
    found = []
    for code in dict.fromkeys(rule.jurisdiction for rule in sorted(rulebook.listed(), key=_place)):
        shown = tuple(
            _shown(rule)
            for rule in rulebook.listed()
            if rule.jurisdiction == code and _says(rule, text)
        )
        if shown:
            found.append(Group(code, named.get(code) or gettext("Any other country"), shown))
    return found


def _place(rule: Rule) -> int:
    """Return where the jurisdiction of a rule stands; those of no country are last."""
    order = [one.code for one in jurisdictions.listed()]
    return order.index(rule.jurisdiction) if rule.jurisdiction in order else len(order)


def _says(rule: Rule, text: str) -> bool:
    said = (rule.id, rule.name, rule.name_zh, rule.source, rule.words, rule.note, rule.note_zh)
    return text.strip().casefold() in " ".join(said).casefold()


def _shown(rule: Rule) -> RuleShown:
    return RuleShown(
        rule,
        period(rule),
        tuple(gettext(NAMES[name]) for name in read_by(rule.start)),
        tuple(recipient(one) for one in rule.recipient),
    )


def recipient(code: str) -> str:
    """Return who gets something, in the reader's language."""
    found = authorities.listed().get(code)
    return found.said(language()) if found else gettext(authorities.OTHERS[code])


def period(rule: Rule) -> str:
    """Return the period of a rule in a few words."""
    if rule.unit == "plan":
        return _interval(rule)
    if rule.unit == "immediate":
        return gettext("at once; our target: %(hours)s", hours=_amount("hours", rule.target or 0))
    if rule.amount is None:
        return gettext(clocks.OPEN[rule.unit])
    amount = _amount(rule.unit, rule.amount)
    if rule.direction == "before":
        return _before(rule, amount)
    return gettext("%(amount)s after each year", amount=amount) if rule.after_years else amount


def _interval(rule: Rule) -> str:
    if rule.amount is None:
        return gettext("as often as the plan says")
    return gettext(
        "as often as the plan says, every %(least)s to %(most)s days",
        least=rule.least or 1,
        most=rule.most or rule.amount,
    )


def _before(rule: Rule, amount: str) -> str:
    if rule.amount:
        return gettext("%(amount)s before", amount=amount)
    return gettext("before it") if rule.unit == "hours" else gettext("on the day or before")


def _amount(unit: str, amount: int) -> str:
    one, more = PERIODS[unit]
    return gettext(one if amount == 1 else more, num=amount)


# --- what if ----------------------------------------------------------------------------------


def countries() -> list[tuple[str, str]]:
    """Return the countries whose authorities have a calendar, by their names."""
    rows = [(code, words.country(code)) for code in calendars.COUNTRIES]
    return sorted(rows, key=lambda row: row[1])


def starting_facts() -> list[tuple[str, str]]:
    """Return the facts that clocks run from: the usual ones first."""
    usual = ["awareness", "decision", "initiation", "completion"]
    rest = [name for name in CLOCKS if name not in usual]
    return [(name, gettext(NAMES[name])) for name in [*usual, *rest]]


def what_if(country: str, fact: str, moment: datetime) -> list[DueShown]:
    """Return what a fact at a moment would make due in a country, the earliest first."""
    code, calendar = jurisdictions.of_country(country).code, calendars.of_country(country)
    day = calendar.day_of(moment)
    dues = [
        due
        for rule in rulebook.of_jurisdiction(code)
        if rule.is_in_force(day) and fact in read_by(rule.start)
        if (due := clocks.due(rule, {fact: moment}, calendar)) is not None
    ]
    return [_due_shown(due, calendar) for due in sorted(dues, key=_when)]


def reported(
    jurisdiction: str, report: str, aware_at: datetime, country: str | None
) -> DueShown | None:
    """Return when an event is due to be reported, None where no rule was law at the time."""
    due = incidents.report_due(jurisdiction, report, aware_at, country=country)
    if due is None:
        return None
    calendar = incidents.calendar_of(due.rule.calendar, jurisdiction, country)
    return _due_shown(due, calendar)


def _when(due: Due) -> tuple[bool, datetime]:
    return due.alarm_at is None, due.alarm_at or due.started_at


def _due_shown(due: Due, calendar: calendars.Calendar) -> DueShown:
    ways = [
        WayShown(
            due.said(language()) if one is due.governing else line(one.steps, language()),
            one.reading.said(language()) if one.reading else "",
            governs=one is due.governing,
        )
        for one in due.reads
    ]
    return DueShown(
        due,
        zoned(due.alarm_at, calendar) if due.alarm_at else "",
        zoned(due.target_at, calendar) if due.target_at else "",
        tuple(ways),
    )
