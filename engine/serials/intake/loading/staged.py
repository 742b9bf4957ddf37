"""Staged rows as the loaders read them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.serials.intake import bulk
from engine.serials.intake.chunk import SPLIT
from engine.serials.intake.layouts import KINDS
from engine.serials.models import Event, ImportBatch, ImportLine, ImportRow
from engine.serials.record import How

SIZE = 1_000


@dataclass
class Loading:
    """One load of one batch: by whom, when, the events it makes, and who hears how far it is."""

    db: Session
    batch: ImportBatch
    names: list[str]
    how: How
    progress: Callable[[int], None]
    events: list[Event] = field(default_factory=list)

    def rows(self, state: str = "new") -> Iterator[tuple[ImportRow, dict[str, str]]]:
        """Yield the staged rows in a state with their cells by our column, in the file's order."""
        last = -1
        while True:
            found = self.db.scalars(
                select(ImportRow)
                .where(
                    ImportRow.batch_id == self.batch.id,
                    ImportRow.state == state,
                    ImportRow.line > last,
                )
                .order_by(ImportRow.line)
                .limit(SIZE)
            ).all()
            if not found:
                return
            for row in found:
                yield row, dict(zip(self.names, row.cells.split(SPLIT), strict=True))
            last = found[-1].line
            for row in found:
                self.db.expunge(row)

    def became(self, made: list[tuple[int, int, int | None]], *, entity: str = "") -> None:
        """Keep what rows became: their line, the record, the event that says so."""
        entity = entity or KINDS[self.batch.kind]
        rows: list[dict[str, Any]] = [
            {
                "batch_id": self.batch.id,
                "line": line,
                "entity": entity,
                "entity_id": entity_id,
                "is_new": True,
                "event_id": event_id,
            }
            for line, entity_id, event_id in made
        ]
        bulk.add(self.db, ImportLine, rows)
        self.progress(len(made))


def noon(day: str | date) -> datetime | None:
    """Return the middle of a day, so that a shipment follows the receipt; None without a day."""
    if not day:
        return None
    on = day if isinstance(day, date) else date.fromisoformat(day)
    return datetime.combine(on, time(12), UTC)
