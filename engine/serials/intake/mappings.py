"""Which column of a file is which of ours: guessed, corrected by a person, kept per source."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.evidence import ledger
from engine.serials.errors import HeaderMissing, MappingIncomplete
from engine.serials.events import data_stream
from engine.serials.intake import files, values
from engine.serials.intake.files import Form
from engine.serials.intake.layouts import Layout, layout
from engine.serials.models import ImportBatch, ImportMapping
from engine.serials.record import How

LOOKED_AT = 2_000  # rows whose dates are looked at
SHOWN = 8


@dataclass(frozen=True)
class Reading:
    """How one file is read: where its header stands, which of its columns is which of ours.

    `columns` gives our column by its place in the file, `dates` the order of a date column's day
    and month, `aliases` what a source's words mean here.
    """

    encoding: str = ""
    separator: str = ""
    header_line: int = 0
    columns: Mapping[int, str] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Return our columns that the file has, in its order."""
        return [name for _, name in sorted(self.columns.items())]

    @property
    def form(self) -> Form:
        """Return how its bytes are read."""
        return Form(self.encoding, self.separator)

    def as_json(self) -> dict[str, Any]:
        """Return it as a batch keeps it."""
        return {
            "encoding": self.encoding,
            "separator": self.separator,
            "header_line": self.header_line,
            "columns": {str(place): name for place, name in sorted(self.columns.items())},
            "dates": dict(self.dates),
            "aliases": {name: dict(said) for name, said in self.aliases.items()},
        }

    @staticmethod
    def of(kept: Mapping[str, Any]) -> "Reading":
        """Return what a batch kept."""
        return Reading(
            **{
                **kept,
                "columns": {int(place): name for place, name in kept.get("columns", {}).items()},
            }
        )


@dataclass(frozen=True)
class Preview:
    """The beginning of a file as a person maps it: headers, first rows, what is still to say."""

    headers: tuple[str, ...]
    twice: tuple[str, ...]  # headers that stand there more than once
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    missing: tuple[str, ...]  # our required columns that nothing is mapped to
    orders: Mapping[str, str]  # date columns that show an order, or "?" where it must be asked


def guess(stream: IO[bytes], kind: str, form: Form) -> Reading:
    """Return how a file of this kind looks to be read."""
    what = layout(kind)
    rows = files.first_rows(stream, form, LOOKED_AT)
    stream.seek(0)
    best, columns, line = -1, {}, 0
    for number, cells in rows[:20]:
        found = _guess_columns(what, cells)
        if len(found) > best and sum(map(bool, cells)) > 0:
            best, columns, line = len(found), found, number
    reading = Reading(form.encoding, form.separator, line, columns)
    return with_orders(reading, what, rows)


def with_orders(
    reading: Reading, what: Layout, rows: Sequence[tuple[int, Sequence[str]]]
) -> Reading:
    """Return it with the date orders that the rows themselves show."""
    shown = orders(reading, what, rows)
    dates = {name: order for name, order in shown.items() if order in values.ORDERS}
    return Reading(**{**reading.__dict__, "dates": {**dates, **reading.dates}})


def orders(
    reading: Reading, what: Layout, rows: Sequence[tuple[int, Sequence[str]]]
) -> dict[str, str]:
    """Return for each date column the order its rows show, `?` where it must be asked."""
    types = {one.name: one.type for one in what.columns}
    shown = {}
    for place, name in reading.columns.items():
        if types.get(name) == "date":
            said = [c[place] for line, c in rows if line > reading.header_line and place < len(c)]
            shown[name] = values.order_shown(said)
    return shown


def preview(stream: IO[bytes], kind: str, reading: Reading) -> Preview:
    """Return the beginning of a file as it is read now; raises `HeaderMissing`."""
    what = layout(kind)
    rows = files.first_rows(stream, reading.form, LOOKED_AT)
    stream.seek(0)
    header = next((cells for line, cells in rows if line == reading.header_line), None)
    if header is None:
        raise HeaderMissing(line=reading.header_line)

    names = [cell.strip() for cell in header]
    found = orders(reading, what, rows)
    asked = {name: order for name, order in found.items() if order == "?" or name in reading.dates}
    return Preview(
        tuple(names),
        tuple(sorted({name for name in names if name and names.count(name) > 1})),
        tuple((n, tuple(c)) for n, c in rows if n > reading.header_line)[:SHOWN],
        missing(kind, reading),
        asked,
    )


def missing(kind: str, reading: Reading) -> tuple[str, ...]:
    """Return our required columns that no column of the file is mapped to."""
    there = set(reading.columns.values())
    return tuple(one.name for one in layout(kind).columns if one.required and one.name not in there)


def refuse_incomplete(kind: str, reading: Reading) -> None:
    """Raise `MappingIncomplete` when a required column is mapped to nothing."""
    if lacking := missing(kind, reading):
        labels = [layout(kind).column(name).label for name in lacking]
        raise MappingIncomplete(fields=", ".join(labels))


# --- kept per source -------------------------------------------------------------------------


def kept(db: Session, source: str, kind: str) -> ImportMapping | None:
    """Return the mapping kept for files of this kind from this source."""
    return db.scalars(select(ImportMapping).filter_by(source=source, kind=kind)).one_or_none()


def apply(mapping: ImportMapping, reading: Reading, header: Sequence[str]) -> Reading:
    """Return how a file is read by what was kept for its source; columns go by their names."""
    how = mapping.how
    said = {name.strip(): place for place, name in reversed(list(enumerate(header)))}
    columns = {said[name]: ours for name, ours in how["columns"].items() if name in said}
    ignored = {said[name] for name in how.get("ignored", ()) if name in said}
    used = set(columns.values())
    for place, name in reading.columns.items():
        if place not in columns and place not in ignored and name not in used:
            columns[place] = name
    return Reading(
        reading.encoding,
        reading.separator,
        reading.header_line,
        columns,
        {**reading.dates, **how.get("dates", {})},
        how.get("aliases", {}),
    )


def keep(
    db: Session, batch: ImportBatch, reading: Reading, header: Sequence[str], how: How
) -> ImportMapping:
    """Keep how this file is read for the next one from its source, and say so in the ledger."""
    said = {
        "columns": {header[p].strip(): n for p, n in reading.columns.items() if header[p].strip()},
        "ignored": [
            name.strip()
            for place, name in enumerate(header)
            if place not in reading.columns and name.strip()
        ],
        "dates": dict(reading.dates),
        "aliases": {name: dict(words) for name, words in reading.aliases.items()},
    }
    return _keep(db, batch.source, batch.kind, said, how)


def remember_alias(
    db: Session, batch: ImportBatch, column: str, said: str, means: str, how: How
) -> None:
    """Keep for every later file of this source that a word means one of our codes."""
    row = kept(db, batch.source, batch.kind)
    before = row.how if row else {"columns": {}, "dates": {}, "aliases": {}}
    aliases = {name: dict(words) for name, words in before.get("aliases", {}).items()}
    aliases.setdefault(column, {})[said] = means
    _keep(db, batch.source, batch.kind, {**before, "aliases": aliases}, how)


def _keep(db: Session, source: str, kind: str, said: dict[str, Any], how: How) -> ImportMapping:
    row = kept(db, source, kind)
    before = row.how if row else None
    if row is None:
        row = ImportMapping(source=source, kind=kind, how=said, version=1, at=how["at"])
        db.add(row)
    elif before != said:
        row.how, row.version = said, row.version + 1
    else:
        return row
    row.by_id, row.at = how["by"].id if how["by"] else None, how["at"]
    db.flush()
    ledger.append(
        db,
        data_stream(db),
        "import_mapping_kept",
        {"source": source, "kind": kind, "version": row.version, "before": before, "after": said},
        by=how["by"],
        at=how["at"],
    )
    return row


# --- guessing --------------------------------------------------------------------------------


def _guess_columns(what: Layout, header: Sequence[str]) -> dict[int, str]:
    known = _known(what.kind)
    found: dict[int, str] = {}
    for place, cell in enumerate(header):
        name = known.get(_bare(cell))
        if name and name not in found.values():
            found[place] = name
    return found


@cache
def _known(kind: str) -> dict[str, str]:
    """Return our column for each name a file may give it; the dictionary's own names win."""
    common = _common()
    known: dict[str, str] = {}
    for one in layout(kind).columns:
        for said in common.get(one.name, ()):
            known.setdefault(_bare(said), one.name)
    for one in layout(kind).columns:
        for said in one.aliases:
            known[_bare(said)] = one.name
    for one in layout(kind).columns:
        for said in (one.name, one.label, one.label_zh):
            known[_bare(said)] = one.name
    return known


@cache
def _common() -> dict[str, list[str]]:
    path = Path(__file__).parent / "layouts" / "common.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _bare(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
