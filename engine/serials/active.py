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
