"""The gate: the one function that every door asks before anything passes.

It fails closed: what is not known here does not pass. It answers with the holds and the sentence
to show, and it needs the same few queries for one target and for ten thousand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Problem
from engine.serials import find
from engine.serials.active import (
    Holding,
    Standing,
    holdings_of_lots,
    holdings_of_stock,
    standing_of_units,
)
from engine.serials.errors import OnHold
from engine.serials.models import Lot, LotStock
from engine.serials.sets import id_set
from engine.serials.targets import HoldTarget
from engine.words import N_

DECIDE = N_(
    "%(what)s is on hold for %(cases)s (%(reasons)s). Quality must decide about the hold first"
)
KEEP = N_(
    "%(what)s is on hold for %(cases)s (%(reasons)s)."
    " Keep it: quality must decide about the hold first"
)
# each door, and what a person standing at it is told to do
DOORS = {
    "ship": N_(
        "%(what)s is on hold for %(cases)s (%(reasons)s)."
        " Do not ship: put it in quarantine and tell quality"
    ),
    "issue": N_(
        "%(what)s is on hold for %(cases)s (%(reasons)s)."
        " Do not use: put it in quarantine and tell quality"
    ),
    "install": N_(
        "%(what)s is on hold for %(cases)s (%(reasons)s)."
        " Do not install: put it in quarantine and tell quality"
    ),
    "transfer": N_(
        "%(what)s is on hold for %(cases)s (%(reasons)s). Move it only to a quarantine area"
    ),
    "release": N_(
        "%(what)s is on hold for %(cases)s (%(reasons)s). Quality must release the hold first"
    ),
    "rework": DECIDE,
    "regrade": DECIDE,
    "scrap": KEEP,
    "destroy": KEEP,
}
NOT_KNOWN = N_("%(what)s is not known here, so it cannot pass. Check the label and tell quality")
NOT_ONE = N_("%(what)s fits more than one thing here, so it cannot pass. Scan the whole label")


SCRAPPED = N_("%(what)s is scrapped and cannot pass. Put it with the scrap and tell quality")
FOR_USE = frozenset({"ship", "issue", "install", "release", "rework", "regrade"})


@dataclass(frozen=True)
class Verdict:
    """What the gate says to one target: may it pass, which holds bear on it, what to tell."""

    target: HoldTarget | str
    label: str
    allowed: bool
    holds: tuple[Holding, ...] = ()
    problem: Problem | None = None

    @property
    def sentence(self) -> str:
        """Return the sentence to show, in English; `problem` has its msgid and facts."""
        return str(self.problem) if self.problem else ""


def check(
    db: Session,
    targets: Sequence[HoldTarget | int | str],
    *,
    door: str,
    under_case: str | None = None,
) -> list[Verdict]:
    """Say for each target, in order, whether it may pass `door`.

    A target is a `HoldTarget` (unit, lot, stock), a unit's id, or text as scanned. With
    `under_case` the holds of that case do not stop it (its own disposition decided so); those of
    every other case do.
    """
    resolved = _resolve(db, targets)
    standing = _standing(db, [one for one in resolved if isinstance(one, HoldTarget)])
    verdicts = []
    for target, one in zip(targets, resolved, strict=True):
        if isinstance(one, Problem):
            verdicts.append(Verdict(str(target), str(target), allowed=False, problem=one))
            continue

        found = standing.get((one.kind, one.id))
        verdicts.append(_verdict(one, found, door=door, under_case=under_case))
    return verdicts


def refuse_held(
    db: Session, targets: Iterable[HoldTarget], *, door: str, under_case: str | None = None
) -> None:
    """Raise `OnHold` with every sentence when anything among `targets` may not pass."""
    denied = [
        v for v in check(db, list(targets), door=door, under_case=under_case) if not v.allowed
    ]
    if denied:
        raise OnHold(
            sentence=". ".join(verdict.sentence for verdict in denied[:20]), verdicts=denied
        )


def _resolve(db: Session, targets: Sequence[HoldTarget | int | str]) -> list[HoldTarget | Problem]:
    texts = [target for target in targets if isinstance(target, str)]
    by_text = dict(zip(texts, find.resolve_many(db, texts), strict=True)) if texts else {}
    resolved: list[HoldTarget | Problem] = []
    for target in targets:
        if isinstance(target, int):
            resolved.append(HoldTarget.unit(target))
        elif isinstance(target, str):
            resolved.append(_one_match(target, by_text[target]))
        else:
            resolved.append(target)
    return resolved


def _one_match(said: str, found: find.Found) -> HoldTarget | Problem:
    if found.problem is not None:
        return found.problem
    if not found.matches:
        return Problem("", NOT_KNOWN, (("what", said),))
    if len(found.matches) > 1:
        return Problem("", NOT_ONE, (("what", said),))

    match = found.matches[0]
    if match.kind == "unit":
        return HoldTarget.unit(match.id)
    if match.kind == "lot":
        return HoldTarget.lot(match.id)
    return Problem("", NOT_KNOWN, (("what", said),))


def _standing(db: Session, targets: Sequence[HoldTarget]) -> dict[tuple[str, int], Standing]:
    ids: dict[str, set[int]] = {"unit": set(), "lot": set(), "stock": set()}
    for target in targets:
        ids.setdefault(target.kind, set()).add(target.id)
    found = {("unit", key): one for key, one in standing_of_units(db, ids["unit"]).items()}
    if ids["lot"]:
        lots, held = _numbers(db, ids["lot"]), holdings_of_lots(db, ids["lot"])
        found |= {("lot", key): Standing(lot_no, False, held[key]) for key, lot_no in lots.items()}
    if ids["stock"]:
        found |= _standing_of_stock(db, ids["stock"])
    return found


def _standing_of_stock(db: Session, ids: set[int]) -> dict[tuple[str, int], Standing]:
    rows = db.scalars(select(LotStock).where(LotStock.id.in_(id_set(db, ids)))).all()
    lots, held = _numbers(db, {row.lot_id for row in rows}), holdings_of_stock(db, rows)
    return {
        ("stock", row.id): Standing(lots[row.lot_id], row.usability == "scrapped", held[row.id])
        for row in rows
    }


def _numbers(db: Session, ids: set[int]) -> dict[int, str]:
    rows = db.execute(select(Lot.id, Lot.lot_no).where(Lot.id.in_(id_set(db, ids))))
    return {row.id: row.lot_no for row in rows}


def _verdict(
    target: HoldTarget, found: Standing | None, *, door: str, under_case: str | None
) -> Verdict:
    if found is None:
        what = f"{target.kind} {target.id}"
        problem = Problem("", NOT_KNOWN, (("what", what),))
        return Verdict(target, what, allowed=False, problem=problem)

    stopping = [hold for hold in found.holds if hold.case_number != under_case]
    facts: tuple[tuple[str, str], ...] = (("what", found.label),)
    if stopping:
        sentence = DOORS[door]
        facts += (
            ("cases", ", ".join(dict.fromkeys(h.case_number for h in stopping))),
            ("reasons", ", ".join(dict.fromkeys(h.reason for h in stopping))),
        )
    elif found.is_scrapped and door in FOR_USE:
        sentence = SCRAPPED
    else:
        return Verdict(target, found.label, allowed=True, holds=found.holds)

    problem = Problem("", sentence, facts)
    return Verdict(target, found.label, allowed=False, holds=found.holds, problem=problem)
