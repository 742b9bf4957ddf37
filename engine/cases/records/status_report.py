"""The status report of a recall: its figures beside those of the report before."""

from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.bpmn.models import Task
from engine.cases import answers as kept
from engine.cases.accounts import ACCOUNTS
from engine.cases.models import Case
from engine.cases.records.sections import Record, Section, head, kept_answers, sources
from engine.cases.reporting import reports
from engine.cases.reporting.figures import Figures
from engine.cases.reporting.reports import Reported
from engine.words import N_, say

PROCESS = "status_report"
# 21 CFR 810.16(b)(1)-(5), of which 7.53(b) asks nearly the same
CLAUSE = N_("21 CFR 810.16(b)(%(item)s); 7.53(b), unverified; NMPA order 29, article 20")


def draw(db: Session, case: Case, task: Task, own: list[dict[str, Any]] | None) -> Record:
    """Return the record of one report; `own` is the answer of the approval that is signed."""
    report = reports.of_instance(db, task.instance_id)
    if report is None:
        message = f"{task.id} makes no status report"
        raise ValueError(message)
    shown = reports.with_before(db, report)
    given = kept.standing(db, case, process=PROCESS, instance_id=task.instance_id)
    return {
        **head(
            db, case, title=N_("Status report"), number=f"{case.number}-S{report.number}",
            created_at=report.taken_at,
        ),
        "sources": sources(given),
        "sections": [
            _notified(shown, case.language),
            _responding(shown, case.language),
            _accounted(shown, case.language),
            _each(shown, case.language),
            _checks(shown, case.language),
            *kept_answers(db, case, given),
            *(own or ()),
        ],
    }  # fmt: skip


def _section(heading: str, item: str, language: str, **more: Any) -> Section:
    return {"heading": say(heading, language), "note": say(CLAUSE, language, item=item), **more}


def _table(language: str, columns: tuple[str, ...], rows: list[list[str]]) -> dict[str, Any]:
    return {"columns": [say(word, language) for word in columns], "rows": rows}


def _since(now: int | str, before: int | str | None) -> str:
    """Return a figure with how it moved: `12 (+3)`."""
    if before is None:
        return str(now)
    moved = Decimal(now) - Decimal(before)
    return f"{now} ({moved:+f})" if moved else f"{now} (±0)"


def _notified(shown: Reported, language: str) -> Section:
    figures, before = shown.figures, shown.before
    columns = (
        N_("Kind of consignee"), N_("Consignees"), N_("Notified"), N_("Responding"),
        N_("Not responding"),
    )  # fmt: skip
    rows = [
        [
            say(one.words, language), str(one.consignees), str(one.notified),
            str(one.responding), str(one.not_responding),
        ]
        for one in figures.kinds
    ]  # fmt: skip
    names = ("consignees", "notified", "responding", "not_responding")
    rows.append(
        [
            say(N_("All"), language),
            *(_since(figures.sum_of(n), before.sum_of(n) if before else None) for n in names),
        ]
    )
    told = None
    if figures.first_notified_at:
        first, last = _day(figures.first_notified_at), _day(figures.last_notified_at)
        told = say(N_("Notified between %(first)s and %(last)s"), language, first=first, last=last)
    return _section(
        N_("Consignees notified, responding and not responding"), "1)-(3", language,
        text=told, table=_table(language, columns, rows),
    )  # fmt: skip


def _day(moment: str | None) -> str:
    return (moment or "–")[:10]


def _responding(shown: Reported, language: str) -> Section:
    before = shown.before
    row = [
        say(N_("On hand at consignees when they first replied"), language),
        _since(shown.figures.on_hand, before.on_hand if before else None),
    ]
    return _section(N_("Quantity on hand"), "2", language, rows=[row])


def _accounted(shown: Reported, language: str) -> Section:
    figures, before = shown.figures, shown.before
    rows = [
        [say(account.label, language), _account(figures, before, name)]
        for name, account in ACCOUNTS.items()
        if name in figures.accounts or (before and name in before.accounts)
    ]
    totals = [
        (N_("All affected"), figures.affected, before.affected if before else None),
        (N_("Still open"), figures.open, before.open if before else None),
    ]
    rows += [[say(words, language), _since(now, then)] for words, now, then in totals]
    table = _table(language, (N_("Account"), N_("Quantity (since the last report)")), rows)
    return _section(N_("Quantity accounted for"), "4", language, table=table)


def _account(figures: Figures, before: Figures | None, name: str) -> str:
    then = before.accounts.get(name, "0") if before else None
    return _since(figures.accounts.get(name, "0"), then)


def _each(shown: Reported, language: str) -> Section:
    columns = (
        N_("Consignee"), N_("Country"), N_("Affected"), N_("Returned"), N_("Corrected"),
        N_("Accounted for"),
    )  # fmt: skip
    rows = [
        [one.name, one.country or "–", one.affected, one.returned, one.corrected, one.accounted]
        for one in shown.figures.consignees
    ]
    heading = N_("Returned or corrected by each consignee")
    return _section(heading, "4", language, table=_table(language, columns, rows))


def _checks(shown: Reported, language: str) -> Section:
    figures, before = shown.figures, shown.before
    asked = (
        (N_("Consignees asked"), "checks_asked"),
        (N_("Checks made"), "checks_done"),
        (N_("Found effective"), "checks_effective"),
    )
    rows = [
        [
            say(words, language),
            _since(getattr(figures, name), getattr(before, name) if before else None),
        ]
        for words, name in asked
    ]
    return _section(N_("Effectiveness checks"), "5", language, rows=rows)
