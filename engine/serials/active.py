"""Which holds bear on what: the one place that knows how far a hold reaches.

A unit is held by a hold on itself, its lot, its segment, any unit it is inside of, or anything
inside it, to any depth, and on their lots and segments. The holds of several cases are a union.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from engine.serials.models import HoldExemption, LotStock, Unit
from engine.serials.sets import id_param, id_value, is_sqlite
from engine.serials.walk import AROUND, INSIDE, reach_each

Key = tuple[str, int]  # ("unit" | "lot" | "segment" | "stock", id); a stock's id is its tranche


@dataclass(frozen=True)
class Holding:
    """One hold that bears on something, and through what."""

    hold_id: int
    case_number: str
    reason: str
    basis: str
    through: str  # "SN-1", "lot 15AMLB"


@dataclass(frozen=True)
class Member:
    """A unit, or a stock row, with the keys that a hold on it could name."""

    own: Key
    keys: tuple[Key, ...]


def holdings_of_units(
    db: Session, unit_ids: Iterable[int], *, is_alone: bool = False
) -> dict[int, tuple[Holding, ...]]:
    """Return the holds that bear on each unit; five queries, however many units.

    With `is_alone` those on what a unit is inside of do not bear on it.
    """
    asked = set(unit_ids)
    if not asked:
        return {}

    related = reach_each(db, asked, INSIDE)
    if not is_alone:
        around = reach_each(db, asked, AROUND)
        related = {unit_id: related[unit_id] | around[unit_id] for unit_id in asked}
    everyone = {one for group in related.values() for one in group}
    members = {m.own[1]: m for m in _unit_members(db, everyone)}
    found = _holds(db, [key for member in members.values() for key in member.keys])
    exempt = _exemptions(db, found)
    return {
        unit_id: _bearing(
            [members[u] for u in sorted(related[unit_id]) if u in members], found, exempt
        )
        for unit_id in asked
    }


def holdings_of_stock(db: Session, rows: Sequence[LotStock]) -> dict[int, tuple[Holding, ...]]:
    """Return the holds that bear on each stock row: on its lot, or on its tranche."""
    members = {row.id: _stock_member(row) for row in rows}
    found = _holds(db, [key for member in members.values() for key in member.keys])
    exempt = _exemptions(db, found)
    return {key: _bearing([member], found, exempt) for key, member in members.items()}


def holdings_of_lots(db: Session, lot_ids: Iterable[int]) -> dict[int, tuple[Holding, ...]]:
    """Return the holds on whole lots (a hold on a part of one leaves the rest free)."""
    ids = set(lot_ids)
    found = _holds(db, [("lot", lot_id) for lot_id in ids])
    return {
        lot_id: _bearing([Member(("lot", lot_id), (("lot", lot_id),))], found, set())
        for lot_id in ids
    }


def _unit_members(db: Session, unit_ids: set[int]) -> list[Member]:
    rows = db.execute(_of(is_sqlite(db)), {"ids": id_value(db, unit_ids)})
    return [
        Member(
            ("unit", unit_id),
            (
                ("unit", unit_id),
                *((("lot", lot_id),) if lot_id else ()),
                *((("segment", seg_id),) if seg_id else ()),
            ),
        )
        for unit_id, lot_id, seg_id in rows
    ]


def _stock_member(row: LotStock) -> Member:
    whole: Key = ("lot", row.lot_id)
    if not row.tranche_id:
        return Member(("stock", 0), (whole,))

    return Member(("stock", row.tranche_id), (whole, ("stock", row.tranche_id)))


# The pairs come first and each is looked up in the index of active targets: with an OR over four
# sets PostgreSQL reads the whole table.
_HOLDS_SQLITE = """
    SELECT t.kind, t.target_id, h.id, h.case_number, h.reason, h.basis,
           CASE t.kind WHEN 'unit' THEN u.serial WHEN 'lot' THEN l.lot_no END
    FROM json_each(:pairs) w
    CROSS JOIN hold_target t
      ON t.kind = json_extract(w.value, '$[0]') AND t.target_id = json_extract(w.value, '$[1]')
     AND t.release_event_id IS NULL
    JOIN hold h ON h.id = t.hold_id AND h.released_at IS NULL
    LEFT JOIN unit u ON t.kind = 'unit' AND u.id = t.target_id
    LEFT JOIN lot l ON t.kind = 'lot' AND l.id = t.target_id
    ORDER BY h.id
"""
_HOLDS_POSTGRES = """
    SELECT t.kind, t.target_id, h.id, h.case_number, h.reason, h.basis,
           CASE t.kind WHEN 'unit' THEN u.serial WHEN 'lot' THEN l.lot_no END
    FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[])) AS w(kind, id)
    CROSS JOIN LATERAL (
      SELECT * FROM hold_target t
      WHERE t.kind = w.kind AND t.target_id = w.id AND t.release_event_id IS NULL OFFSET 0
    ) t
    JOIN hold h ON h.id = t.hold_id AND h.released_at IS NULL
    LEFT JOIN unit u ON t.kind = 'unit' AND u.id = t.target_id
    LEFT JOIN lot l ON t.kind = 'lot' AND l.id = t.target_id
    ORDER BY h.id
"""


def _holds(db: Session, keys: Iterable[Key]) -> Mapping[Key, list[Holding]]:
    pairs = sorted(set(keys))
    found: dict[Key, list[Holding]] = defaultdict(list)
    if not pairs:
        return found

    if is_sqlite(db):
        rows = db.execute(text(_HOLDS_SQLITE), {"pairs": json.dumps(pairs)})
    else:
        kinds, ids = [kind for kind, _ in pairs], [target for _, target in pairs]
        rows = db.execute(text(_HOLDS_POSTGRES), {"kinds": kinds, "ids": ids})
    for kind, target_id, hold_id, case_number, reason, basis, name in rows:
        through = {"lot": f"lot {name}", "unit": name}.get(kind, f"{kind} {target_id}")
        found[kind, target_id].append(Holding(hold_id, case_number, reason, basis, through))
    return found


def _exemptions(db: Session, found: Mapping[Key, list[Holding]]) -> set[tuple[int, Key]]:
    predicates = {
        holding.hold_id
        for (kind, _), holdings in found.items()
        if kind in ("lot", "segment")
        for holding in holdings
    }
    if not predicates:
        return set()

    rows = db.execute(_exempt(is_sqlite(db)), {"ids": id_value(db, predicates)})
    return {(hold_id, (kind, target_id)) for hold_id, kind, target_id in rows}


@cache
def _of(sqlite: bool) -> Select[int, int | None, int | None]:  # noqa: FBT001 - the key of the cache
    return select(Unit.id, Unit.lot_id, Unit.seg_id).where(Unit.id.in_(id_param(sqlite)))


@cache
def _exempt(sqlite: bool) -> Select[int, str, int]:  # noqa: FBT001 - the key of the cache
    """Return the query; every gate asks it, and it takes longer to build than to run."""
    return select(HoldExemption.hold_id, HoldExemption.kind, HoldExemption.target_id).where(
        HoldExemption.hold_id.in_(id_param(sqlite))
    )


def _bearing(
    members: Sequence[Member],
    found: Mapping[Key, list[Holding]],
    exempt: set[tuple[int, Key]],
) -> tuple[Holding, ...]:
    bearing: dict[int, Holding] = {}
    for member in members:
        for key in member.keys:
            for holding in found.get(key, ()):
                is_out = key[0] in ("lot", "segment") and (holding.hold_id, member.own) in exempt
                if not is_out:
                    bearing.setdefault(holding.hold_id, holding)
    return tuple(bearing[hold_id] for hold_id in sorted(bearing))
