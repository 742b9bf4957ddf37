"""Cost of poor quality.

Formula: Internal failure + external failure; ÷ net sales of the same months. Appraisal and
prevention beside it make the total cost of quality.

Population: Lines of cost of nonconformances and recalls, as they stand now. The share of net sales
takes the whole months that the window touches, as far as their net sales are known.

Window: Spent in the chosen days.

Exclusions: Drills; lines that were struck out. Hours of a day without a rate are shown apart: they
are not zero.

Unit: Money, in each currency by itself; percent of net sales.

Source: House definition, in the groups that quality cost is usually told in.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.costs import lines, recording
from engine.cases.costs.lines import Valued
from engine.cases.costs.models import CostLine
from engine.cases.costs.standards import rates, standing
from engine.cases.kpis.about import parts_of
from engine.cases.kpis.measure import REAL, Bucket, Col, Figure, Measured, Rows, Window
from engine.cases.models import Case
from engine.words import N_
from forms.spending import CATEGORIES, GROUPS

PART, PLACE, UNIT = "cost", 2, "money"
NO_COST = N_("No cost was written down in this time")
NO_SALES = N_("No net sales are known for these months")
FAILURE = ("internal_failure", "external_failure")
SEVERAL = ""  # parts: no one of them


def _spent(db: Session, first: date, last: date) -> list[tuple[str, Valued]]:
    found = db.execute(
        select(Case.number, CostLine)
        .join(Case, Case.id == CostLine.case_id)
        .where(REAL, CostLine.spent_on >= first, CostLine.spent_on <= last, ~recording.REPLACED)
        .order_by(CostLine.spent_on.desc(), CostLine.id.desc())
    )
    known = rates(db)
    valued = ((number, Valued(line, lines.worth(line, known))) for number, line in found)
    return [(number, one) for number, one in valued if not one.is_struck]


def _is_failure(one: Valued) -> bool:
    return CATEGORIES[one.line.category].group in FAILURE


def measured(db: Session, window: Window) -> Measured:
    """Add up the failure costs by currency, by group, by month and by part."""
    begin, end = _months(window)
    wide = [one for _, one in _spent(db, begin, end)]
    found = [one for one in wide if window.first <= one.line.spent_on <= window.last]
    sums = lines.sums(filter(_is_failure, found))
    label = N_("Internal and external failure")
    figures = [Figure(label, total, "money", currency=code) for code, total in sums.items()]
    if not figures:
        figures = [Figure(label, None, "money", why=NO_COST)]
    return Measured(
        figures[0],
        (*figures[1:], *_of_sales(db, wide, begin, end)),
        (*_by_group(found), *_by_category(found), *_by_month(found), *_by_part(db, found)),
        (Bucket(N_("Hours without a rate"), lines.unvalued_hours(found)),),
    )


def _months(window: Window) -> tuple[date, date]:
    """Return the first and last day of the months that the window touches."""
    after = (window.last.replace(day=1) + timedelta(days=32)).replace(day=1)
    return window.first.replace(day=1), after - timedelta(days=1)


def _of_sales(db: Session, wide: list[Valued], begin: date, end: date) -> list[Figure]:
    label = N_("Of net sales")
    sales = {
        (one.from_on, one.currency): one.value
        for one in standing(db, ["net_sales"])
        if one.from_on is not None and begin <= one.from_on <= end
    }
    figures = []
    for currency in sorted({str(code) for _, code in sales}):
        months = {month for month, code in sales if code == currency}
        cost = lines.sums(
            one for one in wide if _is_failure(one) and one.line.spent_on.replace(day=1) in months
        ).get(currency, Decimal(0))
        sold = sum((sales[month, currency] for month in months), Decimal(0))
        figures.append(Figure(label, cost / sold, "percent", good=cost, of=sold, currency=currency))
    return figures or [Figure(label, None, "percent", why=NO_SALES)]


def _money(label: str, found: Iterable[Valued], group: str, kind: str) -> list[Figure]:
    return [
        Figure(label, total, "money", currency=currency, group=group, group_kind=kind)
        for currency, total in lines.sums(found).items()
    ]


def _by_group(found: list[Valued]) -> list[Figure]:
    return [
        figure
        for code in GROUPS
        for figure in _money(
            N_("By group"),
            [one for one in found if CATEGORIES[one.line.category].group == code],
            code, "cost_group",
        )
    ]  # fmt: skip


def _by_category(found: list[Valued]) -> list[Figure]:
    return [
        figure
        for code in CATEGORIES
        for figure in _money(
            N_("By category"), [one for one in found if one.line.category == code], code, "category"
        )
    ]


def _by_month(found: list[Valued]) -> list[Figure]:
    months: dict[date, list[Valued]] = {}
    for one in filter(_is_failure, found):
        months.setdefault(one.line.spent_on.replace(day=1), []).append(one)
    return [
        figure
        for month, spent in sorted(months.items())
        for figure in _money(N_("Failure by month"), spent, f"{month:%Y-%m}", "month")
    ]


def _by_part(db: Session, found: list[Valued]) -> list[Figure]:
    """Tell failure costs by the part of their case; a case of several is told apart."""
    cases = select(CostLine.case_id).where(
        CostLine.spent_on >= min((one.line.spent_on for one in found), default=date.max)
    )
    parts = parts_of(db, cases) if found else {}
    of: dict[str, list[Valued]] = {}
    for one in filter(_is_failure, found):
        known = parts.get(one.line.case_id, frozenset())
        of.setdefault(next(iter(known)) if len(known) == 1 else SEVERAL, []).append(one)
    return [
        figure
        for part, spent in sorted(of.items())
        for figure in _money(N_("Failure by part"), spent, part, "part")
    ]


def rows(db: Session, window: Window) -> Rows:
    """Return every line of cost of the window."""
    return Rows(
        (
            Col("case", N_("Case"), "costs"),
            Col("category", N_("Spent on"), "category"),
            Col("group", N_("Group"), "cost_group"),
            Col("what", N_("What it was for"), "words"),
            Col("who", N_("Who spent it")),
            Col("spent_on", N_("Day"), "day"),
            Col("hours", N_("Hours"), "quantity"),
            Col("worth", N_("Worth"), "sums"),
        ),
        [
            (
                number, one.line.category, CATEGORIES[one.line.category].group, one.line.what,
                one.line.who, one.line.spent_on, one.line.hours,
                {one.worth[1]: one.worth[0]} if one.worth else None,
            )
            for number, one in _spent(db, window.first, window.last)
        ],
    )  # fmt: skip
