"""Long lists in a record: what differs in one word only is named together, every name in it.

A certificate for two thousand serials as a table is forty pages of “1”; grouped it is three, and
its reader sees at once whether one is missing.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.cases.dispositions import Part
from engine.cases.names import StockName, Target
from engine.words import N_, say

MOST_ROWS = 24  # a table that fits on its page is read row by row
_LAST_FIGURES = re.compile(r"(.*?)(\d+)", re.DOTALL)


def stock(
    parts: Sequence[Part], names: Mapping[Target, StockName], language: str
) -> dict[str, Any]:
    """Return units and lot quantities as a table, or many units by part and lot; for a section."""
    units = [one for one in parts if one.unit_id is not None]
    if len(parts) <= MOST_ROWS:
        return {"table": _stock_table(parts, names, language)}
    lots = [one for one in parts if one.unit_id is None]
    table = {"table": _stock_table(lots, names, language)} if lots else {}
    return {**table, "lists": lists_of_units([names[one.key] for one in units], language)}


def _stock_table(
    parts: Sequence[Part], names: Mapping[Target, StockName], language: str
) -> dict[str, Any]:
    return {
        "columns": [
            say(word, language) for word in (N_("Unit or lot"), N_("Part"), N_("Quantity"))
        ],
        "rows": [[names[p.key].name, names[p.key].part, str(p.quantity)] for p in parts],
    }


def lists_of_units(units: Sequence[StockName], language: str) -> list[dict[str, Any]]:
    """Return the serials by part and lot, every one of them."""
    groups: dict[tuple[str, str | None], list[str]] = {}
    for unit in units:
        groups.setdefault((unit.part, unit.lot), []).append(unit.name)
    lists = []
    for (part, lot), serials in sorted(
        groups.items(), key=lambda one: (one[0][0], one[0][1] or "")
    ):
        heading = say(N_("%(part)s, lot %(lot)s"), language, part=part, lot=lot) if lot else part
        lists.append(_list(heading, say(N_("Serials"), language), serials, language))
    return lists


def rows_together(
    columns: Sequence[str], rows: Sequence[Sequence[str]], language: str
) -> dict[str, Any]:
    """Return a table, or lists where its many rows differ in little but one column."""
    table = {"columns": list(columns), "rows": [list(row) for row in rows]}
    if len(rows) <= MOST_ROWS:
        return {"table": table}
    kinds = [len({row[place] for row in rows}) for place in range(len(columns))]
    listed = kinds.index(max(kinds))
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        rest = tuple(cell for place, cell in enumerate(row) if place != listed)
        groups.setdefault(rest, []).append(row[listed])
    if len(groups) * 4 > len(rows):
        return {"table": table}

    others = [column for place, column in enumerate(columns) if place != listed]
    return {
        "lists": [
            _list(_each(others, rest, language), columns[listed], names, language)
            for rest, names in groups.items()
        ]
    }


def _each(columns: Sequence[str], cells: Sequence[str], language: str) -> str:
    shared = (f"{column} {cell}" for column, cell in zip(columns, cells, strict=True) if cell)
    return say(N_("Each: %(shared)s"), language, shared=", ".join(shared))


def _list(heading: str, column: str, names: Sequence[str], language: str) -> dict[str, Any]:
    ordered = sorted(names, key=_by_figures)
    facts = {"column": column, "count": f"{len(ordered):,}"}
    words = N_("%(column)s: %(count)s")
    if len(ordered) > 1 and _is_gapless(ordered):
        words = N_("%(column)s: %(count)s, from %(first)s to %(last)s with none missing")
        facts |= {"first": ordered[0], "last": ordered[-1]}
    return {"heading": heading, "note": say(words, language, **facts), "names": ordered}


def _by_figures(name: str) -> list[tuple[int, int, str]]:
    """Sort P-9 before P-10."""
    return [
        (0, int(piece), piece) if piece.isdecimal() else (1, 0, piece)
        for piece in re.split(r"(\d+)", name)
        if piece
    ]


def _is_gapless(ordered: Sequence[str]) -> bool:
    ends = [_LAST_FIGURES.fullmatch(name) for name in (ordered[0], ordered[-1])]
    if ends[0] is None or ends[1] is None:
        return False
    (before, first), (same, last) = ends[0].groups(), ends[1].groups()
    if before != same or len(first) != len(last):
        return False
    count = int(last) - int(first) + 1
    meant = (f"{before}{number:0{len(first)}d}" for number in range(int(first), int(last) + 1))
    return count == len(ordered) and all(a == b for a, b in zip(ordered, meant, strict=True))
