"""Letting go of what left a scope: out of this case's holds, and of no other's."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import Session, aliased

from engine.cases import balance
from engine.cases.accounts import ACCOUNTS, OPEN
from engine.cases.models import Case, Posting
from engine.cases.scopes.entering import RELEASED
from engine.cases.scopes.models import ScopeVersion
from engine.cases.scopes.standing import standing_or_refuse
from engine.people.person import Person
from engine.serials import holds
from engine.serials.models import Hold, HoldTargetRow, Lot, TraceRunNode, TraceRunUnit
from engine.serials.sets import id_set

HERE = (*balance.IN_HOUSE, *balance.NOT_HELD)


@dataclass(frozen=True)
class LeftLot:
    """A lot that left a scope: how much of it is still open, and how much of that lies with us."""

    lot_id: int
    lot_no: str
    quantity: Decimal
    here: Decimal


@dataclass(frozen=True)
class Left:
    """What the standing scope does not name any more and nobody has let go yet."""

    units: int
    units_here: int  # of them with us or at a third party: a tag has to come off
    lots: tuple[LeftLot, ...]

    @property
    def is_any(self) -> bool:
        """Say whether anything waits to be let go."""
        return bool(self.units or self.lots)

    @property
    def is_here(self) -> bool:
        """Say whether a tag has to come off anywhere."""
        return bool(self.units_here or any(lot.here for lot in self.lots))


NOTHING_LEFT = Left(0, 0, ())


def reason_of(number: int) -> str:
    """Return the evidence under which what left a scope is posted when it is let go."""
    return f"left scope {number}"


def left(db: Session, case: Case, *, number: int | None = None) -> Left:
    """Count what left the scope and is neither released nor accounted for. Raises `NoScope`.

    With the `number` of a scope also what was let go under it: the same before and after.
    """
    run_id = standing_or_refuse(db, case).run_id
    units = left_units(db, case, number=number).subquery()
    here = func.count().filter(units.c.account.in_(HERE))
    counted = db.execute(select(func.count(), here).select_from(units)).one()
    return Left(counted[0], counted[1], _left_lots(db, case, run_id, number))


def left_units(db: Session, case: Case, *, number: int | None = None) -> Select[*tuple[Any, ...]]:
    """Choose the units that `left` counts, by `account` and `unit_id`."""
    still = _left_units(db, case, standing_or_refuse(db, case).run_id).subquery()
    waiting = select(still.c.account, still.c.unit_id)
    if number is None:
        return waiting
    let_go = _let_go(case, number).where(Posting.unit_id.is_not(None))
    both = union_all(waiting, let_go.with_only_columns(Posting.from_account, Posting.unit_id))
    return select(both.subquery())


def _let_go(case: Case, number: int) -> Select[*tuple[Any, ...]]:
    return select(Posting).where(
        Posting.case_id == case.id,
        Posting.to_account == RELEASED,
        Posting.evidence == reason_of(number),
    )


def _left_units(db: Session, case: Case, run_id: int) -> Select[*tuple[Any, ...]]:
    """Choose what lies in an open account and only earlier scopes found, as `post_set` wants it."""
    lying = balance.lying_in(case.id, OPEN).subquery()
    kept, before = aliased(TraceRunUnit), aliased(TraceRunUnit)
    is_kept = select(kept.unit_id).where(kept.run_id == run_id, kept.unit_id == lying.c.unit_id)
    earlier = db.scalars(
        select(ScopeVersion.run_id).where(
            ScopeVersion.case_id == case.id, ScopeVersion.state == "frozen"
        )
    ).all()
    was_in = select(before.unit_id).where(
        before.run_id.in_(earlier), before.unit_id == lying.c.unit_id
    )
    return select(lying).where(lying.c.unit_id.is_not(None), ~is_kept.exists(), was_in.exists())


def _left_lots(db: Session, case: Case, run_id: int, number: int | None) -> tuple[LeftLot, ...]:
    names = dict(db.execute(_lots_left(case, run_id)).all())
    sums: dict[int, list[Decimal]] = {}
    for lot_id, account, quantity in _open_quantities(db, case, names, number):
        total = sums.setdefault(lot_id, [Decimal(0), Decimal(0)])
        total[0] += quantity
        total[1] += quantity if account in HERE else Decimal(0)
    held = _lots_held(db, case, names)
    return tuple(
        LeftLot(lot_id, lot_no, *sums.get(lot_id, [Decimal(0), Decimal(0)]))
        for lot_id, lot_no in sorted(names.items(), key=lambda one: (one[1], one[0]))
        if lot_id in sums or lot_id in held
    )


def _open_quantities(
    db: Session, case: Case, lots: Iterable[int], number: int | None
) -> Iterator[tuple[int, str, Decimal]]:
    if not (wanted := set(lots)):
        return
    for one in balance.holdings_of(db, case.id, lots=wanted):
        if ACCOUNTS[one.account].is_open:
            yield one.lot_id or 0, one.account, one.quantity
    if number is not None:
        for posting in db.scalars(_let_go(case, number).where(Posting.lot_id.is_not(None))):
            yield posting.lot_id or 0, posting.from_account, posting.quantity


def _lots_left(case: Case, run_id: int) -> Select[int, str]:
    """Choose the lots of earlier scopes that a run has not."""
    kept = aliased(TraceRunNode)
    is_kept = select(kept.node_id).where(kept.run_id == run_id, kept.node_id == Lot.id)
    earlier = (
        select(TraceRunNode.node_id)
        .join(ScopeVersion, ScopeVersion.run_id == TraceRunNode.run_id)
        .where(
            ScopeVersion.case_id == case.id,
            ScopeVersion.state == "frozen",
            ScopeVersion.run_id != run_id,
        )
    )
    return select(Lot.id, Lot.lot_no).where(Lot.id.in_(earlier), ~is_kept.exists())


def _lots_held(db: Session, case: Case, lots: Iterable[int]) -> set[int]:
    """Return which of these lots the case holds: nothing of one may lie anywhere any more."""
    rows = (
        select(HoldTargetRow.target_id)
        .join(Hold, Hold.id == HoldTargetRow.hold_id)
        .where(
            Hold.case_number == case.number,
            HoldTargetRow.kind == "lot",
            HoldTargetRow.release_event_id.is_(None),
            HoldTargetRow.target_id.in_(id_set(db, lots)),
        )
    )
    return set(db.scalars(rows))


def release_left(db: Session, case: Case, number: int, *, by: Person | None, at: datetime) -> Left:
    """Let go of everything that left the scope: out of the case's holds, posted as not affected.

    What the scope that stands by now names again stays; so does what another case holds. Returns
    what was let go, under the `number` of the scope that did not name it any more. Flushes.
    """
    run_id = standing_or_refuse(db, case).run_id
    reason, found = reason_of(number), left(db, case)
    newest = db.scalar(select(func.max(Posting.id))) or 0
    units = _left_units(db, case, run_id)
    balance.post_set(db, case, units, to=RELEASED, evidence=reason, by=by, at=at)
    lots = [one.lot_id for one in found.lots]
    lying = [
        one
        for one in (balance.holdings_of(db, case.id, lots=lots) if lots else ())
        if ACCOUNTS[one.account].is_open
    ]
    balance.post(db, case, lying, to=RELEASED, evidence=reason, by=by, at=at)
    let_go = select(func.coalesce(Posting.unit_id, 0)).where(
        Posting.case_id == case.id,
        Posting.id > newest,
        Posting.to_account == RELEASED,
        Posting.unit_id.is_not(None),
    )
    holds.release_set(
        db, stream=case.stream, case_number=case.number, units=let_go, lots=id_set(db, lots),
        reason=reason, by=by, at=at,
    )  # fmt: skip
    return found
