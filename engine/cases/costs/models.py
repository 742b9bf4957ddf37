"""Lines of cost of a case, and the standards that they are reckoned with."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, Key, Ref, only_grows
from engine.serials.models.axes import one_of
from engine.words import N_
from forms.spending import CATEGORIES

STANDARDS = {
    "labour_rate": N_("Rate of an hour of work"),
    "net_sales": N_("Net sales of a month"),
    "baseline": N_("Before Holdfast"),
}


class CostLine(Base):
    """Hours that somebody spent, or an amount that something cost; a change is a new version.

    Hours are worth the rate of their day. A version with neither strikes the line out.
    """

    __tablename__ = "cost_line"
    __table_args__ = (
        one_of("category", CATEGORIES),
        CheckConstraint("(amount IS NULL) = (currency IS NULL)", name="amount_in_a_currency"),
        CheckConstraint("hours IS NULL OR amount IS NULL", name="hours_or_amount"),
        CheckConstraint("hours IS NULL OR hours > 0", name="hours_above_zero"),
        CheckConstraint("amount IS NULL OR amount > 0", name="amount_above_zero"),
        CheckConstraint(
            "hours IS NOT NULL OR amount IS NOT NULL OR supersedes_id IS NOT NULL",
            name="says_something",
        ),
        CheckConstraint(
            "supersedes_id IS NULL OR reason IS NOT NULL", name="corrected_with_reason"
        ),
        Index("ix_cost_line_case", "case_id", "spent_on"),
        Index("ix_cost_line_spent", "spent_on"),
        Index("ix_cost_line_answer", "answer_id"),
    )

    id: Mapped[Key]
    case_id: Mapped[Ref] = mapped_column(ForeignKey("case_file.id"))
    category: Mapped[str]  # of forms.spending.CATEGORIES
    hours: Mapped[Decimal | None]
    amount: Mapped[Decimal | None]
    currency: Mapped[str | None]
    what: Mapped[str]
    who: Mapped[str]  # who spent it: a person, or the laboratory that sent the invoice
    spent_on: Mapped[date]
    answer_id: Mapped[Ref | None] = mapped_column(ForeignKey("answer.id"))  # said at a task
    by_id: Mapped[Ref | None]
    at: Mapped[datetime]
    supersedes_id: Mapped[Ref | None] = mapped_column(ForeignKey("cost_line.id"), unique=True)
    reason: Mapped[str | None]


class Standard(Base):
    """What costs and figures are held against, from a day on; the latest of a name and key counts.

    The key is the currency of net sales, whose day is the first of their month, and of a baseline
    the figure that it is the baseline of; a rate has none.
    """

    __tablename__ = "cost_standard"
    __table_args__ = (
        one_of("name", STANDARDS),
        CheckConstraint("(name = 'baseline') = (from_on IS NULL)", name="baseline_is_of_no_day"),
        CheckConstraint("(name = 'baseline') = (currency IS NULL)", name="money_has_a_currency"),
        Index("ix_cost_standard_name", "name", "key", "from_on"),
    )

    id: Mapped[Key]
    name: Mapped[str]
    key: Mapped[str]
    value: Mapped[Decimal]
    currency: Mapped[str | None]
    from_on: Mapped[date | None]
    reason: Mapped[str]
    by_id: Mapped[Ref]
    at: Mapped[datetime]


only_grows(CostLine)
only_grows(Standard)
