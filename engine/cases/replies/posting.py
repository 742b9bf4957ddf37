"""A reply in the unit balance: what stands of all replies is posted as a difference, no more.

What is in our hands again, or was corrected or destroyed before our eyes, is not moved by what
anybody says; and nobody can move more than lies with their consignee.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.balance import Holding
from engine.cases.models import Case
from engine.cases.replies.standing import ANSWERED, MOVABLE, UNANSWERED, Target
from engine.people import Person


def lying_of(
    db: Session, case: Case, party_id: int, targets: Iterable[Target]
) -> dict[Target, list[Holding]]:
    """Return what lies in the balance of these things with a consignee, or as these units."""
    asked = list(targets)
    units = [one.unit_id for one in asked if one.unit_id is not None]
    lots = [one.lot_id for one in asked if one.lot_id is not None]
    found: dict[Target, list[Holding]] = {one: [] for one in asked}
    rows = [*(balance.holdings_of(db, case.id, units=units) if units else ())]
    if lots:
        of_lots = balance.holdings_of(db, case.id, lots=lots)
        rows += [one for one in of_lots if one.unit_id is None and one.party_id == party_id]
    for one in rows:
        target = Target(one.unit_id, None if one.unit_id is not None else one.lot_id, None)
        found.setdefault(target, []).append(one)
    return found


def with_them(lying: Mapping[Target, list[Holding]], party_id: int) -> dict[Target, list[Holding]]:
    """Return what of it lies with the consignee, or with nobody that is known."""
    return {
        target: [one for one in rows if one.party_id in (None, party_id)]
        for target, rows in lying.items()
    }


def post(
    db: Session,
    case: Case,
    wanted: Mapping[Target, Mapping[str, Decimal]],
    lying: Mapping[Target, list[Holding]],
    *,
    evidence: str,
    by: Person | None,
    at: datetime,
) -> int:
    """Move what lies with the consignee to where its replies put it; return how many moved."""
    moved: dict[str, list[Holding]] = {}
    for target, goal in wanted.items():
        for to, part in moves(goal, lying.get(target, [])):
            moved.setdefault(to, []).append(part)
    return sum(
        balance.post(db, case, parts, to=to, evidence=evidence, by=by, at=at)
        for to, parts in sorted(moved.items())
    )


def moves(goal: Mapping[str, Decimal], lying: list[Holding]) -> Iterator[tuple[str, Holding]]:
    """Yield what goes where: from answers that changed, then from what nobody had answered for."""
    movable = [one for one in lying if one.account in MOVABLE]
    left = sum((one.quantity for one in movable), Decimal(0))
    missing: dict[str, Decimal] = {}
    for account, quantity in goal.items():  # more than was shipped cannot be moved: it is flagged
        missing[account] = min(quantity, left)
        left -= missing[account]
    changed: list[Holding] = []
    waiting: list[Holding] = []
    for one in movable:
        stays = min(missing.get(one.account, Decimal(0)), one.quantity)
        if stays:
            missing[one.account] -= stays
        if one.quantity > stays:
            spare = replace(one, quantity=one.quantity - stays)
            (changed if one.account in ANSWERED else waiting).append(spare)
    sources = [*changed, *waiting]
    for account, quantity in missing.items():
        needed = quantity
        while needed > 0:
            one = sources.pop(0)
            moved = min(needed, one.quantity)
            yield account, replace(one, quantity=moved)
            needed -= moved
            if one.quantity > moved:
                sources.insert(0, replace(one, quantity=one.quantity - moved))
    for one in sources:  # an answer that was taken back leaves it unanswered
        if one.account in ANSWERED:
            yield UNANSWERED, one
