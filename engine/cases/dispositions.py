"""Dispositions in rounds: what is pending, what was proposed for it, what became of each line.

Lines and pending together always equal what is held, so a case can be dispositioned in tranches.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases import balance
from engine.cases.models import Case, Line, LinePart, Round
from engine.errors import Refused
from engine.words import N_


@dataclass(frozen=True)
class Type:
    """One of the dispositions: its words, the account it ends in, whom it always needs."""

    label: str
    account: str
    needs_regulatory: bool = False
    needs_manufacturing: bool = False
    before_distribution_only: bool = False
    is_of_returned: bool = False


TYPES: dict[str, Type] = {
    "use_as_is": Type(
        N_("Use as is (concession)"), "released_under_concession", needs_regulatory=True
    ),
    "rework": Type(
        N_("Rework"), "reworked", needs_manufacturing=True, before_distribution_only=True
    ),
    "repair": Type(N_("Repair"), "repaired", needs_regulatory=True, needs_manufacturing=True),
    "return_to_supplier": Type(N_("Return to supplier"), "returned_to_supplier"),
    "scrap": Type(N_("Scrap"), "destroyed"),
    "regrade": Type(N_("Regrade"), "regraded", needs_regulatory=True, needs_manufacturing=True),
    "sort": Type(N_("Sort"), "released_after_sorting", needs_manufacturing=True),
    "no_fault_found": Type(N_("No fault found"), "released_no_fault"),
    "service": Type(N_("Servicing"), "serviced", needs_manufacturing=True, is_of_returned=True),
    "recondition": Type(
        N_("Recondition"), "reconditioned", needs_manufacturing=True, is_of_returned=True
    ),
}
ACTIVE = ("proposed", "running")


class LinesDoNotFit(Refused):
    """Line %(line)s asks for %(asked)s, but only %(pending)s are pending. Correct that line."""


class WasDistributed(Refused):
    """Line %(line)s reworks what has come back: service or recondition it, or take it out."""


class NoOpenRound(Refused):
    """No disposition round is open on this case. Open the case to see where it stands."""


@dataclass(frozen=True)
class Part:
    """One unit (quantity 1), or a quantity of a lot."""

    unit_id: int | None
    lot_id: int | None
    quantity: Decimal

    @property
    def key(self) -> tuple[int | None, int | None]:
        """Return what it is, without how much."""
        return (self.unit_id, self.lot_id)


def pending(db: Session, case: Case) -> list[Part]:
    """Return what is held and in no line that still runs."""
    held: dict[tuple[int | None, int | None], Decimal] = {}
    for lying in balance.holdings(db, case.id, accounts=balance.IN_HOUSE):
        key = (lying.unit_id, lying.lot_id)
        held[key] = held.get(key, Decimal(0)) + lying.quantity
    for part in _in_lines(db, case, ACTIVE):
        held[part.key] = held.get(part.key, Decimal(0)) - part.quantity

    return [Part(*key, quantity) for key, quantity in held.items() if quantity > 0]


def _in_lines(db: Session, case: Case, states: Iterable[str]) -> list[Part]:
    rows = db.execute(
        select(LinePart.unit_id, LinePart.lot_id, func.sum(LinePart.quantity))
        .join(Line, Line.id == LinePart.line_id)
        .where(Line.case_id == case.id, Line.state.in_(tuple(states)))
        .group_by(LinePart.unit_id, LinePart.lot_id)
    )
    return [Part(*row) for row in rows]


def open_round(db: Session, case: Case, *, instance_id: int, at: datetime) -> Round:
    """Open the next round of the case; flushes."""
    last = db.scalar(select(func.max(Round.number)).where(Round.case_id == case.id)) or 0
    opened = Round(case_id=case.id, instance_id=instance_id, number=last + 1, opened_at=at)
    db.add(opened)
    db.flush()
    return opened


def current_round(db: Session, case: Case) -> Round:
    """Return the round that is being proposed or decided; raises `NoOpenRound`."""
    found = db.scalar(
        select(Round)
        .where(Round.case_id == case.id, Round.state.in_(("open", "proposed", "approved")))
        .order_by(Round.number.desc())
    )
    if found is None:
        raise NoOpenRound

    return found


def propose(db: Session, case: Case, lines: list[dict[str, Any]]) -> list[Line]:
    """Write the proposed lines of the open round; `lines` as their field kind gives them.

    Raises `LinesDoNotFit` when a line asks for what is no longer pending. Flushes.
    """
    current = current_round(db, case)
    left = {part.key: part.quantity for part in pending(db, case)}
    written = []
    for number, asked in enumerate(lines, start=1):
        parts = parts_of(asked)
        _take(left, parts, number)
        if TYPES[asked["type"]].before_distribution_only:
            _refuse_distributed(db, case, parts, number)
        written.append(_write_line(db, case, current, number, asked, parts))
    current.state = "proposed"
    db.flush()
    return written


def _refuse_distributed(db: Session, case: Case, parts: list[Part], number: int) -> None:
    """Raise `WasDistributed` when there is not so much here that never left."""
    at_home: dict[tuple[int | None, int | None], Decimal] = {}
    for one in balance.holdings(db, case.id, accounts=balance.IN_HOUSE):
        if one.party_id is None:
            key = (one.unit_id, one.lot_id)
            at_home[key] = at_home.get(key, Decimal(0)) + one.quantity
    if any(part.quantity > at_home.get(part.key, Decimal(0)) for part in parts):
        raise WasDistributed(line=number)


def parts_of(line: dict[str, Any]) -> list[Part]:
    """Return what a proposed line is about: its units one by one, or its quantity of a lot."""
    units = [Part(unit["unit_id"], None, Decimal(1)) for unit in line.get("units") or ()]
    if not line.get("lot"):
        return units
    return [*units, Part(None, line["lot"]["lot_id"], Decimal(line["quantity"]))]


def _take(
    left: dict[tuple[int | None, int | None], Decimal], parts: list[Part], number: int
) -> None:
    for part in parts:
        there = left.get(part.key, Decimal(0))
        if part.quantity > there:
            raise LinesDoNotFit(line=number, asked=part.quantity, pending=there)
        left[part.key] = there - part.quantity


def _write_line(
    db: Session, case: Case, current: Round, number: int, asked: dict[str, Any], parts: list[Part]
) -> Line:
    line = Line(
        case_id=case.id,
        round_id=current.id,
        number=number,
        type=asked["type"],
        justification=asked["justification"],
        conditions=asked.get("conditions") or None,
    )
    db.add(line)
    db.flush()
    db.add_all(
        LinePart(line_id=line.id, unit_id=p.unit_id, lot_id=p.lot_id, quantity=p.quantity)
        for p in parts
    )
    return line


def lines_of(db: Session, current: Round) -> list[Line]:
    """Return the lines of a round in their order."""
    return list(db.scalars(select(Line).where(Line.round_id == current.id).order_by(Line.number)))


def parts_of_line(db: Session, line: Line) -> list[Part]:
    """Return what a written line is about."""
    rows = db.execute(
        select(LinePart.unit_id, LinePart.lot_id, LinePart.quantity).where(
            LinePart.line_id == line.id
        )
    )
    return [Part(*row) for row in rows]
