"""The rate of an hour, the net sales of a month, and what a figure was before Holdfast."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.costs.models import STANDARDS, Standard
from engine.cases.costs.recording import DAY_WRONG, LONGEST, STREAM
from engine.cases.typed import problems_of
from engine.errors import Invalid, Problem
from engine.evidence import ledger
from engine.people import Person, authorize
from engine.words import N_
from forms.decimals import decimal_of, text_of
from forms.spending import CURRENCIES

LARGEST = Decimal(10) ** 12
MOST_SHARE = 100


@dataclass(frozen=True)
class Rates:
    """The rate of an hour by day: one currency at a time, the latest that began."""

    days: tuple[date, ...]
    values: tuple[tuple[Decimal, str], ...]

    def on(self, day: date) -> tuple[Decimal, str] | None:
        """Return the rate of a day with its currency; None where none was in force."""
        place = bisect_right(self.days, day)
        return self.values[place - 1] if place else None


def put(
    db: Session,
    name: str,
    *,
    value: str,
    key: str = "",
    currency: str = "",
    from_on: str = "",
    reason: str,
    is_share: bool = False,
    by: Person,
    at: datetime,
) -> Standard:
    """Set a standard; what stood before stays readable. Raises `Invalid` with every problem.

    Net sales are of the month of `from_on`. What a share was before Holdfast, and a score, is a
    number from 0 to 100: `is_share`.
    """
    authorize(by, "kpi.set")
    number = decimal_of(value)
    is_money = name != "baseline"
    day = _month_or_day(name, from_on) if is_money else None
    problems = []
    if name not in STANDARDS:
        problems.append(Problem("name", N_("Choose what to set.")))
    if number is None or abs(number) > LARGEST or (is_money and number <= 0):
        problems.append(Problem("value", N_("Write a number, with a point before decimals.")))
    elif is_share and not 0 <= number <= MOST_SHARE:
        problems.append(Problem("value", N_("Write a number from 0 to 100.")))
    elif name == "baseline" and number < 0:
        problems.append(Problem("value", N_("Write 0 or a number above it.")))
    if is_money and currency not in CURRENCIES:
        problems.append(Problem("currency", N_("Choose the currency.")))
    if is_money and day is None:
        is_month = name == "net_sales"
        problems.append(
            Problem("from_on", N_("Enter the month as YYYY-MM.") if is_month else DAY_WRONG)
        )
    elif is_money and day is not None and day > at.date() and name == "net_sales":
        problems.append(Problem("from_on", N_("This month is still to come.")))
    missing = N_("Write where the number comes from, or why it changes.")
    problems += problems_of(reason, "reason", N_("Reason"), missing=missing, most=LONGEST)
    if problems:
        raise Invalid(problems)

    row = Standard(
        name=name,
        key=currency if name == "net_sales" else key,
        value=number,
        currency=currency if is_money else None,
        from_on=day,
        reason=reason.strip(),
        by_id=by.id,
        at=at,
    )
    db.add(row)
    db.flush()
    body = {
        "standard": row.id,
        "name": name,
        "key": row.key,
        "value": text_of(row.value),
        "currency": row.currency,
        "from_on": day.isoformat() if day else None,
        "reason": row.reason,
    }
    ledger.append(db, STREAM, "cost_standard_set", body, by=by, at=at)
    return row


def _month_or_day(name: str, typed: str) -> date | None:
    text = typed.strip()
    try:
        day = date.fromisoformat(f"{text}-01" if len(text) == 7 else text)
    except ValueError:
        return None
    return day.replace(day=1) if name == "net_sales" else day


def standing(db: Session, names: Iterable[str] = tuple(STANDARDS)) -> list[Standard]:
    """Return the latest of each name, key and day, newest days first."""
    newest = (
        select(func.max(Standard.id))
        .where(Standard.name.in_(tuple(names)))
        .group_by(Standard.name, Standard.key, Standard.from_on)
    )
    rows = select(Standard).where(Standard.id.in_(newest))
    return list(db.scalars(rows.order_by(Standard.name, Standard.from_on.desc(), Standard.key)))


def rates(db: Session) -> Rates:
    """Return the rate of an hour by day."""
    rows = sorted(
        (one.from_on, one.value, one.currency)
        for one in standing(db, ["labour_rate"])
        if one.from_on is not None and one.currency is not None
    )
    return Rates(tuple(row[0] for row in rows), tuple((row[1], row[2]) for row in rows))


def baselines(db: Session) -> dict[str, Standard]:
    """Return what each figure was before Holdfast, as far as somebody wrote it down."""
    return {one.key: one for one in standing(db, ["baseline"])}
