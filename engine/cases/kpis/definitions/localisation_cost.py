"""Defect localisation cost.

Formula: Sum of hours × rate, test and laboratory, retrieval, line stop and expediting up to the day
the root cause was confirmed ÷ nonconformances; per affected unit beside it.

Population: Nonconformances closed in the window whose cause was found and whose costs were written
down.

Window: Closed in the chosen days.

Exclusions: Drills; costs after that day. Hours of a day without a rate, cases without a cause and
cases without any line of cost are shown apart: they are not zero.

Unit: Money, in each currency by itself.

Source: House definition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.costs import lines, recording
from engine.cases.costs.lines import Valued
from engine.cases.costs.models import CostLine
from engine.cases.costs.standards import rates
from engine.cases.kpis.about import INVESTIGATED, INVESTIGATIONS, UNKNOWN
from engine.cases.kpis.measure import REAL, Bucket, Col, Figure, Measured, Rows, Window
from engine.cases.models import Answer, Case
from engine.words import N_
from forms.spending import CATEGORIES

PART, PLACE, UNIT = "cost", 1, "money"
NO_COST = N_("No nonconformance closed in this time has a cause and costs written down")
LOCALISING = tuple(code for code, one in CATEGORIES.items() if one.localises)


@dataclass(frozen=True)
class Localised:
    """One closed nonconformance with what it cost to find where its defect arose."""

    number: str
    cause: str | None
    lines: Sequence[Valued]
    affected: Decimal

    @property
    def is_found(self) -> bool:
        """Say whether its root cause was confirmed."""
        return self.cause not in UNKNOWN


def _localised(db: Session, window: Window) -> list[Localised]:
    """Take the cases, their confirmed causes, their lines and their units, in four queries."""
    closed = (
        REAL,
        Case.process == "nonconformance",
        Case.state == "closed",
        window.within(Case.ended_at),
    )
    ids = select(Case.id).where(*closed)
    first = (
        select(Answer.case_id, func.min(Answer.at).label("at"))
        .where(INVESTIGATED)
        .group_by(Answer.case_id)
        .subquery()
    )
    cases = db.execute(
        select(Case.id, Case.number, Answer.answers, first.c.at)
        .select_from(Case)
        .outerjoin(Answer, (Answer.case_id == Case.id) & Answer.id.in_(INVESTIGATIONS))
        .outerjoin(first, first.c.case_id == Case.id)
        .where(*closed)
        .order_by(Case.id.desc())
    ).all()
    spent: dict[int, list[Valued]] = {}
    known = rates(db)
    wanted = select(CostLine).where(
        CostLine.case_id.in_(ids), CostLine.category.in_(LOCALISING), ~recording.REPLACED
    )
    for one in lines.valued(db.scalars(wanted), known):
        if not one.is_struck:
            spent.setdefault(one.line.case_id, []).append(one)
    affected = balance.affected_of(db, [row[0] for row in cases])
    return [
        Localised(
            number,
            (answers or {}).get("cause"),
            [] if at is None else [s for s in spent.get(id_, ()) if s.line.spent_on <= at.date()],
            affected.get(id_, Decimal(0)),
        )
        for id_, number, answers, at in cases
    ]


def measured(db: Session, window: Window) -> Measured:
    """Add up what was spent, in each currency, over the cases that say."""
    cases = _localised(db, window)
    found = [one for one in cases if one.is_found and one.lines]
    sums = lines.sums(line for one in found for line in one.lines)
    units = sum((one.affected for one in found), Decimal(0))
    figures = []
    for currency, total in sums.items():
        figures.append(
            Figure(N_("Per nonconformance"), total / len(found), "money", good=total,
                   of=Decimal(len(found)), currency=currency)
        )  # fmt: skip
        if units:
            figures.append(
                Figure(N_("Per affected unit"), total / units, "money", good=total, of=units,
                       currency=currency)
            )  # fmt: skip
    if not figures:
        figures = [Figure(N_("Per nonconformance"), None, "money", why=NO_COST)]
    hours = sum((lines.unvalued_hours(one.lines) for one in found), Decimal(0))
    without = [one for one in cases if not one.is_found]
    return Measured(
        figures[0],
        tuple(figures[1:]),
        unknown=(
            Bucket(N_("Cause not found or not investigated"), Decimal(len(without))),
            Bucket(
                N_("No cost written down"), Decimal(len(cases) - len(without) - len(found))
            ),
            Bucket(N_("Hours without a rate"), hours),
        ),
    )  # fmt: skip


def rows(db: Session, window: Window) -> Rows:
    """Return every nonconformance closed in the window, with what it cost to find its cause."""
    return Rows(
        (
            Col("case", N_("Case"), "costs"),
            Col("cause", N_("Cause category"), "cause"),
            Col("hours", N_("Hours"), "quantity"),
            Col("cost", N_("Cost"), "sums"),
            Col("unvalued", N_("Hours without a rate"), "quantity"),
            Col("affected", N_("Affected"), "quantity"),
        ),
        [
            (
                one.number,
                one.cause,
                sum((line.line.hours or Decimal(0) for line in one.lines), Decimal(0))
                if one.lines else None,
                lines.sums(one.lines) if one.lines else None,
                lines.unvalued_hours(one.lines),
                one.affected,
            )
            for one in _localised(db, window)
        ],
    )  # fmt: skip
