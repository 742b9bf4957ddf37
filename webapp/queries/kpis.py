"""Key figures as their pages show them: values in words, cells with the page that they open."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.cases.costs.models import Standard
from engine.cases.costs.standards import baselines
from engine.cases.kpis.found import PARTS, Kpi, kpis
from engine.cases.kpis.measure import Col, Figure, Measured, Rows, Window
from engine.exports import Column
from engine.regulators.jurisdictions import JurisdictionUnknown, named
from forms import library
from forms.spending import CATEGORIES, GROUPS
from webapp import words
from webapp.numbers import whole
from webapp.sentences import of_form, step_name, translated
from webapp.times import money, number, on_day, when
from webapp.words import N_

DAYS = (30, 90, 365)
DEFAULT_DAYS = 90
LONGEST = timedelta(days=3660)
DIRECTIONS = {"forward": N_("Forward"), "backward": N_("Backward")}
PLAIN: Mapping[str, str] = {
    "integer": "integer",
    "seconds": "integer",
    "quantity": "quantity",
    "milliseconds": "quantity",
    "moment": "datetime",
    "day": "date",
    "yes_no": "boolean",
}
NUMBERS = ("integer", "seconds", "quantity", "milliseconds", "sums")


@dataclass(frozen=True)
class Shown:
    """One key figure as the page of all shows it."""

    kpi: Kpi
    measured: Measured
    baseline: Standard | None


@dataclass(frozen=True)
class Cell:
    """One cell of the rows: its words, and the page it opens."""

    words: Any
    address: str = ""
    is_number: bool = False


def window_of(asked: Mapping[str, str], *, at: datetime) -> Window:
    """Return the days that an address asks for: the last so many, or from one to another."""
    today = at.date()
    first, last = _day(asked.get("from", "")), _day(asked.get("to", ""))
    if first is not None or last is not None:
        last = min(last or today, today)
        first = first or last - timedelta(days=DEFAULT_DAYS - 1)
        first, last = min(first, last), max(first, last)
        return Window(max(first, last - LONGEST), last, at)
    typed = whole(asked.get("days"))
    days = typed if typed in DAYS else DEFAULT_DAYS
    return Window(today - timedelta(days=days - 1), today, at)


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None


def asked_days(asked: Mapping[str, str], window: Window) -> dict[str, str]:
    """Return what an address keeps of the window."""
    if asked.get("from") or asked.get("to"):
        return {"from": window.first.isoformat(), "to": window.last.isoformat()}
    return {"days": str((window.last - window.first).days + 1)}


def dashboard(db: Session, window: Window) -> list[tuple[str, list[Shown]]]:
    """Return every key figure, in its part."""
    before = baselines(db)
    found: dict[str, list[Shown]] = {part: [] for part in PARTS}
    for code, kpi in kpis().items():
        found[kpi.part].append(Shown(kpi, kpi.measured(db, window), before.get(code)))
    return [(PARTS[part], shown) for part, shown in found.items() if shown]


# --- numbers in words ------------------------------------------------------------------------


def said(figure: Figure) -> str:
    """Return a number with its unit; what is not known is a dash, never a zero."""
    return "–" if figure.value is None else in_unit(figure.value, figure.unit, figure.currency)


def in_unit(value: Decimal, unit: str, currency: str = "") -> str:
    """Write a value in its unit."""
    if unit == "seconds":
        return lasting(value)
    if unit == "money":
        return f"{money(value, currency)} {currency}".strip()
    if unit == "percent":  # a small share is not rounded away
        shown = number(round(value * 100, 1 if abs(value) >= Decimal("0.01") else 2))
    else:
        shown = number(round(value, 1))
    return shown + {"percent": " %", "milliseconds": " ms"}.get(unit, "")


def lasting(value: Decimal | int) -> str:
    """Write a duration: minutes below two hours, hours below two days, else days."""
    size, minus = abs(Decimal(value)), "−" if value < 0 else ""
    if size < 120:
        return minus + gettext("%(num)s s", num=number(round(size)))
    if size < 7200:
        return minus + gettext("%(num)s min", num=number(round(size / 60)))
    if size < 172_800:
        return minus + gettext("%(num)s h", num=number(round(size / 3600, 1)))
    return minus + gettext("%(num)s d", num=number(round(size / 86_400, 1)))


def baseline_of(figure: Figure, baseline: Standard) -> str:
    """Write what a figure was before Holdfast, in the unit it is typed in."""
    scale = {"percent": Decimal(1) / 100, "seconds": Decimal(86_400)}.get(figure.unit, Decimal(1))
    return in_unit(baseline.value * scale, figure.unit, figure.currency)


BASELINE_UNITS = {
    "percent": N_("percent"),
    "seconds": N_("days"),
    "milliseconds": N_("milliseconds"),
    "money": N_("money, in the currency of the figure"),
    "score": N_("points of 100"),
    "quantity": N_("units"),
    "count": N_("number"),
    "days": N_("days"),
}


def of_group(figure: Figure) -> str:
    """Return the words of the group that a number is of."""
    if not figure.group:
        return gettext("Several parts") if figure.group_kind == "part" else ""
    if figure.group_kind == "country" and figure.group == "??":
        return gettext("Country not recorded")
    return str(WORDS.get(figure.group_kind, str)(figure.group))


def jurisdiction(code: str) -> str:
    """Return the name of a jurisdiction."""
    try:
        return words.jurisdiction(named(code))
    except JurisdictionUnknown:
        return code


WORDS: Mapping[str, Callable[[str], Any]] = {
    "role": words.role,
    "country": words.country,
    "step": step_name,
    "element": step_name,
    "category": lambda code: translated(CATEGORIES[code].label),
    "cost_group": lambda code: translated(GROUPS[code]),
    "control": translated,
    "words": translated,
    "jurisdiction": jurisdiction,
    "state": words.status,
    "direction": lambda code: translated(DIRECTIONS[code]),
    "cause": lambda code: of_form(_causes().get(code, code)),
}


def _causes() -> dict[str, str]:
    """Return the words of the categories of cause, as the form of today asks them."""
    fields = library.form("nonconformance", "investigate").fields
    cause = next(field for field in fields if field.id == "cause")
    return {choice.value: choice.label for choice in cause.choices}


# --- rows ------------------------------------------------------------------------------------


def cells(rows: Rows, shown: Sequence[Sequence[Any]]) -> Iterator[list[Cell]]:
    """Yield the cells of some of the rows."""
    for row in shown:
        yield [_cell(column, value) for column, value in zip(rows.columns, row, strict=True)]


def _cell(column: Col, value: Any) -> Cell:
    is_number = column.kind in NUMBERS
    if value is None or value == "":
        return Cell("–", is_number=is_number)
    if column.kind in ADDRESSES:
        return Cell(_named(column.kind, value), ADDRESSES[column.kind](value))
    return Cell(SHOWN.get(column.kind, _text(column.kind))(value), is_number=is_number)


def _text(kind: str) -> Callable[[Any], Any]:
    return WORDS.get(kind, str)


def _named(kind: str, value: Any) -> str:
    return gettext("Open") if kind in ("night", "task") else str(value)


def _notice(number_: str) -> str:
    case, _, place = number_.partition("/N-")
    return url_for("consignees.one", number=case, place=int(place))


ADDRESSES: Mapping[str, Callable[[Any], str]] = {
    "case": lambda code: url_for("case.overview", number=code),
    "costs": lambda code: url_for("costs.index", number=code),
    "recall_countries": lambda code: url_for("balance.index", number=code, by="country"),
    "night": lambda id_: url_for("readiness.night", night_id=id_),
    "task": lambda id_: url_for("task.page", task_id=id_),
    "notice": _notice,
}
SHOWN: Mapping[str, Callable[[Any], Any]] = {
    "integer": number,
    "quantity": number,
    "seconds": lasting,
    "milliseconds": lambda value: in_unit(value, "milliseconds"),
    "moment": when,
    "day": on_day,
    "yes_no": lambda value: gettext("Yes") if value else gettext("No"),
    "sums": lambda sums: ", ".join(in_unit(many, "money", code) for code, many in sums.items()),
}


def exported_columns(rows: Rows) -> list[Column]:
    """Return the columns of a file; durations are whole seconds."""
    return [
        Column(
            f"{one.name}_seconds" if one.kind == "seconds" else one.name,
            translated(one.label) + _in(one.kind),
            PLAIN.get(one.kind, "text"),
        )
        for one in rows.columns
    ]


def _in(kind: str) -> str:
    """Say the unit of a duration in a file, where it is a plain number."""
    unit = {"seconds": gettext("seconds"), "milliseconds": gettext("milliseconds")}.get(kind)
    return f" ({unit})" if unit else ""


def exported_rows(rows: Rows) -> Iterator[list[object]]:
    """Yield the rows as a file holds them: numbers and times plain, codes in words."""
    for row in rows.rows:
        yield [_plain(column, value) for column, value in zip(rows.columns, row, strict=True)]


def _plain(column: Col, value: Any) -> object:
    if value is None or column.kind in PLAIN:
        return value
    if column.kind == "sums":
        return "; ".join(f"{many:f} {code}" for code, many in value.items())
    return str(_text(column.kind)(value))
