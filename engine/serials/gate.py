"""The gate: the one function that every door asks before anything passes.

It fails closed: what is not known here does not pass. It answers with the holds and the sentence
to show, and it needs the same few queries for one target and for ten thousand.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.errors import Problem
from engine.serials import find
from engine.serials.active import (
    Holding,
    holdings_of_lots,
    holdings_of_stock,
    holdings_of_units,
)
from engine.serials.errors import OnHold
from engine.serials.models import Lot, LotStock, Unit
from engine.serials.sets import id_param, id_set, id_value, is_sqlite
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


class _Asked(NamedTuple):
    units: dict[int, str]
    lots: dict[int, str]
    stock: dict[int, LotStock]
    scrapped: frozenset[tuple[str, int]]


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
    known = [one for one in resolved if isinstance(one, HoldTarget)]
    asked = _look_up(db, known)
    by_unit = holdings_of_units(db, asked.units)
    by_lot = holdings_of_lots(db, asked.lots)
    by_stock = holdings_of_stock(db, list(asked.stock.values()))
    verdicts = []
    for target, one in zip(targets, resolved, strict=True):
        if isinstance(one, Problem):
            verdicts.append(Verdict(str(target), str(target), allowed=False, problem=one))
            continue

        label, holds = _found(one, asked, by_unit, by_lot, by_stock)
        verdict = _verdict(one, label, holds, door=door, under_case=under_case)
        if verdict.allowed and door in FOR_USE and (one.kind, one.id) in asked.scrapped:
            problem = Problem("", SCRAPPED, (("what", label),))
            verdict = Verdict(one, verdict.label, allowed=False, holds=holds, problem=problem)
        verdicts.append(verdict)
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


def _look_up(db: Session, targets: Sequence[HoldTarget]) -> _Asked:
    ids: dict[str, set[int]] = {"unit": set(), "lot": set(), "stock": set()}
    for target in targets:
        for one in target.flat():
            ids.setdefault(one.kind, set()).add(one.id)
    units: dict[int, str] = {}
    scrapped: set[tuple[str, int]] = set()
    if ids["unit"]:
        rows_of_units = db.execute(_units(is_sqlite(db)), {"ids": id_value(db, ids["unit"])})
        for unit_id, serial, usability in rows_of_units:
            units[unit_id] = serial
            if usability == "scrapped":
                scrapped.add(("unit", unit_id))
    lots = _named(db, Lot.id, Lot.lot_no, ids["lot"])
    rows: dict[int, LotStock] = {}
    if ids["stock"]:
        found = select(LotStock).where(LotStock.id.in_(id_set(db, ids["stock"])))
        rows = {row.id: row for row in db.scalars(found)}
        lot_ids = {row.lot_id for row in rows.values()} - set(lots)
        lots |= _named(db, Lot.id, Lot.lot_no, lot_ids)
        scrapped |= {("stock", r.id) for r in rows.values() if r.usability == "scrapped"}
    return _Asked(units, lots, rows, frozenset(scrapped))


@cache
def _units(sqlite: bool) -> Select[int, str, str]:  # noqa: FBT001 - the key of the cache
    """Return the query; every door asks it, and it takes longer to build than to run."""
    return select(Unit.id, Unit.serial, Unit.usability).where(Unit.id.in_(id_param(sqlite)))


def _named(
    db: Session, key: InstrumentedAttribute[int], name: InstrumentedAttribute[str], ids: set[int]
) -> dict[int, str]:
    if not ids:
        return {}
    return {row[0]: row[1] for row in db.execute(select(key, name).where(key.in_(id_set(db, ids))))}


def _found(
    target: HoldTarget,
    asked: _Asked,
    by_unit: dict[int, tuple[Holding, ...]],
    by_lot: dict[int, tuple[Holding, ...]],
    by_stock: dict[int, tuple[Holding, ...]],
) -> tuple[str | None, tuple[Holding, ...]]:
    if target.kind == "unit" and target.id in asked.units:
        return asked.units[target.id], by_unit[target.id]
    if target.kind == "lot" and target.id in asked.lots:
        return asked.lots[target.id], by_lot[target.id]
    if target.kind == "stock" and target.id in asked.stock:
        return asked.lots[asked.stock[target.id].lot_id], by_stock[target.id]
    return None, ()


def _verdict(
    target: HoldTarget,
    label: str | None,
    holds: tuple[Holding, ...],
    *,
    door: str,
    under_case: str | None,
) -> Verdict:
    if label is None:
        what = f"{target.kind} {target.id}"
        problem = Problem("", NOT_KNOWN, (("what", what),))
        return Verdict(target, what, allowed=False, problem=problem)

    stopping = tuple(h for h in holds if h.case_number != under_case)
    if not stopping:
        return Verdict(target, label, allowed=True, holds=holds)

    facts = (
        ("what", label),
        ("cases", ", ".join(dict.fromkeys(h.case_number for h in stopping))),
        ("reasons", ", ".join(dict.fromkeys(h.reason for h in stopping))),
    )
    return Verdict(
        target, label, allowed=False, holds=holds, problem=Problem("", DOORS[door], facts)
    )
