"""The doors that destroy or alter: what the holds let through an authority may still hold back."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.cases.dispositions import Part
from engine.cases.recalls.destroying import held_back
from engine.cases.recalls.doings import (
    DESTROYING,
    RELABELLING,
    REWORKING,
    HeldBack,
    problems_in,
)
from engine.serials.gate import Verdict
from engine.serials.targets import HoldTarget
from engine.serials.units import contents

DOORS = {"destroy": DESTROYING, "rework": REWORKING, "regrade": RELABELLING}
ALL_OF_IT = Decimal(10**9)  # who asks for a lot asks for whatever there is of it


def asked_of_authorities(db: Session, verdicts: Sequence[Verdict], *, door: str) -> list[Verdict]:
    """Return the verdicts of the gate with those denied that a recall's closed gate holds back.

    Of a lot that may go in part the sentence says how much; it is denied as a whole.
    """
    if door not in DOORS:
        return list(verdicts)
    passing = [one.target for one in verdicts if one.allowed]
    parts = [part for one in passing if (part := _part(one))]
    found = held_back(db, parts, doing=DOORS[door])
    return [_denied(db, one, found) if one.allowed and found else one for one in verdicts]


def _part(target: HoldTarget | str) -> Part | None:
    if not isinstance(target, HoldTarget):
        return None
    if target.kind == "unit":
        return Part(target.id, None, Decimal(1))
    return Part(None, target.id, ALL_OF_IT) if target.kind == "lot" else None


def _denied(db: Session, verdict: Verdict, found: Sequence[HeldBack]) -> Verdict:
    part = _part(verdict.target)
    if part is None:
        return verdict
    units = {part.unit_id, *contents(db, [part.unit_id])} if part.unit_id is not None else set()
    stopping = [
        one for one in found if one.unit_id in units or (part.lot_id and one.lot_id == part.lot_id)
    ]
    if not stopping:
        return verdict
    return replace(verdict, allowed=False, problem=problems_in("", stopping)[0])
