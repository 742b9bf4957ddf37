"""Rows held against what is recorded: the same, filling gaps, or a difference that waits."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from engine.serials.intake.chunk import Chunk
from engine.serials.intake.references import Known
from engine.serials.models import Location, Lot, Part, Party
from engine.serials.sets import text_set


def compare(
    c: Chunk,
    fields: Sequence[str],
    recorded: Callable[[int], Party | Location | Part | Lot | None],
) -> None:
    """Hold sound rows against what is recorded: the same, filling gaps, or a conflict."""
    for place in range(len(c)):
        there = recorded(place)
        if there is None or place in c.bad:
            continue
        said = {
            name: c.refers[name][place] if name in c.refers else c.column(name)[place]
            for name in fields
        }
        differing: list[str] = []
        filling: list[str] = []
        for name, value in said.items():
            now = getattr(there, name, None)
            if value in ("", None) or text_of(now) == text_of(value):
                continue
            (filling if now in (None, "") else differing).append(name)
        c.refers["other_id"][place] = there.id
        if differing:
            names = ["party" if name == "party_id" else name for name in differing]
            value, shown = _named(c, place), ", ".join(names)
            c.wrong(place, names[0], "differs", value=value, fields=shown)
        else:
            c.states[place] = "fill" if filling else "same"


def _named(c: Chunk, place: int) -> str:
    return next((t for n in ("code", "lot_no", "part_no") if (t := c.column(n)[place])), "")


def text_of(value: object) -> str:
    """Return a value as a file writes it."""
    return value.isoformat() if isinstance(value, date) else str(value)


def once(c: Chunk, known: Known, column: str, kept: Any) -> None:
    """Quarantine rows whose unique number another record has, or another row of these."""
    said = c.column(column)
    wanted = {text for text in said if text}
    if not wanted:
        return
    owner = kept.class_
    rows = select(kept, owner.id).where(kept.in_(text_set(known.db, wanted)))
    taken = {row[0]: row[1] for row in known.db.execute(rows)}
    first: dict[str, int] = {}
    for place, text in enumerate(said):
        if not text or place in c.bad:
            continue
        if text in taken and taken[text] != c.refers["other_id"][place]:
            c.wrong(place, column, "differs", value=text, fields=c.what.columns[0].name)
        elif text in first and c.keys[first[text]] != c.keys[place]:
            line = c.lines[first[text]]
            c.wrong(place, column, "twice_in_file", value=text, line=line)
        first.setdefault(text, place)
