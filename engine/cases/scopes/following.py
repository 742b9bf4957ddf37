"""A recall follows what its scope names: what comes back, or out of a host, is held again."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session, aliased

from engine.cases import balance
from engine.cases.balance import NOT_HELD, SCOPE, Holding
from engine.cases.models import BalanceUnit, Case
from engine.cases.scopes.entering import AWAY, PLACES
from engine.cases.scopes.models import ScopeVersion
from engine.serials import holds
from engine.serials.holds.of_run import HOLDABLE
from engine.serials.models import Location, TraceRunUnit, Unit, UnitRoot
from engine.serials.sets import id_set
from engine.serials.targets import HoldTarget


def take_in(db: Session, units: Iterable[int], *, at: datetime) -> None:
    """Bring in what a scope that stands names and only now stands by itself, and hold it.

    It was inside another unit when the scope was frozen. What no scope names yet is for people:
    the gate keeps it by its lot, and a new scope is traced.
    """
    found: dict[int, list[tuple[int, str, int | None]]] = {}
    for row in db.execute(_loose(units, db)):
        found.setdefault(row.case_id, []).append((row.unit_id, row.custody, row.party_id))
    for case_id, loose in sorted(found.items()):
        case = db.get_one(Case, case_id)
        if not balance.lock(db, case):
            continue
        for unit_id, custody, party_id in loose:
            with_whom = party_id if custody in AWAY else None
            part = Holding(SCOPE, unit_id, None, Decimal(1))
            balance.post(
                db, case, [part], to=PLACES[custody], evidence="came out of its host", by=None,
                at=at, party_id=with_whom,
            )  # fmt: skip
        hold(db, case, [one for one, custody, _ in loose if custody in HOLDABLE], at=at)


def hold_what_came(db: Session, case: Case, units: Iterable[int], *, at: datetime) -> None:
    """Hold those of these units that are in our hands again by the balance of a recall."""
    rows = select(BalanceUnit.account, BalanceUnit.unit_id, BalanceUnit.party_id).where(
        BalanceUnit.case_id == case.id,
        BalanceUnit.unit_id.in_(id_set(db, units)),
        BalanceUnit.account.in_(tuple(NOT_HELD)),
    )
    came = [
        Holding(account, unit_id, None, Decimal(1), party_id=party_id)
        for account, unit_id, party_id in db.execute(rows)
    ]
    hold(db, case, [one.unit_id or 0 for one in came], at=at)
    for free, held in NOT_HELD.items():
        lying = [one for one in came if one.account == free]
        balance.post(db, case, lying, to=held, evidence="hold placed", by=None, at=at)


def hold(db: Session, case: Case, units: Iterable[int], *, at: datetime) -> None:
    """Hold units that no hold of the case names already; a drill holds nothing."""
    if case.is_drill:
        return
    new = set(units) - holds.named_units(db, case.number, units)
    if new:
        holds.place(
            db, stream=case.stream, case_number=case.number, reason=case.title,
            basis="came back in the scope", by=None, at=at,
            target=HoldTarget.scope(HoldTarget.unit(one) for one in sorted(new)),
        )  # fmt: skip


def _loose(units: Iterable[int], db: Session) -> Select[int, int, str, int]:
    kept, later = TraceRunUnit, aliased(ScopeVersion)
    return (
        select(ScopeVersion.case_id, kept.unit_id, Unit.custody, Location.party_id)
        .select_from(ScopeVersion)
        .join(Case, Case.id == ScopeVersion.case_id)
        .join(kept, kept.run_id == ScopeVersion.run_id)
        .join(UnitRoot, (UnitRoot.unit_id == kept.unit_id) & (UnitRoot.root_id == kept.unit_id))
        .join(Unit, Unit.id == kept.unit_id)
        .outerjoin(Location, Location.id == Unit.location_id)
        .where(
            Case.state == "open",
            ScopeVersion.state == "frozen",
            ~exists().where(later.supersedes_id == ScopeVersion.id),
            kept.unit_id.in_(id_set(db, units)),
            Unit.custody.in_(list(PLACES)),
            ~exists().where(
                BalanceUnit.case_id == ScopeVersion.case_id, BalanceUnit.unit_id == kept.unit_id
            ),
        )
        .order_by(ScopeVersion.case_id, kept.unit_id)
    )
