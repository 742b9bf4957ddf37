"""The figures of a status report: the six of 21 CFR 810.16(b), from notices, replies and balance.

Number and type of who was notified, responded, did not; what was on hand; what each returned or
corrected; the checks. 21 CFR 7.53(b) asks for nearly the same and is known by a quotation only:
unverified. China asks how far the plan is carried out (order 29, article 20): the same rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.checks import planning, results
from engine.cases.models import Case
from engine.cases.notices.models import Notice, OutreachAttempt
from engine.cases.replies.models import Reply, ReplyLine
from engine.serials.models import Party
from engine.serials.models.master import PARTY_KINDS

ON_HAND = ("quarantined", "in_use_until_corrected")
RETURNED = ("held", "returned_to_supplier", "serviced", "reconditioned", "kept_as_sample")
CORRECTED = ("corrected",)
NONE = Decimal(0)


@dataclass(frozen=True)
class OfKind:
    """How many consignees of one kind were notified, answered and did not."""

    kind: str
    consignees: int
    notified: int
    responding: int

    @property
    def words(self) -> str:
        """Return the kind in words, a msgid."""
        return PARTY_KINDS[self.kind]

    @property
    def not_responding(self) -> int:
        """Return who was notified and has not answered."""
        return self.notified - self.responding


@dataclass(frozen=True)
class OfConsignee:
    """What one consignee returned or had corrected, and what of its goods is accounted for."""

    name: str
    country: str | None
    affected: str
    returned: str
    corrected: str
    accounted: str


@dataclass(frozen=True)
class Figures:
    """How far a recall is: numbers of consignees, and quantities as texts."""

    first_notified_at: str | None = None
    last_notified_at: str | None = None
    attempts: dict[str, int] = field(default_factory=dict)  # by channel
    kinds: tuple[OfKind, ...] = ()
    on_hand: str = "0"  # what they had when they first replied
    affected: str = "0"
    open: str = "0"
    accounts: dict[str, str] = field(default_factory=dict)
    consignees: tuple[OfConsignee, ...] = ()
    checks_asked: int = 0
    checks_done: int = 0
    checks_effective: int = 0

    def sum_of(self, name: str) -> int:
        """Return a number of `OfKind` over all kinds."""
        return sum(int(getattr(one, name)) for one in self.kinds)

    def amount(self, name: str) -> Decimal:
        """Return a quantity as a number."""
        return Decimal(getattr(self, name))

    def as_json(self) -> dict[str, Any]:
        """Return all of it for a row that keeps it."""
        told = asdict(self)
        return {**told, "kinds": list(told["kinds"]), "consignees": list(told["consignees"])}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Return what was kept."""
        kinds = tuple(OfKind(**one) for one in kept["kinds"])
        consignees = tuple(OfConsignee(**one) for one in kept["consignees"])
        return cls(**{**kept, "kinds": kinds, "consignees": consignees})


def taken(db: Session, case: Case) -> Figures:
    """Take the figures of a case as they stand, in a handful of queries."""
    sent = Notice.first_sent_at
    first, last = db.execute(
        select(func.min(sent, type_=sent.type), func.max(sent, type_=sent.type)).where(
            Notice.case_id == case.id
        )
    ).one()
    sums = balance.totals(db, case.id)
    waiting = (quantity for name, quantity in sums.items() if balance.ACCOUNTS[name].is_open)
    plan = planning.latest(db, case)
    strata = results.by_stratum(db, plan) if plan else []
    return Figures(
        first_notified_at=_moment(first),
        last_notified_at=_moment(last),
        attempts=_attempts(db, case),
        kinds=_kinds(db, case),
        on_hand=_plain(_on_hand(db, case)),
        affected=_plain(balance.affected(sums)),
        open=_plain(sum(waiting, NONE)),
        accounts={name: _plain(quantity) for name, quantity in sums.items()},
        consignees=_consignees(db, case),
        checks_asked=sum(one.drawn for one in strata),
        checks_done=sum(one.checked for one in strata),
        checks_effective=sum(one.effective for one in strata),
    )


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


def _attempts(db: Session, case: Case) -> dict[str, int]:
    rows = db.execute(
        select(OutreachAttempt.channel, func.count())
        .join(Notice, Notice.id == OutreachAttempt.notice_id)
        .where(Notice.case_id == case.id)
        .group_by(OutreachAttempt.channel)
        .order_by(OutreachAttempt.channel)
    )
    return {channel: count for channel, count in rows}  # noqa: C416  a row is no pair of a dict


def _kinds(db: Session, case: Case) -> tuple[OfKind, ...]:
    rows = db.execute(
        select(
            Party.kind,
            func.count(),
            func.count(Notice.first_sent_at),
            func.count(Notice.answered_at),
        )
        .join(Party, Party.id == Notice.party_id)
        .where(Notice.case_id == case.id)
        .group_by(Party.kind)
        .order_by(Party.kind)
    )
    return tuple(OfKind(*row) for row in rows)


def _on_hand(db: Session, case: Case) -> Decimal:
    """Return what consignees had when their first reply came (21 CFR 810.16(b)(2))."""
    asked = (
        select(func.sum(ReplyLine.quantity))
        .join(Reply, Reply.id == ReplyLine.reply_id)
        .join(Notice, Notice.id == Reply.notice_id)
        .where(Notice.case_id == case.id, Reply.version == 1, ReplyLine.outcome.in_(ON_HAND))
    )
    return db.scalar(asked) or NONE


def _consignees(db: Session, case: Case) -> tuple[OfConsignee, ...]:
    """Return what each consignee returned or had corrected (21 CFR 810.16(b)(4))."""
    return tuple(
        OfConsignee(
            name=share.name or "",
            country=share.country,
            affected=_plain(share.total),
            returned=_plain(_sum(share.sums, RETURNED)),
            corrected=_plain(_sum(share.sums, CORRECTED)),
            accounted=_plain(
                _sum(share.sums, (n for n, one in balance.ACCOUNTS.items() if not one.is_open))
            ),
        )
        for share in balance.by(db, case, "consignee")
        if share.key is not None
    )


def _sum(sums: Mapping[str, Decimal], names: Iterable[str]) -> Decimal:
    return sum((sums.get(name, NONE) for name in names), NONE)
