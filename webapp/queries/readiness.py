"""Readiness as its pages show it: the nights, whom a notice would reach, the last drill."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from engine import jobs
from engine.cases.drills import planning
from engine.cases.drills.planning import Planned
from engine.serials import reached
from engine.serials.models import NightTrace
from engine.serials.night import running, sampling
from engine.serials.night.figures import Speed, speeds
from engine.serials.night.running import Night
from engine.serials.night.tracing import BROKEN
from engine.serials.reached import Reach
from webapp.queries.drills import LastDrills, last_drills
from webapp.queries.stock import actors


@dataclass(frozen=True)
class Readiness:
    """What one wants to know before a recall: the figures, and the last nights."""

    nights: list[Night]
    speeds: dict[str, Speed]  # of the newest night
    unsettled: list[Night]
    names: dict[int, str]
    verified_count: int
    consignee_count: int
    drilled: LastDrills
    days_since_drill: int | None  # that passed
    is_tracing: bool
    planned: list[Planned]  # drills that robots carry out

    @property
    def newest(self) -> Night | None:
        """Return the last night."""
        return self.nights[0] if self.nights else None


@dataclass(frozen=True)
class Break:
    """One place where a trace broke off, and the page where it is mended."""

    words: str
    label: str
    address: str | None
    count: int


@dataclass(frozen=True)
class TraceRow:
    """One trace of a night."""

    made: NightTrace
    address: str | None
    breaks: tuple[Break, ...]


@dataclass(frozen=True)
class OneNight:
    """One night with its traces, those that differ or broke off first."""

    night: Night
    rows: list[TraceRow]
    all_count: int
    speeds: dict[str, Speed]
    is_same_sample: bool
    looked_at_by: str | None


def readiness(db: Session, *, at: datetime) -> Readiness:
    """Return what the page of readiness shows."""
    nights = running.last_nights(db)
    consignees = reached.reaches(db, at=at)
    drilled = last_drills(db)
    return Readiness(
        nights,
        speeds(db, nights[0].row.id) if nights else {},
        _open(nights),
        actors(db, (one.row.looked_at_by_id for one in nights)),
        sum(one.is_verified for one in consignees),
        len(consignees),
        drilled,
        (at - drilled.passed_at).days if drilled.passed_at else None,
        bool(jobs.of(db, running.VERB)),
        planning.standing(db),
    )


def _open(nights: list[Night]) -> list[Night]:
    """Return the newest of each kind of night that did not hold and nobody has looked into."""
    waiting: dict[str | None, Night] = {}
    for one in nights:
        if one.row.outcome != "held" and one.row.looked_at_at is None:
            waiting.setdefault(one.row.outcome, one)
    return list(waiting.values())


def consignees(db: Session, *, at: datetime) -> list[Reach]:
    """Return the consignees that were ever sent anything, those not reached lately first."""
    return reached.reaches(db, at=at)


def one_night(db: Session, night_id: int, *, only: str = "") -> OneNight:
    """Return a night; `only` is broken, differs or not_compared. Raises `NightUnknown`."""
    night = running.one(db, night_id)
    made = running.traces(db, night_id)
    shown = [one for one in made if _wanted(one, only)]
    again = running.draw_again(db, night.row)
    names = actors(db, [night.row.looked_at_by_id])
    return OneNight(
        night,
        [_row(one) for one in sorted(shown, key=_worst_first)],
        len(made),
        speeds(db, night_id),
        sampling.sample_sha256(again) == night.row.sample_sha256,
        names.get(night.row.looked_at_by_id or 0),
    )


def _wanted(one: NightTrace, only: str) -> bool:
    if only == "broken":
        return not one.is_complete
    return one.compared == only if only else True


def _worst_first(one: NightTrace) -> tuple[bool, bool, int]:
    return one.compared != "differs", one.is_complete, one.number


def _row(made: NightTrace) -> TraceRow:
    return TraceRow(
        made,
        _address(made.what, made.what_id, made.label),
        tuple(_break(one) for one in made.broken),
    )


def _break(one: dict[str, Any]) -> Break:
    address = _address(one["what"], one["id"], one["label"])
    return Break(BROKEN[one["kind"]], one["label"], address, one["count"])


def _address(what: str, id_: int, label: str) -> str | None:
    """Return the page where it is mended: of the unit, the lot, the run or the part."""
    if what == "unit":
        return url_for("units.unit", unit_id=id_)
    if what == "lot":
        return url_for("units.lot", lot_id=id_)
    if what == "segment":
        return url_for("units.segment", segment_id=id_)
    return url_for("units.index", kind="unit", part=label)
