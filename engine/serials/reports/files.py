"""A report as a file: CSV and XLSX row by row, PDF with as many rows as paper bears."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from engine.evidence.render import render_pdf
from engine.exports import Column, csv_of, xlsx_of
from engine.people.person import Person
from engine.serials.asking import Asked, Chosen, rows_of, shown_columns
from engine.words import N_

MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
PRINTED = 1_000  # rows on paper; more, and the file is for a machine
LAYOUT = "reports/report"
_TYPES = {
    "quantity": "quantity",
    "integer": "integer",
    "date": "date",
    "datetime": "datetime",
    "yes_no": "boolean",
}
Say = Callable[[str], str]


@dataclass(frozen=True)
class Head:
    """What stands over a printed report: whose question, what it left out, how many rows."""

    title: str
    at: datetime
    language: str
    company: str
    mark: str | None = None
    left_out: tuple[str, ...] = ()


def file_of(
    db: Session, asked: Asked, format: str, *, person: Person, head: Head, say: Say
) -> Iterator[bytes]:
    """Yield a report as a file, as this person sees it; `say` gives words in their language.

    A PDF holds the first thousand rows and says so where there are more.
    """
    columns = columns_of(db, asked, person, head.language, say)
    rows = _rows(db, asked, person, say)
    if format == "csv":
        return csv_of(columns, rows, bom=True)
    if format == "xlsx":
        return xlsx_of(columns, rows, title=head.title, at=head.at)
    printed = list(islice(rows, PRINTED + 1))
    return iter([_pdf(columns, printed, person, head, say)])


def columns_of(db: Session, asked: Asked, person: Person, language: str, say: Say) -> list[Column]:
    """Return the columns of the file; a grouped report ends in how many there are."""
    columns = [
        Column(one.path, one.says(language), _TYPES.get(one.field.type, "text"))
        for one in shown_columns(db, asked, person)
    ]
    if asked.groups:
        columns.append(Column("count", say(N_("Number of records")), "integer"))
    return columns


def _rows(db: Session, asked: Asked, person: Person, say: Say) -> Iterator[tuple[Any, ...]]:
    chosen = shown_columns(db, asked, person)
    for row in rows_of(db, asked, person=person):
        yield tuple(_value(chosen, place, value, say) for place, value in enumerate(row))


def _value(chosen: Sequence[Chosen], place: int, value: Any, say: Say) -> Any:
    if value is None or place >= len(chosen):
        return value
    field = chosen[place].field
    if field.type == "choice":
        return say(field.words.get(value, value))
    return value if field.type in _TYPES else str(value)


def _pdf(
    columns: Sequence[Column], rows: list[tuple[Any, ...]], person: Person, head: Head, say: Say
) -> bytes:
    notes = []
    if len(rows) > PRINTED:
        notes.append(say(N_("Only the first %(count)s rows are printed.")) % {"count": PRINTED})
    if head.left_out:
        left_out = ", ".join(head.left_out)
        notes.append(
            say(N_("Left out, for your roles do not see it: %(columns)s")) % {"columns": left_out}
        )
    zone = ZoneInfo(person.time_zone)
    right = ("quantity", "integer")
    table = {
        "columns": [
            {"label": one.label, "align": "right"} if one.type in right else one.label
            for one in columns
        ],
        "rows": [[_printed(value, zone) for value in row] for row in rows[:PRINTED]],
    }
    record = {
        "title": head.title,
        "number": f"{head.at.astimezone(UTC):%Y%m%d-%H%M}",
        "language": head.language,
        "company": head.company,
        "created_at": head.at.astimezone(UTC).isoformat(timespec="seconds"),
        "mark": (head.mark or "").lower() or None,
        "band": [
            [say(N_("Run by")), person.printed_name],
            [say(N_("Run at")), f"{head.at.astimezone(zone):%Y-%m-%d %H:%M} ({person.time_zone})"],
        ],
        "sections": [{"heading": head.title, "table": table, "note": " ".join(notes) or None}],
    }
    return render_pdf(LAYOUT, record, language=head.language)


def _printed(value: Any, zone: ZoneInfo) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    return f"{value:f}" if hasattr(value, "as_tuple") else str(value)
