"""What in a reply a person looks into: it differs, exceeds, or is about what we did not ship."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.cases.balance import Holding
from engine.cases.replies.listed import Listed
from engine.cases.replies.standing import MOVABLE, Outcomes, Target

NONE = Decimal(0)
# what was set aside may go back or be destroyed: that is news, not a contradiction
ON_ITS_WAY = {
    "quarantined": ("returned", "destroyed"),
    "in_use_until_corrected": ("returned", "destroyed", "quarantined", "used"),
    "not_found": ("quarantined", "in_use_until_corrected", "returned", "destroyed"),
    "returned": (),
    "destroyed": (),
}


@dataclass(frozen=True)
class Finding:
    """One thing to look into; `before` and `after` are outcomes with quantities."""

    kind: str
    target: Target
    before: Outcomes | None = None
    after: Outcomes | None = None


def findings(
    said: Mapping[Target, Outcomes],
    earlier: Mapping[Target, Outcomes],
    listed: Listed,
    lying: Mapping[Target, list[Holding]],
    wanted: Mapping[Target, Outcomes],
    *,
    party_id: int,
) -> Iterator[Finding]:
    """Yield what is to be looked into of one reply.

    `earlier` is what the same speaker said before, `wanted` what all of them together come to.
    """
    for target, after in said.items():
        before = earlier.get(target)
        if before is not None and contradicts(before, after):
            yield Finding("differs", target, before, after)
        if target.said is not None:
            yield Finding("not_listed", target, after=after)
            continue
        if "not_ours" in after:
            yield Finding("not_ours", target, after=after)
        shipped = _shipped(listed, target)
        if sum(wanted.get(target, {}).values(), Decimal(0)) > shipped:
            yield Finding("more_than_shipped", target, {"shipped": shipped}, after)
        there = lying.get(target, [])
        if _claims(after) and there and not any(one.account in MOVABLE for one in there):
            yield Finding("with_us", target, after=after)
        elif _claims(after) and any(one.party_id not in (None, party_id) for one in there):
            yield Finding("elsewhere", target, after=after)


def newly_destroyed(
    said: Mapping[Target, Outcomes], earlier: Mapping[Target, Outcomes]
) -> list[Finding]:
    """Return a finding for each thing of which more is destroyed than was said before."""
    return [
        Finding("destroyed_too_early", target, after=after)
        for target, after in said.items()
        if after.get("destroyed", NONE) > earlier.get(target, {}).get("destroyed", NONE)
    ]


def contradicts(before: Outcomes, after: Outcomes) -> bool:
    """Tell whether two replies cannot both be true, one after the other."""
    if sum(after.values(), Decimal(0)) < sum(before.values(), Decimal(0)):
        return True
    gained = {
        name: much - before.get(name, Decimal(0))
        for name, much in after.items()
        if much > before.get(name, Decimal(0))
    }
    for name, much in before.items():
        lost = much - after.get(name, Decimal(0))
        for later in ON_ITS_WAY.get(name, ()):
            if lost <= 0:
                break
            taken = min(lost, gained.get(later, Decimal(0)))
            lost -= taken
            if taken:
                gained[later] -= taken
        if lost > 0:
            return True
    return False


def _shipped(listed: Listed, target: Target) -> Decimal:
    if target.unit_id is not None:
        return Decimal(1 if target.unit_id in listed.unit_of else 0)
    lot = listed.lot_of.get(target.lot_id or 0)
    return lot.quantity if lot else Decimal(0)


def _claims(after: Outcomes) -> bool:
    """Tell whether they say that they have it, or did something to it."""
    return bool(set(after) & {"quarantined", "in_use_until_corrected", "used", "destroyed"})
