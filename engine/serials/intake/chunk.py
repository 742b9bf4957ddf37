"""Some thousand rows at a time, column by column: cells, what they refer to, what is wrong."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.serials.intake.layouts import Layout
from engine.serials.intake.problems import RowProblem
from engine.serials.intake.values import Cells

SPLIT = "\x1f"  # between the cells of a staged row; no cell can hold it
REFERENCES = ("part_id", "party_id", "lot_id", "unit_id", "location_id", "other_id")


@dataclass
class Chunk:
    """Rows on their way in; every list has one entry per row."""

    what: Layout
    names: Sequence[str]  # our columns, in the order of the file
    lines: list[int]
    cells: dict[str, list[str]]
    problems: list[RowProblem] = field(default_factory=list)
    bad: set[int] = field(default_factory=set)  # places of rows with problems
    states: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    groups: list[int | None] = field(default_factory=list)
    refers: dict[str, list[int | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = len(self.lines)
        self.states, self.keys, self.groups = ["new"] * size, [None] * size, [None] * size
        self.refers = {name: [None] * size for name in REFERENCES}
        self._blank = [""] * size

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str) -> list[str]:
        """Return the cells of one of our columns; empty ones when the file has it not."""
        return self.cells.get(name, self._blank)

    def wrong(self, place: int, column: str, code: str, **facts: object) -> None:
        """Note a problem of a row."""
        self.bad.add(place)
        self.problems.append(RowProblem(self.lines[place], column, code, tuple(facts.items())))

    def sound(self) -> Iterator[int]:
        """Yield the places of rows that nothing is wrong with so far."""
        return (place for place in range(len(self.lines)) if place not in self.bad)

    def values(self, place: int) -> dict[str, str]:
        """Return the cells of one row by our column."""
        return {name: self.cells[name][place] for name in self.names}


def standardise(chunk: Chunk, readers: Mapping[str, Cells]) -> None:
    """Turn what the file says into standardised text, noting what is wrong with single cells."""
    for name in chunk.names:
        chunk.cells[name], wrong = readers[name].of(chunk.cells[name])
        for place, cell in wrong.items():
            chunk.wrong(place, name, cell.code, **cell.facts)
    for one in chunk.what.columns:
        if one.required:
            for place in [at for at, text in enumerate(chunk.column(one.name)) if not text]:
                chunk.wrong(place, one.name, "required", label=one.label)


def from_cells(
    what: Layout, names: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]
) -> Chunk:
    """Return a chunk of rows whose cells stand in the order of `names`; short rows are filled."""
    lines: list[int] = []
    table: list[Sequence[str]] = []
    long: list[int] = []
    width = len(names)
    for line, cells in rows:
        lines.append(line)
        if len(cells) == width:
            table.append(cells)
            continue
        if len(cells) > width:
            long.append(len(table))
        table.append((*cells[:width], *("",) * (width - len(cells))))
    columns = [list(column) for column in zip(*table, strict=True)] or [[] for _ in names]
    chunk = Chunk(what, names, lines, dict(zip(names, columns, strict=True)))
    for place in long:
        chunk.wrong(place, "", "too_many_cells")
    return chunk


def problem_rows(batch_id: int, problems: Iterable[RowProblem]) -> list[dict[str, Any]]:
    """Return problems as the rows that keep them."""
    return [
        {
            "batch_id": batch_id,
            "line": one.line,
            "column": one.column,
            "code": one.code,
            "facts": {name: _plain(value) for name, value in one.facts},
        }
        for one in problems
    ]


def _plain(value: object) -> object:
    return value if isinstance(value, str | int) else str(value)
