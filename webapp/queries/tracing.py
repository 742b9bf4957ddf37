"""Traces as their pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import jobs
from engine.cases.pages import Page
from engine.serials import expressions, trace, tracing
from engine.serials.errors import LotUnknown, UnitUnknown
from engine.serials.expressions import Piece, Understood
from engine.serials.models import (
    Lot,
    Part,
    Party,
    Segment,
    TraceRun,
    TraceRunNode,
    TraceRunUnit,
    Unit,
)
from engine.serials.models.axes import CUSTODIES
from engine.serials.models.trace import WAYS_IN
from engine.serials.sets import id_set
from engine.serials.trace import Counts, KeptUnit, Tally
from webapp.numbers import whole
from webapp.queries.stock import actors

RUNS = 20  # to a page
UNITS = 100
LOTS = 200
PIECES = 300  # of a long paste; what needs a person is always shown
NEEDS = ("question", "not_recorded", "left_out")
ANSWER = "a."  # before the key of a question in the form


# --- the box ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """The pieces worth reading, and how many alike were left out."""

    pieces: tuple[Piece, ...]
    more_count: int
    understood_count: int
    missing_count: int


def answers_of(form: Mapping[str, str]) -> dict[str, str]:
    """Return what was answered to what the box asked back, by the keys of its questions."""
    return {
        name.removeprefix(ANSWER): value
        for name, value in form.items()
        if name.startswith(ANSWER) and value
    }


def understood(said: Understood) -> Shown:
    """Return the pieces of a text: all that need a person, and the first of the others."""
    told = [one for one in said.pieces if one.kind not in {"blank", "word"}]
    needed = [one for one in told if one.kind in NEEDS]
    others = [one for one in told if one.kind not in NEEDS]
    kept = {id(one) for one in [*needed, *others[:PIECES]]}
    return Shown(
        tuple(one for one in told if id(one) in kept),
        max(0, len(others) - PIECES),
        sum(one.kind == "understood" for one in told),
        sum(one.kind == "not_recorded" for one in told),
    )


@dataclass(frozen=True)
class RunLine:
    """One run in the list."""

    id: int
    said: str
    root_count: int
    unit_count: int
    stock_count: int
    by: str | None
    at: Any


def runs(db: Session, number: int) -> tuple[Sequence[RunLine], Page]:
    """Return a page of the runs, the newest first; their results are not read."""
    count = db.scalar(select(func.count()).select_from(TraceRun)) or 0
    page = Page(number=max(1, min(number, 100_000)), size=RUNS, total_count=count)
    rows = db.execute(
        select(
            TraceRun.id,
            TraceRun.expression,
            TraceRun.root_count,
            TraceRun.unit_count,
            TraceRun.stock_count,
            TraceRun.by_id,
            TraceRun.at,
        )
        .order_by(TraceRun.id.desc())
        .offset((page.number - 1) * RUNS)
        .limit(RUNS)
    ).all()
    names = actors(db, (row.by_id for row in rows))
    return [
        RunLine(
            row.id,
            said(row.expression),
            row.root_count,
            row.unit_count,
            row.stock_count,
            names.get(row.by_id or 0),
            row.at,
        )
        for row in rows
    ], page


def said(expression: Mapping[str, Any]) -> str:
    """Return an expression in a few words."""
    words = [expressions.said_of(term) for term in expression.get("any", ())[:6]]
    more = len(expression.get("any", ())) - len(words)
    return ", ".join(words) + (f" (+{more:,})" if more > 0 else "")


def waiting(db: Session) -> list[jobs.Job]:
    """Return the traces that are still being worked on."""
    return jobs.of(db, tracing.VERB)


def job_of(db: Session, job_id: int) -> jobs.Job:
    """Return a trace that is worked on; raises `JobUnknown`."""
    job = db.get(jobs.Job, job_id)
    if job is None or job.name != tracing.VERB:
        raise jobs.JobUnknown
    return job


def term_of(db: Session, kind: str, id_: int | None) -> dict[str, Any]:
    """Return the term of one unit, lot or run; raises `UnitUnknown` or `LotUnknown`."""
    if kind == "segment":
        segment = db.get(Segment, id_)
        if segment is not None:
            return {"segment": {"id": segment.id, "number": segment.work_order or str(segment.id)}}
    elif kind == "lot":
        lot = db.get(Lot, id_)
        if lot is not None:
            part = db.get_one(Part, lot.part_id)
            return {"lot": {"id": lot.id, "number": lot.lot_no, "part": part.part_no}}
    else:
        unit = db.get(Unit, id_)
        if unit is not None:
            part = db.get_one(Part, unit.part_id)
            return {"unit": {"id": unit.id, "serial": unit.serial, "part": part.part_no}}
    raise LotUnknown(lot=id_) if kind in ("lot", "segment") else UnitUnknown(unit=id_)


# --- one run ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One line of a table of figures: what it is of, and how much."""

    key: Any
    name: str
    tally: Tally
    country: str | None = None


@dataclass(frozen=True)
class LotRow:
    """One affected lot or run."""

    kind: str
    id: int
    number: str
    part_no: str
    maker: str | None
    is_named: bool
    is_certain: bool
    unit_count: int


@dataclass(frozen=True)
class RunHead:
    """What stands above every page of a run."""

    run: TraceRun
    by: str | None
    said: str


@dataclass(frozen=True)
class RunPage(RunHead):
    """What a run found, in figures."""

    custody: tuple[Row, ...]
    consignees: tuple[Row, ...]
    countries: tuple[Row, ...]
    places: tuple[Row, ...]
    lots: tuple[LotRow, ...]
    still_reached: tuple[int, list[tuple[int, str]]]
    not_recorded: tuple[str, ...]
    left_out: tuple[str, ...]


def run_head(db: Session, run_id: int) -> RunHead:
    """Return what stands above the pages of a run; raises `RunUnknown`."""
    run = tracing.run_of(db, run_id)
    return RunHead(run, actors(db, [run.by_id]).get(run.by_id or 0), said(run.expression))


def run_page(db: Session, run_id: int) -> RunPage:
    """Return what a run found, in figures; raises `RunUnknown`."""
    head = run_head(db, run_id)
    run, counts = head.run, trace.counts(db, run_id)
    return RunPage(
        **vars(head),
        custody=_by_custody(counts),
        consignees=_by(counts.by_consignee(), {s.consignee_id: s.consignee for s in counts.sent},
                       {s.consignee_id: s.country for s in counts.sent}),
        countries=_by(counts.by_country(), {p.country: p.country or "" for p in counts.placed}),
        places=_by(
            counts.by_location(),
            {p.location_id: _place(p.location, p.party) for p in counts.placed},
            {p.location_id: p.country for p in counts.placed},
        ),
        lots=_lots(db, run_id),
        still_reached=tracing.reached_all_the_same(db, run),
        not_recorded=tuple(run.expression.get("not_recorded", ())),
        left_out=tuple(run.expression.get("left_out", ())),
    )  # fmt: skip


def _place(location: str | None, party: str | None) -> str:
    if location and party and location.startswith(party):
        return location
    return " · ".join(filter(None, (location, party)))


def _by_custody(counts: Counts) -> tuple[Row, ...]:
    found = counts.by_custody()
    return tuple(Row(code, code, found[code]) for code in CUSTODIES if code in found)


def _by(
    tallies: Mapping[Any, Tally],
    names: Mapping[Any, str],
    countries: Mapping[Any, str | None] | None = None,
) -> tuple[Row, ...]:
    rows = [
        Row(key, names.get(key) or "", tally, (countries or {}).get(key))
        for key, tally in tallies.items()
    ]
    return tuple(sorted(rows, key=lambda row: (-row.tally.unit_count, -row.tally.quantity)))


def _lots(db: Session, run_id: int) -> tuple[LotRow, ...]:
    """Return the first affected lots and runs, those named first, with what was made of them."""
    node = TraceRunNode
    rows = db.execute(
        select(
            node.node_id,
            node.is_named,
            node.is_certain,
            Lot.lot_no,
            Segment.work_order,
            Segment.id,
            Part.part_no,
            Party.name,
        )
        .outerjoin(Lot, Lot.id == node.node_id)
        .outerjoin(Segment, Segment.id == node.node_id)
        .join(Part, Part.id == func.coalesce(Lot.part_id, Segment.part_id))
        .outerjoin(Party, Party.id == Part.manufacturer_id)
        .where(node.run_id == run_id)
        .order_by(node.is_named.desc(), node.node_id)
        .limit(LOTS)
    ).all()
    ids = [row.node_id for row in rows]
    made = {**_made(db, run_id, Unit.lot_id, ids), **_made(db, run_id, Unit.seg_id, ids)}
    return tuple(
        LotRow(
            "segment" if row.id is not None else "lot",
            row.node_id,
            (row.work_order or str(row.id)) if row.id is not None else row.lot_no,
            row.part_no,
            row.name,
            row.is_named,
            row.is_certain,
            made.get(row.node_id, 0),
        )
        for row in rows
    )


def _made(db: Session, run_id: int, column: Any, ids: Sequence[int]) -> dict[int, int]:
    rows = db.execute(
        select(column, func.count())
        .join(TraceRunUnit, TraceRunUnit.unit_id == Unit.id)
        .where(TraceRunUnit.run_id == run_id, column.in_(id_set(db, ids)))
        .group_by(column)
    )
    return {row[0]: row[1] for row in rows}


# --- its units -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """How the list of units is narrowed, and after which one it goes on."""

    custody: str = ""
    how: str = ""
    certain: str = ""
    party: int | None = None
    inside: str = ""
    after: int = 0

    @property
    def kept(self) -> dict[str, Any]:
        """Return what an address keeps of it, without the place in the list."""
        said = {"custody": self.custody, "how": self.how, "certain": self.certain}
        return {**said, "party": self.party, "inside": self.inside}

    @property
    def is_narrowed(self) -> bool:
        """Say whether any filter is set."""
        return any(self.kept.values())


def asked_of(said: Mapping[str, str]) -> Asked:
    """Return what was asked for; nonsense asks for nothing."""

    def number(name: str) -> int:
        return whole(said.get(name)) or 0

    return Asked(
        custody=said.get("custody", "") if said.get("custody") in CUSTODIES else "",
        how=said.get("how", "") if said.get("how") in WAYS_IN else "",
        certain=said.get("certain", "") if said.get("certain") in ("yes", "no") else "",
        party=number("party") or None,
        inside="yes" if said.get("inside") == "yes" else "",
        after=number("after"),
    )


@dataclass(frozen=True)
class UnitsPage:
    """A page of affected units, and after which the next begins."""

    rows: tuple[KeptUnit, ...]
    after: int | None


def units_page(db: Session, run_id: int, asked: Asked) -> UnitsPage:
    """Return a page of the units of a run; inside others only where that was asked."""
    rows = trace.affected_units(
        db,
        run_id,
        after=asked.after,
        limit=UNITS + 1,
        roots_only=not asked.inside,
        party_id=asked.party,
        custody=asked.custody or None,
        how=asked.how or None,
        is_certain={"yes": True, "no": False}.get(asked.certain),
    )
    shown = rows[:UNITS]
    return UnitsPage(tuple(shown), shown[-1].unit_id if len(rows) > UNITS else None)
