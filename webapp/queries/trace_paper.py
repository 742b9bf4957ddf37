"""A trace as a printed record: figures in tables, every unit by name in a face of even width."""

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

from flask_babel import gettext
from sqlalchemy.orm import Session

from engine.errors import Refused
from engine.people.person import Person
from engine.serials.models import TraceRun
from webapp import words
from webapp.queries.trace_file import as_rows
from webapp.queries.tracing import Row, RunPage
from webapp.times import language

MOST = 20_000  # rows of one print: some ten seconds; a spreadsheet takes the rest
WIDTH = 96  # letters on a line
TABLED = 60  # rows of a table of figures


class TooLongToPrint(Refused):
    """This trace has more than %(most)s rows, too many for paper. Download it as CSV or XLSX."""


def record(db: Session, view: RunPage, person: Person) -> dict[str, Any]:
    """Return the record of a run for the printer; raises `TooLongToPrint`."""
    run = view.run
    if run.unit_count + run.stock_count > MOST:
        raise TooLongToPrint(most=f"{MOST:,}")
    return {
        "title": gettext("Trace"),
        "number": gettext("Trace %(number)s", number=run.id),
        "language": language(),
        "subtitle": view.said,
        "created_at": run.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "band": [
            [gettext("Units"), f"{run.root_count:,}"],
            [gettext("Lot quantities"), f"{run.stock_count:,}"],
            [gettext("Traced by"), view.by or gettext("System")],
            [gettext("When"), run.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")],
        ],
        "sections": [
            {
                "heading": gettext("The record"),
                "rows": [
                    [gettext("SHA-256 of the result"), run.result_sha256],
                    [gettext("Newest event it could see"), str(run.last_event_id)],
                    [gettext("The text as it was typed"), run.expression.get("text") or None],
                    [gettext("Not recorded here"), list(view.not_recorded) or None],
                    [gettext("Left out by whoever traced:"), list(view.left_out) or None],
                ],
            },
            _figures(gettext("Custody"), view.custody, words.custody),
            _figures(gettext("Shipped to"), view.consignees),
            _figures(gettext("By country"), view.countries, words.country),
            {
                "heading": gettext("Every unit and quantity"),
                "lists": _lists(db, run, person),
            },
        ],
    }


def _figures(heading: str, rows: Sequence[Row], name: Any = None) -> dict[str, Any]:
    columns = [
        heading,
        gettext("Contains it"),
        gettext("Contained it once"),
        gettext("Cannot be excluded"),
        gettext("Lot quantities"),
    ]
    told = [
        [
            (name(row.key) if name else row.name) or gettext("Not known"),
            f"{row.tally.contains:,}",
            f"{row.tally.contained:,}",
            f"{row.tally.cannot_exclude:,}",
            f"{row.tally.quantity + row.tally.quantity_cannot_exclude:f}",
        ]
        for row in rows
    ]
    right = [columns[0], *({"label": one, "align": "right"} for one in columns[1:])]
    if len(told) <= TABLED:
        return {"heading": heading, "table": {"columns": right, "rows": told}}
    return {"heading": heading, "lists": [_list(columns, told)]}


def _lists(db: Session, run: TraceRun, person: Person) -> list[dict[str, Any]]:
    """Return what a person may see of every row, a list for each custody."""
    columns, rows = as_rows(db, run, person)
    wanted = ("serial", "lot_no", "part_no", "quantity", "how", "location", "party", "country")
    places = {column.name: place for place, column in enumerate(columns)}
    shown = [name for name in wanted if name in places]
    labels = [columns[places[name]].label for name in shown]
    groups: dict[str, list[list[str]]] = {}
    for row in rows:
        custody = str(row[places["custody"]]) if "custody" in places else ""
        cells = ["" if row[places[name]] is None else f"{row[places[name]]}" for name in shown]
        groups.setdefault(custody, []).append(cells)
    return [_list(labels, cells, heading=custody) for custody, cells in groups.items()]


def _list(
    labels: Sequence[str], rows: Sequence[Sequence[str]], *, heading: str = ""
) -> dict[str, Any]:
    return {
        "heading": f"{heading} · {len(rows):,}" if heading else f"{len(rows):,}",
        "note": " | ".join(labels),
        "names": list(_lines(rows)),
    }


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows in even columns; a row too wide for the paper keeps its words, not its columns."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    is_wide = sum(widths) + 2 * len(widths) > WIDTH
    for row in rows:
        if is_wide:
            yield " | ".join(cell for cell in row if cell)
        else:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            yield "  ".join(cells).rstrip()
