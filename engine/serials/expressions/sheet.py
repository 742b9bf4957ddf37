"""A pasted sheet with a heading: what its columns are called says what their numbers are."""

import re
from dataclasses import dataclass
from functools import cache

from engine.serials.dictionary import entity
from engine.serials.expressions import keywords
from engine.serials.expressions.saying import Said

BETWEEN = ("\t", ",", ";")
NAMES = {"serial": "serial", "lot_no": "lot", "part_no": "part", "di": "di"}
DESCRIBED = ("unit", "lot", "part")
IDENTIFYING = ("serial", "lot", "di", "work_order")
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


@dataclass(frozen=True)
class Cell:
    """One cell: where it stands and what it holds, without quotation marks around it."""

    start: int
    end: int
    value: str


def sheet(text: str) -> list[Said] | None:
    """Return a sheet taken apart cell by cell, or None where the text is none."""
    for between in BETWEEN:
        rows = _rows(text, between)
        if rows is None:
            continue
        meanings = [_meaning(cell.value) for cell in rows[0]]
        if any(meanings) and not any(any(one.isdigit() for one in c.value) for c in rows[0]):
            return _said(text, rows, meanings)
    return None


def _rows(text: str, between: str) -> list[list[Cell]] | None:
    """Return the rows that hold anything, if each has as many cells, and more than one."""
    rows = [
        _cells(text, found.start(), found.end(), between)
        for found in LINE.finditer(text)
        if found.group().strip()
    ]
    if len(rows) < 2 or len(rows[0]) < 2 or len({len(row) for row in rows}) > 1:
        return None
    return rows


def _cells(text: str, start: int, end: int, between: str) -> list[Cell]:
    line = text[start:end].rstrip("\r\n")
    cells = []
    for found in re.finditer(rf'(?:"(?:[^"]|"")*"|[^{between}])*', line):
        if (
            found.start() == found.end()
            and found.start() > 0
            and line[found.start() - 1] != between
        ):
            continue
        raw = found.group()
        value = raw.strip()
        at = start + found.start() + (len(raw) - len(raw.lstrip()))
        plain = value[1:-1].replace('""', '"').strip() if value[:1] == value[-1:] == '"' else value
        cells.append(Cell(at, at + len(value), plain))
    return cells


def _said(text: str, rows: list[list[Cell]], meanings: list[str]) -> list[Said]:
    found: list[Said] = []
    part = meanings.index("part") if "part" in meanings else None
    names = [cell.value for cell in rows[0]]
    for number, row in enumerate(rows):
        named = any(row[i].value for i, one in enumerate(meanings) if one in IDENTIFYING)
        for place, cell in enumerate(row):
            if not cell.value:
                continue
            more = {"column": names[place], "context": meanings[place]}
            if part is not None and named:
                more["part"] = row[part].value
            role = "heading" if number == 0 else "cell" if meanings[place] else "unread"
            found.append(Said(cell.start, cell.end, role, cell.value, more))
    return _with_gaps(text, found)


def _with_gaps(text: str, cells: list[Said]) -> list[Said]:
    found: list[Said] = []
    place = 0
    for cell in [*cells, Said(len(text), len(text), "")]:
        if cell.start > place:
            gap = text[place : cell.start]
            found.append(Said(place, cell.start, "break" if "\n" in gap or "\r" in gap else "stop"))
        if cell.role:
            found.append(cell)
        place = cell.end
    return found


def _meaning(heading: str) -> str:
    """Return what a heading says of its column: nothing, where nobody described it."""
    plain = heading.strip().lower().replace("_", " ").rstrip(":：")
    if known := _described().get(plain):
        return known
    found = keywords.keyword().fullmatch(plain)
    said = keywords.said_by(found) if found else ""
    return said if said in (*IDENTIFYING, "part") else ""


@cache
def _described() -> dict[str, str]:
    """Return the labels of the data dictionary that identify something."""
    return {
        word.lower().replace("_", " "): NAMES[field.name]
        for name in DESCRIBED
        for field in entity(name).fields
        if field.name in NAMES
        for word in (field.name, field.column, field.label, field.label_zh)
    }
