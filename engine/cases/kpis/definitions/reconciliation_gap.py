"""Reconciliation gap.

Formula: Units and quantities that the frozen scope names − the sum of the accounts; its amount ÷
the scope.

Population: Every recall with a frozen scope, open or closed, as it stands now.

Window: Now, whatever days are chosen.

Exclusions: Drills; voided recalls; recalls that go on in another; what was released as not affected
or struck out of the record.

Unit: Units and quantities; the target is 0.

Source: House definition.
"""

from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases.accounts import ACCOUNTS
from engine.cases.kpis.measure import (
    GOES_ON,
    REAL,
    Bucket,
    Col,
    Figure,
    Measured,
    Rows,
    Window,
    share,
)
from engine.cases.models import BalanceTotal, Case
from engine.cases.scopes.figures import Figures
from engine.cases.scopes.models import ScopeVersion
from engine.words import N_

PART, PLACE, UNIT = "recall", 4, "quantity"
NO_SCOPE = N_("No recall has a frozen scope")
COUNTED = tuple(
    name
    for name, account in ACCOUNTS.items()
    if account.is_affected and name != "released_not_affected"
)


def _recalls(db: Session) -> list[tuple[str, str, Decimal | None, Decimal]]:
    """Return number, state, what the scope names (None: not frozen) and what the accounts hold."""
    kept = BalanceTotal
    held = (
        select(kept.case_id, func.sum(kept.quantity, type_=kept.quantity.type).label("many"))
        .where(kept.account.in_(COUNTED))
        .group_by(kept.case_id)
        .subquery()
    )
    newest = (
        select(func.max(ScopeVersion.number).label("number"), ScopeVersion.case_id)
        .where(ScopeVersion.state == "frozen")
        .group_by(ScopeVersion.case_id)
        .subquery()
    )
    found = db.execute(
        select(Case.number, Case.state, ScopeVersion.counts, held.c.many)
        .outerjoin(newest, newest.c.case_id == Case.id)
        .outerjoin(
            ScopeVersion,
            (ScopeVersion.case_id == Case.id) & (ScopeVersion.number == newest.c.number),
        )
        .outerjoin(held, held.c.case_id == Case.id)
        .where(REAL, Case.process == "recall", Case.state != "void", ~GOES_ON)
        .order_by(Case.id.desc())
    )
    return [
        (number, state, _named(counts), many or Decimal(0)) for number, state, counts, many in found
    ]


def _named(counts: dict[str, object] | None) -> Decimal | None:
    if counts is None:
        return None
    told = Figures.from_json(counts)
    return told.units + Decimal(told.quantity)


def measured(db: Session, window: Window) -> Measured:
    """Add the gaps up without letting one set off another."""
    recalls = _recalls(db)
    known = [(named, many) for _, _, named, many in recalls if named is not None]
    gap = sum((abs(named - many) for named, many in known), Decimal(0))
    scope = sum((named for named, _ in known), Decimal(0))
    main = (
        Figure(N_("Units in no account, or in one too many"), gap, "quantity", of=scope)
        if known
        else Figure(N_("Units in no account, or in one too many"), None, "quantity", why=NO_SCOPE)
    )
    return Measured(
        main,
        (share(N_("Of the scope"), gap, scope, why=NO_SCOPE),),
        unknown=(
            Bucket(
                N_("Recalls without a frozen scope"), Decimal(len(recalls) - len(known))
            ),
        ),
    )  # fmt: skip


def rows(db: Session, window: Window) -> Rows:
    """Return every recall with its scope, its accounts and the gap between them."""
    return Rows(
        (
            Col("case", N_("Case"), "case"),
            Col("state", N_("State"), "state"),
            Col("scope", N_("Named by the frozen scope"), "quantity"),
            Col("accounts", N_("In the accounts"), "quantity"),
            Col("gap", N_("Reconciliation gap"), "quantity"),
        ),
        [
            (number, state, named, many, None if named is None else named - many)
            for number, state, named, many in _recalls(db)
        ],
    )
