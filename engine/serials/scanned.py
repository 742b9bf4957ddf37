"""What a person scanned or pasted to record something of: units, quantities of lots, containers."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Invalid, Problem, Refused
from engine.serials.active import holdings_of_stock
from engine.serials.errors import (
    LotElsewhere,
    NotAnSscc,
    NotEnough,
    NotEnoughHere,
    NothingAway,
    NothingLoose,
    SeveralHaveIt,
)
from engine.serials.find import Found, resolve_many
from engine.serials.models import Container, Location, Lot, LotStock
from engine.serials.named import Match
from engine.serials.packing import sscc_of
from engine.serials.record import StockPart
from engine.serials.sets import id_set
from engine.words import N_

# "LOT-7 x 12", "LOT-7 × 12", or the two cells of a sheet
_COUNTED = re.compile(r"^(.+?)(?:\s+[x×*]\s*|\t\s*)(\d{1,12}(?:\.\d{1,6})?)$", re.IGNORECASE)
MOST = 5000  # lines of one form
MOST_NAMED = 12  # places in a sentence

SAY_HOW_MANY = N_("Say how many of lot %(lot)s: write %(lot)s x 12")
SEVERAL = N_("“%(text)s” names several things here. Scan the whole label")
A_PART = N_("“%(text)s” is a part number. Scan the units or the lot")
ONE_UNIT = N_("“%(text)s” is one unit: leave the quantity out")
TOO_MANY = N_("These are too many lines at once. Send %(most)s at most")


@dataclass
class Goods:
    """What was scanned, in order; `lots` with their quantities, None where none was needed."""

    units: list[int] = field(default_factory=list)
    lots: list[tuple[int, Decimal | None]] = field(default_factory=list)
    containers: list[int] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Say whether nothing was scanned."""
        return not (self.units or self.lots or self.containers)


def understand(db: Session, text: str, *, at: str, needs_quantity: bool = True) -> Goods:
    """Return what every line names; raises `Invalid` with all that is wrong, at the field `at`."""
    said = [line.strip() for line in text.replace("\r", "\n").split("\n") if line.strip()]
    if len(said) > MOST:
        raise Invalid([Problem(at, TOO_MANY, (("most", MOST),))])

    counted_lines = [counted(line) for line in said]
    containers = _containers(db, [what for what, _ in counted_lines])
    others = [(what, quantity) for what, quantity in counted_lines if what not in containers]
    goods, problems = Goods(containers=list(dict.fromkeys(containers.values()))), []
    found = resolve_many(db, [what for what, _ in others])
    for one, (_, quantity) in zip(found, others, strict=True):
        problem = _take(goods, one, quantity, needs_quantity=needs_quantity)
        if problem is not None:
            problems.append(Problem(at, problem.sentence, problem.facts))
    goods.units = list(dict.fromkeys(goods.units))
    if problems:
        raise Invalid(problems)
    return goods


def counted(line: str) -> tuple[str, Decimal | None]:
    """Return what a line names, and how many of it where it says so: `LOT-7 x 12`."""
    said = _COUNTED.match(line)
    return (said[1].strip(), Decimal(said[2])) if said else (line, None)


def _containers(db: Session, texts: Sequence[str]) -> dict[str, int]:
    numbers = dict(_ssccs(texts))
    rows = db.execute(
        select(Container.sscc, Container.id).where(Container.sscc.in_(set(numbers.values())))
    )
    by_sscc = {sscc: key for sscc, key in rows}  # noqa: C416  rows are not pairs to mypy
    return {text: by_sscc[sscc] for text, sscc in numbers.items() if sscc in by_sscc}


def _ssccs(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        try:
            yield text, sscc_of(text)
        except NotAnSscc:
            continue


def _take(
    goods: Goods, one: Found, quantity: Decimal | None, *, needs_quantity: bool
) -> Problem | None:
    matches = [match for match in one.matches if match.kind in ("unit", "lot")]
    if not matches:
        if one.problem is None and one.matches:
            return Problem("", A_PART, (("text", one.text),))
        return one.problem
    if len(_things(matches)) > 1:
        return Problem("", SEVERAL, (("text", one.text),))

    [match, *_] = matches
    if match.kind == "unit" and quantity not in (None, Decimal(1)):
        return Problem("", ONE_UNIT, (("text", one.text),))
    if match.kind == "lot" and quantity is None and needs_quantity:
        return Problem("", SAY_HOW_MANY, (("lot", match.label),))
    if match.kind == "unit":
        goods.units.append(match.id)
    else:
        goods.lots.append((match.id, quantity))
    return None


def _things(matches: Sequence[Match]) -> set[tuple[str, int]]:
    return {(match.kind, match.id) for match in matches}


def stock_of(
    db: Session,
    lots: Sequence[tuple[int, Decimal | None]],
    *,
    location_id: int | None = None,
    custody: Sequence[str] = ("in_house", "returned"),
    is_fact: bool = False,
) -> list[StockPart]:
    """Return the stock rows that quantities of lots come out of: good ones first, held ones last.

    Without a quantity all of it. Raises `NotEnough`, `NothingLoose`; a fact may overdraw the last
    row instead.
    """
    parts: list[StockPart] = []
    for lot_id, quantity in lots:
        rows = _rows(db, lot_id, location_id, custody)
        left = sum((row.quantity for row in rows), Decimal(0)) if quantity is None else quantity
        for row in rows:
            drawn = min(left, row.quantity)
            if drawn > 0:
                parts.append(StockPart(row.id, drawn))
                left -= drawn
        if left > 0 and is_fact and rows:
            parts.append(StockPart(rows[0].id, left))
        elif left > 0 or not rows:
            raise _not_enough(db, lot_id, location_id, rows, quantity or Decimal(0))
    return parts


def stock_away(
    db: Session,
    lots: Sequence[tuple[int, Decimal | None]],
    *,
    custody: Sequence[str],
    location_id: int | None = None,
) -> list[StockPart]:
    """Return the stock rows that quantities away from us come out of: of one place, never a guess.

    A fact: more than is recorded there overdraws it. Raises `NothingAway`, `LotElsewhere` where
    others have it and not that place, and `SeveralHaveIt` where nobody said which.
    """
    parts: list[StockPart] = []
    for lot_id, quantity in lots:
        lot_no = db.get_one(Lot, lot_id).lot_no
        having = set(
            db.scalars(
                select(LotStock.location_id).where(
                    LotStock.lot_id == lot_id, LotStock.quantity > 0, LotStock.custody.in_(custody)
                )
            )
        )
        if not having:
            raise NothingAway(lot=lot_no)
        if location_id is not None and location_id not in having:
            place = db.get_one(Location, location_id).name
            raise LotElsewhere(lot=lot_no, place=place, others=_named(db, having))
        if location_id is None and len(having) > 1:
            raise SeveralHaveIt(lot=lot_no, places=_named(db, having))
        there = location_id if location_id is not None else having.pop()
        one = [(lot_id, quantity)]
        parts += stock_of(db, one, location_id=there, custody=custody, is_fact=True)
    return parts


def _named(db: Session, location_ids: Collection[int | None]) -> str:
    ids = id_set(db, [one for one in location_ids if one is not None])
    names = db.scalars(
        select(Location.name).where(Location.id.in_(ids)).order_by(Location.name)
    ).all()
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown}, …" if len(names) > MOST_NAMED else shown


def _rows(
    db: Session, lot_id: int, location_id: int | None, custody: Sequence[str]
) -> list[LotStock]:
    query = select(LotStock).where(
        LotStock.lot_id == lot_id, LotStock.quantity > 0, LotStock.custody.in_(custody)
    )
    if location_id is not None:
        query = query.where(LotStock.location_id == location_id)
    rows = list(db.scalars(query.order_by(LotStock.id)))
    held = {key for key, holds in holdings_of_stock(db, rows).items() if holds}
    return sorted(rows, key=lambda row: (row.id in held, row.usability != "conforming", row.id))


def _not_enough(
    db: Session, lot_id: int, location_id: int | None, rows: Sequence[LotStock], asked: Decimal
) -> Refused:
    lot, there = db.get_one(Lot, lot_id).lot_no, sum((row.quantity for row in rows), Decimal(0))
    if not rows:
        return NothingLoose(lot=lot)
    if location_id is None:
        return NotEnoughHere(available=there, lot=lot, asked=asked)
    place = db.get_one(Location, location_id).name
    return NotEnough(available=there, lot=lot, location=place, asked=asked)
