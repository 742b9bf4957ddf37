"""How far a recall is accounted for: what was distributed, what was recovered, what is missing."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, case as when, func, select
from sqlalchemy.orm import Session

from engine.cases import scopes
from engine.cases.accounts import AFFECTED, LEFT_CONTROL
from engine.cases.models import BalanceTotal, Case
from engine.cases.scopes.figures import Figures

# of what was distributed, that is neither back nor put right nor used up nor destroyed
NOT_RECOVERED = (
    *LEFT_CONTROL,
    "lost",
    "unresolved",
    "missing_in_drill",
    "left_without_field_action",
    "in_other_case",
    "transferred_to_recall",
    "released_not_affected",
    "recorded_in_error",
)
_OUT_OF_SCOPE = ("released_not_affected", "recorded_in_error")


@dataclass(frozen=True)
class Reconciliation:
    """The figures of a recall's balance; `produced` is None while no scope is frozen."""

    produced: Decimal | None  # units and quantities that the frozen scope names
    accounted: Decimal  # of them, that lie in an account
    distributed: Decimal  # of what is in scope, that a consignee ever had
    recovered: Decimal  # of them: returned, corrected, destroyed, used
    still_in_use: Decimal  # of them, until corrected

    @property
    def gap(self) -> Decimal | None:
        """Return how much the scope names and no account has; below zero: more than it names."""
        return None if self.produced is None else self.produced - self.accounted

    @property
    def recovery_rate(self) -> Decimal | None:
        """Return the share of what was distributed that was recovered; None of nothing."""
        return self.recovered / self.distributed if self.distributed else None


def reconciliation(db: Session, case: Case) -> Reconciliation:
    """Count a recall's balance together, from its kept totals."""
    kept = BalanceTotal
    with_consignee = kept.party_id != 0

    def summed(condition: ColumnElement[bool]) -> ColumnElement[Decimal]:
        return func.sum(when((condition, kept.quantity), else_=0), type_=kept.quantity.type)

    row = db.execute(
        select(
            summed(kept.account.in_(AFFECTED) & kept.account.not_in(_OUT_OF_SCOPE)),
            summed(
                with_consignee & kept.account.in_(AFFECTED) & kept.account.not_in(_OUT_OF_SCOPE)
            ),
            summed(with_consignee & kept.account.not_in(NOT_RECOVERED)),
            summed(kept.account == "in_use_until_corrected"),
        ).where(kept.case_id == case.id)
    ).one()
    version = scopes.standing(db, case)
    produced = None
    if version is not None:
        found = Figures.from_json(version.counts)
        produced = found.units + Decimal(found.quantity)
    return Reconciliation(produced, *(quantity or Decimal(0) for quantity in row))
