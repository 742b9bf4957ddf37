"""The gap radar as its page shows it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from engine import jobs
from engine.serials import gaps
from engine.serials.models import GapReading


@dataclass(frozen=True)
class Row:
    """One place where the record is broken, and the page where it is mended."""

    label: str
    detail: str
    unit_count: int
    quantity: str
    address: str | None


@dataclass(frozen=True)
class Section:
    """One kind of gap: what it is called, why it matters, its worst places, how it changed."""

    kind: str
    label: str
    why: str
    place_count: int
    unit_count: int
    rows: tuple[Row, ...]
    change: int | None  # places more or fewer than at the reading before
    trend: tuple[tuple[datetime, int, int], ...]


@dataclass(frozen=True)
class Radar:
    """The newest reading, the kinds with the most units first; when, and whether one is coming."""

    at: datetime | None
    sections: tuple[Section, ...]
    is_looking: bool


def radar(db: Session) -> Radar:
    """Return the newest reading of every kind of gap."""
    readings = gaps.newest(db)
    trends = gaps.over_time(db)
    return Radar(
        readings[0].at if readings else None,
        tuple(_section(one, trends.get(one.kind, [])) for one in readings),
        bool(jobs.of(db, gaps.VERB)),
    )


def _section(reading: GapReading, trend: list[tuple[datetime, int, int]]) -> Section:
    kind = gaps.KINDS[reading.kind]
    return Section(
        reading.kind,
        kind.label,
        kind.why,
        reading.place_count,
        reading.unit_count,
        tuple(_row(one) for one in reading.worst),
        trend[-1][1] - trend[-2][1] if len(trend) > 1 else None,
        tuple(trend),
    )


def _row(worst: dict[str, Any]) -> Row:
    return Row(
        worst["label"],
        worst["detail"],
        worst["unit_count"],
        worst["quantity"],
        _address(worst["what"], worst["id"], worst["label"]),
    )


def _address(what: str, id_: int, label: str) -> str | None:
    """Return the page where it is mended, if there is one."""
    if what == "unit":
        return url_for("units.unit", unit_id=id_)
    if what == "lot":
        return url_for("units.lot", lot_id=id_)
    if what == "party":
        return url_for("master.one", record_kind="party", record_id=id_)
    if what == "part":
        return url_for("units.index", kind="unit", part=label)
    return None
