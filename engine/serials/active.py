"""Which holds bear on what: the one place that knows how far a hold reaches.

A unit is held by a hold on itself, its lot, its segment, any unit it is inside of, or anything
inside it, to any depth, and on their lots and segments. The holds of several cases are a union.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from sqlalchemy import Select, TextClause, select, text
from sqlalchemy.orm import Session

from engine.serials.models import USABILITY, HoldExemption, LotStock
from engine.serials.sets import id_param, id_value, is_sqlite
from engine.serials.walk import AROUND, INSIDE, look_up, reached_from_each

SCRAPPED = USABILITY.code("scrapped")
# what a hold names that bears on a unit, by the column the unit has it in: the nearest first
KEYS = {"unit": "id", "lot": "lot_id", "segment": "seg_id"}
LET_OUT = (
    "w.kind <> 'unit' AND EXISTS (SELECT 1 FROM hold_exemption x"
    " WHERE x.hold_id = t.hold_id AND x.kind = 'unit' AND x.target_id = w.id)"
)
Key = tuple[str, int]  # ("lot" | "stock", id); a stock's id is its tranche


@dataclass(frozen=True)
class Holding:
    """One hold that bears on something, and through what."""

    hold_id: int
    case_number: str
    reason: str
    basis: str
    through: str  # "SN-1", "lot 15AMLB"


class Standing(NamedTuple):
    """A thing before a door: what it is called, whether it is scrapped, what holds it."""

    label: str
    is_scrapped: bool
    holds: tuple[Holding, ...]


def holdings_of_units(
    db: Session, unit_ids: Iterable[int], *, is_alone: bool = False
) -> dict[int, tuple[Holding, ...]]:
    """Return the holds that bear on each unit; one query, however many units.

    With `is_alone` those on what a unit is inside of do not bear on it.
    """
    asked = set(unit_ids)
    found = standing_of_units(db, asked, is_alone=is_alone)
    return {unit_id: found[unit_id].holds if unit_id in found else () for unit_id in asked}


def standing_of_units(
    db: Session, unit_ids: Iterable[int], *, is_alone: bool = False
) -> dict[int, Standing]:
    """Return how each unit stands, by the same query; what is no unit is left out."""
    asked = set(unit_ids)
    if not asked:
        return {}

    rows = db.execute(_standing(is_sqlite(db), is_alone), {"ids": id_value(db, asked)}).all()
    bearing: dict[int, dict[int, Holding]] = {unit_id: {} for unit_id in asked}
    for unit_id, _, _, hold_id, through, case_number, reason, basis in rows:
        if hold_id is not None and hold_id not in bearing[unit_id]:  # the first target comes first
            bearing[unit_id][hold_id] = Holding(hold_id, case_number, reason, basis, through)
    return {
        unit_id: Standing(serial, usability == SCRAPPED, _in_order(bearing[unit_id]))
        for unit_id, _, usability, hold_id, serial, *_ in rows
        if hold_id is None
    }


def _in_order(bearing: dict[int, Holding]) -> tuple[Holding, ...]:
    return tuple(bearing[hold_id] for hold_id in sorted(bearing))


@cache
def _standing(sqlite: bool, is_alone: bool) -> TextClause:  # noqa: FBT001 - the key of the cache
    """Return the query; every door asks it, and it takes longer to build than to run.

    `member` are a unit, what it is inside of and what is inside it, `named` what a hold on one of
    them could name. Each is looked up by itself: with an OR over sets PostgreSQL reads the whole
    table of targets.
    """
    related, both = reached_from_each("inside", INSIDE, sqlite=sqlite), "SELECT * FROM inside"
    if not is_alone:
        related += f", {reached_from_each('around', AROUND, sqlite=sqlite)}"
        both += " UNION SELECT * FROM around"
    told = ("serial", "usability", "lot_id", "seg_id")
    member = look_up(
        "w.top, w.id, {serial}, {usability}, {lot_id}, {seg_id}",
        f"({both}) w",
        "unit n",
        "n.id = w.id",
        sqlite=sqlite,
        **{name: f"n.{name}" for name in told},
    )
    named = " UNION ALL ".join(
        f"SELECT top, id, {place}, '{kind}', {key}, serial"  # noqa: S608  names are constants above
        f" FROM member WHERE {key} IS NOT NULL"
        for place, (kind, key) in enumerate(KEYS.items())
    )
    holds = look_up(
        "w.top, w.id, w.place, {hold_id}, CASE w.kind WHEN 'unit' THEN w.serial WHEN 'lot' THEN"
        " 'lot ' || (SELECT l.lot_no FROM lot l WHERE l.id = w.key)"
        " ELSE 'segment ' || w.key END, {case_number}, {reason}, {basis}",
        "named w",
        "hold_target t CROSS JOIN hold h",
        "t.kind = w.kind AND t.target_id = w.key AND t.release_event_id IS NULL"
        f" AND h.id = t.hold_id AND h.released_at IS NULL AND NOT ({LET_OUT})",
        sqlite=sqlite,
        hold_id="h.id",
        case_number="h.case_number",
        reason="h.reason",
        basis="h.basis",
    )
    return text(
        f"WITH RECURSIVE {related},"  # noqa: S608  names are constants above
        f" member(top, id, {', '.join(told)}) AS MATERIALIZED ({member}),"
        f" named(top, id, place, kind, key, serial) AS ({named})"
        " SELECT top, id, usability AS place, NULL AS hold_id, serial AS through,"
        " NULL AS case_number, NULL AS reason, NULL AS basis FROM member WHERE id = top"
        f" UNION ALL {holds} ORDER BY id, place"
    )


def holdings_of_stock(db: Session, rows: Sequence[LotStock]) -> dict[int, tuple[Holding, ...]]:
    """Return the holds that bear on each stock row: on its lot, or on its tranche."""
    lots: list[Key] = [("lot", row.lot_id) for row in rows]
    found = _holds(db, [*lots, *(("stock", row.tranche_id) for row in rows if row.tranche_id)])
    let_out = _let_out(db, {one.hold_id for lot in lots for one in found.get(lot, ())})
    bearing: dict[int, dict[int, Holding]] = {}
    for row in rows:
        of_tranche = {one.hold_id: one for one in found.get(("stock", row.tranche_id), ())}
        of_lot = {
            one.hold_id: one
            for one in found.get(("lot", row.lot_id), ())
            if (one.hold_id, row.tranche_id) not in let_out
        }
        bearing[row.id] = {**of_tranche, **of_lot}
    return {row_id: _in_order(holds) for row_id, holds in bearing.items()}


def holdings_of_lots(db: Session, lot_ids: Iterable[int]) -> dict[int, tuple[Holding, ...]]:
    """Return the holds on whole lots (a hold on a part of one leaves the rest free)."""
    ids = set(lot_ids)
    found = _holds(db, [("lot", lot_id) for lot_id in ids])
    return {lot_id: tuple(found.get(("lot", lot_id), ())) for lot_id in ids}


# The pairs come first and each is looked up in the index of active targets: with an OR over two
# sets PostgreSQL reads the whole table.
_HOLDS_SQLITE = """
    SELECT t.kind, t.target_id, h.id, h.case_number, h.reason, h.basis, l.lot_no
    FROM json_each(:pairs) w
    CROSS JOIN hold_target t
      ON t.kind = json_extract(w.value, '$[0]') AND t.target_id = json_extract(w.value, '$[1]')
     AND t.release_event_id IS NULL
    JOIN hold h ON h.id = t.hold_id AND h.released_at IS NULL
    LEFT JOIN lot l ON t.kind = 'lot' AND l.id = t.target_id
    ORDER BY h.id
"""
_HOLDS_POSTGRES = """
    SELECT t.kind, t.target_id, h.id, h.case_number, h.reason, h.basis, l.lot_no
    FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[])) AS w(kind, id)
    CROSS JOIN LATERAL (
      SELECT * FROM hold_target t
      WHERE t.kind = w.kind AND t.target_id = w.id AND t.release_event_id IS NULL OFFSET 0
    ) t
    JOIN hold h ON h.id = t.hold_id AND h.released_at IS NULL
    LEFT JOIN lot l ON t.kind = 'lot' AND l.id = t.target_id
    ORDER BY h.id
"""


def _holds(db: Session, keys: Iterable[Key]) -> Mapping[Key, list[Holding]]:
    """Return the holds on each whole lot and each tranche, by their number."""
    pairs = sorted(set(keys))
    found: dict[Key, list[Holding]] = defaultdict(list)
    if not pairs:
        return found

    if is_sqlite(db):
        rows = db.execute(text(_HOLDS_SQLITE), {"pairs": json.dumps(pairs)})
    else:
        kinds, ids = [kind for kind, _ in pairs], [target for _, target in pairs]
        rows = db.execute(text(_HOLDS_POSTGRES), {"kinds": kinds, "ids": ids})
    for kind, target_id, hold_id, case_number, reason, basis, lot_no in rows:
        through = f"lot {lot_no}" if kind == "lot" else f"{kind} {target_id}"
        found[kind, target_id].append(Holding(hold_id, case_number, reason, basis, through))
    return found


def _let_out(db: Session, hold_ids: set[int]) -> set[tuple[int, int]]:
    """Return which tranches are let out of which of these holds on whole lots."""
    if not hold_ids:
        return set()

    rows = db.execute(_exempt(is_sqlite(db)), {"ids": id_value(db, hold_ids)})
    return {(hold_id, tranche_id) for hold_id, tranche_id in rows}


@cache
def _exempt(sqlite: bool) -> Select[int, int]:  # noqa: FBT001 - the key of the cache
    """Return the query; every gate asks it, and it takes longer to build than to run."""
    return select(HoldExemption.hold_id, HoldExemption.target_id).where(
        HoldExemption.kind == "stock", HoldExemption.hold_id.in_(id_param(sqlite))
    )
