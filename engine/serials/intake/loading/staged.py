"""Staged rows as the loaders read them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine.serials.intake import bulk
from engine.serials.intake.chunk import REFERENCES, SPLIT
from engine.serials.intake.layouts import KINDS
from engine.serials.models import Event, ImportBatch, ImportLine, ImportRow
from engine.serials.record import How
from engine.serials.vocabulary import KINDS as KINDS_OF_EVENT

SIZE = 1_000
STAGED = tuple(getattr(ImportRow, name) for name in ("line", "group_no", "cells", *REFERENCES))
Key: TypeAlias = tuple[Any, ...]
Row: TypeAlias = tuple[Any, dict[str, str]]  # the staged row and its cells by our column


@dataclass
class Loading:
    """One load of one batch: by whom, when, as which recording, and who hears how far it is."""

    db: Session
    batch: ImportBatch
    names: list[str]
    how: How
    progress: Callable[[int], None]
    recording: UUID

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

    def groups(self) -> Iterator[list[Row]]:
        """Yield the new rows that become one event together; one such group is in memory."""
        rows = self.db.execute(
            select(*STAGED)
            .where(ImportRow.batch_id == self.batch.id, ImportRow.state == "new")
            .order_by(ImportRow.group_no, ImportRow.line)
            .execution_options(yield_per=SIZE)
        )
        for _, together in groupby(rows, key=lambda row: row.group_no):
            yield [
                (row, dict(zip(self.names, row.cells.split(SPLIT), strict=True)))
                for row in together
            ]

    def several(self) -> Iterator[list[list[Row]]]:
        """Yield groups by some thousand rows."""
        piece: list[list[Row]] = []
        for group in self.groups():
            piece.append(group)
            if sum(map(len, piece)) >= SIZE:
                yield piece
                piece = []
        if piece:
            yield piece

    def write_events(
        self, type: str, told: Sequence[tuple[str, int | None, dict[str, Any]]]
    ) -> list[int]:
        """Write events of a day, a place and a payload each; return their ids in this order."""
        if not told:
            return []  # a statement of no rows would insert one of defaults
        kind, how = KINDS_OF_EVENT[type], self.how
        common = {
            "recording": self.recording,
            "type": type,
            "biz_step": kind.biz_step,
            "disposition": kind.disposition,
            "recorded_at": how["at"],
            "actor_id": how["by"].id if how["by"] else None,
            "source": self.batch.source,
        }
        rows = [
            {
                **common,
                "uuid": uuid4(),
                "event_at": noon(day, at=how["at"]) or how["at"],
                "location_id": location_id,
                "payload": {**payload, "import": self.batch.id},
            }
            for day, location_id, payload in told
        ]
        ids = self.db.scalars(insert(Event).returning(Event.id, sort_by_parameter_order=True), rows)
        return list(ids)

    def became(
        self, made: list[tuple[int, int, int | None]], *, entity: str = "", is_new: bool = True
    ) -> None:
        """Keep what rows became: their line, the record, the event that says so.

        A record that was there and came to be after all is not new: it stays when the file goes.
        """
        entity = entity or KINDS[self.batch.kind]
        rows: list[dict[str, Any]] = [
            {
                "batch_id": self.batch.id,
                "line": line,
                "entity": entity,
                "entity_id": entity_id,
                "is_new": is_new,
                "event_id": event_id,
            }
            for line, entity_id, event_id in made
        ]
        bulk.add(self.db, ImportLine, rows)
        self.progress(len(made))


def noon(day: str | date, *, at: datetime) -> datetime | None:
    """Return the middle of a day, so that a shipment follows the receipt; None without a day.

    Of today it is no later than `at`, when it is recorded: nothing happens after that.
    """
    if not day:
        return None
    on = day if isinstance(day, date) else date.fromisoformat(day)
    return min(datetime.combine(on, time(12), UTC), at)
