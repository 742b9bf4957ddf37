"""What a recall affects in each country: where it is now, and what its consignees have said."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.accounts import ACCOUNTS
from engine.cases.models import Case
from engine.cases.notices.models import Notice
from engine.cases.reconciling import NOT_RECOVERED
from engine.cases.shares import UNKNOWN, by
from engine.words import N_

NONE = Decimal(0)


@dataclass(frozen=True)
class Group:
    """Accounts that are shown as one number."""

    label: str
    accounts: tuple[str, ...]


_IN_HOUSE = ("in_house", "held", "at_third_party", "held_elsewhere")
_WITH = (
    "at_consignee",
    "confirmed_at_consignee",
    "in_use_until_corrected",
    "return_announced",
    "passed_on",
)
_MISSING = ("not_received", "not_found", "lost", "unresolved", "missing_in_drill")
_NAMED = (*_IN_HOUSE, "in_transit", *_WITH, *_MISSING, "used")
# every affected account is in exactly one of these
GROUPS: Mapping[str, Group] = {
    "in_house": Group(N_("In house"), _IN_HOUSE),
    "in_transit": Group(N_("In transit"), ("in_transit",)),
    "with_consignees": Group(N_("At consignees"), _WITH),
    "used": Group(N_("Used or implanted"), ("used",)),
    "settled": Group(
        N_("Settled"),
        tuple(name for name, one in ACCOUNTS.items() if one.is_affected and name not in _NAMED),
    ),
    "missing": Group(N_("Not accounted for"), _MISSING),
}
# of what a consignee ever had: an overlap of the groups above, as the recovery rate counts it
RECOVERED = Group(N_("Recovered"), tuple(name for name in ACCOUNTS if name not in NOT_RECOVERED))
ASKED = {**GROUPS, "recovered": RECOVERED}


@dataclass(frozen=True)
class Told:
    """How many consignees of a country have a notice, were sent it, and replied."""

    notices: int = 0
    sent: int = 0
    answered: int = 0


@dataclass(frozen=True)
class Country:
    """One country; the code is None for what never left us, `UNKNOWN` where none is recorded."""

    code: str | None
    affected: Decimal
    sums: Mapping[str, Decimal]  # by group
    distributed: Decimal  # of what is in scope, that a consignee ever had
    recovered: Decimal
    told: Told

    @property
    def has_left(self) -> bool:
        """Say whether a consignee ever had it."""
        return self.code is not None

    @property
    def rate(self) -> Decimal | None:
        """Return the share of what was distributed there that is recovered; None of nothing."""
        return self.recovered / self.distributed if self.distributed else None


def of_recall(db: Session, case: Case) -> list[Country]:
    """Return every country with affected goods or a notice, in three queries; ours first."""
    told = _told(db, case)
    shares = {share.key: share for share in by(db, case, "country")}
    codes = [*shares, *(code for code in told if code not in shares)]
    found = []
    for code in codes:
        sums = shares[code].sums if code in shares else {}
        found.append(
            Country(
                None if code is None else str(code),
                shares[code].total if code in shares else NONE,
                {name: _sum(sums, group) for name, group in GROUPS.items()},
                shares[code].total - sums.get("released_not_affected", NONE)
                if code is not None and code in shares
                else NONE,
                _sum(sums, RECOVERED) if code is not None else NONE,
                told.get(None if code is None else str(code), Told()),
            )
        )
    return sorted(found, key=lambda one: (one.has_left, -one.affected, one.code or ""))


def _sum(sums: Mapping[str, Decimal], group: Group) -> Decimal:
    return sum((sums[name] for name in group.accounts if name in sums), NONE)


def _told(db: Session, case: Case) -> dict[str | None, Told]:
    rows = db.execute(
        select(
            func.coalesce(Notice.country, UNKNOWN),
            func.count(),
            func.count(Notice.first_sent_at),
            func.count(Notice.answered_at),
        )
        .where(Notice.case_id == case.id)
        .group_by(Notice.country)
    )
    return {code: Told(*counts) for code, *counts in rows}
