"""Recall effectiveness.

Formula: (a) consignees with a verified receipt ÷ consignees in scope; (b) consignees that replied ÷
consignees notified; (c) units returned, corrected, destroyed or confirmed used ÷ units distributed
in scope, those still in use beside it; (d) consignees verified to have acted ÷ consignees sampled.

Population: Recalls whose first notice went out in the window, as they stand now. A receipt is
verified by proof of delivery or by a reply. The latest plan of checks counts, and the first check
of a consignee.

Window: First notice in the chosen days.

Exclusions: Drills; what was released as not affected.

Unit: Percent, with the 95 % interval of Wilson.

Source: House definition; check levels A 100 %, B between, C 10 %, D 2 %, E none: 21 CFR 7.42(b)(3)
(unverified).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, case as when, func, select
from sqlalchemy.orm import Session

from engine.cases.accounts import AFFECTED
from engine.cases.checks.models import EffectivenessCheck, EffectivenessFrame, EffectivenessPlan
from engine.cases.kpis.about import classes_of
from engine.cases.kpis.measure import (
    REAL,
    Bucket,
    Col,
    Figure,
    Measured,
    Rows,
    Window,
    count,
    share,
)  # fmt: skip
from engine.cases.models import BalanceTotal, Case
from engine.cases.notices.models import Notice, NoticeLetter
from engine.cases.reconciling import NOT_RECOVERED
from engine.serials.models import Party
from engine.words import N_

PART, PLACE, UNIT = "recall", 3, "percent"
NO_RECALL = N_("No recall sent its first notice in this time")
NO_CHECK = N_("No effectiveness check was drawn")
NOT_IN_SCOPE = ("released_not_affected",)
LABELS = {
    "received": N_("(a) Receipt verified"),
    "replied": N_("(b) Replied"),
    "recovered": N_("(c) Units recovered"),
    "acted": N_("(d) Verified to have acted"),
}


@dataclass
class Counts:
    """What is counted of one recall, or of one country or class of several."""

    notices: Decimal = Decimal(0)
    received: Decimal = Decimal(0)
    sent: Decimal = Decimal(0)
    replied: Decimal = Decimal(0)
    distributed: Decimal = Decimal(0)
    recovered: Decimal = Decimal(0)
    in_use: Decimal = Decimal(0)
    drawn: Decimal = Decimal(0)
    checked: Decimal = Decimal(0)
    acted: Decimal = Decimal(0)

    def add(self, **counts: Decimal | int | None) -> None:
        """Add to some of them."""
        for name, many in counts.items():
            setattr(self, name, getattr(self, name) + Decimal(many or 0))

    def figures(self, **more: Any) -> tuple[Figure, ...]:
        """Return (a) to (d)."""
        of = {"received": self.notices, "replied": self.sent, "recovered": self.distributed,
              "acted": self.drawn}  # fmt: skip
        why = {"acted": NO_CHECK}
        return tuple(
            share(label, getattr(self, name), of[name], why=why.get(name, NO_RECALL), **more)
            for name, label in LABELS.items()
        )


def _begun(window: Window) -> Select[int]:
    """Return the query of the recalls whose first notice went out in the window."""
    return (
        select(Notice.case_id)
        .join(Case, Case.id == Notice.case_id)
        .where(REAL, Notice.first_sent_at.is_not(None))
        .group_by(Notice.case_id)
        .having(window.within(func.min(Notice.first_sent_at)))
    )


def _counted(db: Session, window: Window) -> dict[tuple[int, str], Counts]:
    """Count every recall of the window by country of the consignee, in three queries."""
    found: dict[tuple[int, str], Counts] = {}

    def at(case_id: int, country: str | None) -> Counts:
        return found.setdefault((case_id, country or ""), Counts())

    delivered = (
        select(NoticeLetter.id)
        .where(NoticeLetter.notice_id == Notice.id, NoticeLetter.delivered_at.is_not(None))
        .exists()
    )
    answered = Notice.answered_at.is_not(None)
    notices = select(
        Notice.case_id,
        Notice.country,
        func.count(),
        func.sum(when((answered | delivered, 1), else_=0)),
        func.count(Notice.first_sent_at),
        func.sum(when((answered & Notice.first_sent_at.is_not(None), 1), else_=0)),
    )
    begun = _begun(window)
    for case_id, country, many, received, sent, replied in db.execute(
        notices.where(Notice.case_id.in_(begun)).group_by(Notice.case_id, Notice.country)
    ):
        at(case_id, country).add(notices=many, received=received, sent=sent, replied=replied)
    for case_id, country, *sums in db.execute(_units().where(BalanceTotal.case_id.in_(begun))):
        distributed, recovered, in_use = sums
        at(case_id, country).add(distributed=distributed, recovered=recovered, in_use=in_use)
    for case_id, country, drawn, checked, acted in db.execute(
        _checks().where(EffectivenessPlan.case_id.in_(begun))
    ):
        at(case_id, country).add(drawn=drawn, checked=checked, acted=acted)
    return found


def _units() -> Select[*tuple[Any, ...]]:
    kept = BalanceTotal
    quantity = kept.quantity
    return (
        select(
            kept.case_id,
            Party.country,
            func.sum(
                when((kept.account.in_(AFFECTED), quantity), else_=0), type_=quantity.type
            ),
            func.sum(
                when((kept.account.not_in(NOT_RECOVERED), quantity), else_=0), type_=quantity.type
            ),
            func.sum(
                when((kept.account == "in_use_until_corrected", quantity), else_=0),
                type_=quantity.type,
            ),
        )
        .join(Party, Party.id == kept.party_id)
        .where(kept.account.not_in(NOT_IN_SCOPE))
        .group_by(kept.case_id, Party.country)
    )  # fmt: skip


def _checks() -> Select[*tuple[Any, ...]]:
    latest = select(func.max(EffectivenessPlan.id)).group_by(EffectivenessPlan.case_id)
    first = EffectivenessCheck
    acted = (first.number == 1) & first.acted.is_(True)
    return (
        select(
            EffectivenessPlan.case_id,
            Party.country,
            func.count(),
            func.count(first.id),
            func.sum(when((acted, 1), else_=0)),
        )
        .join(EffectivenessFrame, EffectivenessFrame.plan_id == EffectivenessPlan.id)
        .join(Party, Party.id == EffectivenessFrame.party_id)
        .outerjoin(first, (first.frame_id == EffectivenessFrame.id) & (first.number == 1))
        .where(EffectivenessFrame.is_drawn.is_(True), EffectivenessPlan.id.in_(latest))
        .group_by(EffectivenessPlan.case_id, Party.country)
    )


def _together(counted: dict[tuple[int, str], Counts], place: int) -> dict[Any, Counts]:
    sums: dict[Any, Counts] = {}
    for key, counts in counted.items():
        sums.setdefault(key[place], Counts()).add(**vars(counts))
    return sums


def measured(db: Session, window: Window) -> Measured:
    """Count the recalls of the window together, by class and by country."""
    counted = _counted(db, window)
    total = Counts()
    for counts in counted.values():
        total.add(**vars(counts))
    groups: list[Figure] = []
    by_recall = _together(counted, 0)
    by_class: dict[str, Counts] = {}
    for case_id, classes in classes_of(db).items():
        for name in classes if case_id in by_recall else ():
            by_class.setdefault(name, Counts()).add(**vars(by_recall[case_id]))
    for name, counts in sorted(by_class.items()):
        groups += counts.figures(group=name, group_kind="class")
    for country, counts in sorted(_together(counted, 1).items()):
        groups += counts.figures(group=country or "??", group_kind="country")
    figures = total.figures()
    return Measured(
        figures[2],
        (
            *figures,
            count(N_("Still in use until corrected"), total.in_use, unit="quantity"),
        ),
        tuple(groups),
        (
            Bucket(N_("Notified, no reply yet"), total.sent - total.replied),
            Bucket(N_("Sampled, not checked yet"), total.drawn - total.checked),
        ),
    )


def rows(db: Session, window: Window) -> Rows:
    """Return every recall of the window with all that is counted."""
    by_recall = _together(_counted(db, window), 0)
    numbers = select(Case.id, Case.number).where(Case.id.in_(_begun(window)))
    return Rows(
        (
            Col("case", N_("Case"), "recall_countries"),
            Col("consignees", N_("Consignees in scope"), "integer"),
            Col("received", LABELS["received"], "integer"),
            Col("notified", N_("Notified"), "integer"),
            Col("replied", LABELS["replied"], "integer"),
            Col("distributed", N_("Units distributed"), "quantity"),
            Col("recovered", LABELS["recovered"], "quantity"),
            Col("in_use", N_("Still in use until corrected"), "quantity"),
            Col("sampled", N_("Sampled"), "integer"),
            Col("acted", LABELS["acted"], "integer"),
        ),
        [
            (
                number, int(one.notices), int(one.received), int(one.sent), int(one.replied),
                one.distributed, one.recovered, one.in_use, int(one.drawn), int(one.acted),
            )
            for case_id, number in db.execute(numbers.order_by(Case.id.desc()))
            if (one := by_recall.get(case_id)) is not None
        ],
    )  # fmt: skip
