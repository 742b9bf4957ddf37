"""The stop-ship beside what its signal named: what would stay free, and what comes with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases import answers
from engine.cases.models import Case
from engine.cases.scopes.figures import PLACES
from engine.errors import Invalid, Problem
from engine.serials import expressions, trace
from engine.serials.models import Lot, LotStock, Unit, UnitRoot
from engine.serials.sets import id_set
from engine.words import N_

STEP = ("recall", "order_containment")
LEFT_FREE = N_(
    "The signal named more: %(units)s units and %(quantity)s of lots would stay free, of them "
    "%(away_units)s units and %(away)s of lots at consignees (%(names)s). Name them in the scope, "
    "or write here why they stay free."
)
NAMED = 6  # lots and serials that the sentence names

Much = tuple[int, Decimal]  # units that stand by themselves, and a quantity of lots
NOTHING: Much = (0, Decimal(0))


@dataclass(frozen=True)
class Part:
    """What only one of the two names: how much by place, and the names of its lots and units."""

    places: Mapping[str, Much]  # by the keys of `PLACES`
    lots: tuple[str, ...]
    serials: tuple[str, ...]  # the first of them

    @property
    def total(self) -> Much:
        """Return all that can still be shipped or used: not what is built in or destroyed."""
        much = [one for place, one in self.places.items() if place != "gone"]
        return sum(one[0] for one in much), sum((one[1] for one in much), Decimal(0))

    @property
    def is_any(self) -> bool:
        """Say whether there is anything: a lot that is used up is traced all the same."""
        return self.total != NOTHING or bool(self.lots)


@dataclass(frozen=True)
class Beside:
    """What a signal named and a stop-ship leaves free, and what the stop-ship names beyond."""

    text: str  # of the signal
    left: Part
    added: Part


def start(db: Session, case: Case) -> dict[str, Any]:
    """Return what the order starts from: the scope of the signal, as it was written."""
    named = _named(db, case)
    return {"scope": {"text": named["text"], "answers": named["answers"]}} if named else {}


def beside_signal(db: Session, case: Case, scope: Mapping[str, Any]) -> Beside | None:
    """Return what an ordered scope leaves out and adds; None where the signal could not be read.

    Both are traced as of now, and nothing is kept. The same scope costs no trace.
    """
    named = _named(db, case)
    if named is None or not named["expression"].get("any"):
        return None
    signal, order = (expressions.seeds_of(db, one["expression"]) for one in (named, scope))
    if signal == order:
        nothing = Part({}, (), ())
        return Beside(named["text"], nothing, nothing)
    lots, units = trace.reached_by(db, signal)
    own_lots, own_units = trace.reached_by(db, order)
    return Beside(
        named["text"],
        left=_part(db, lots - own_lots, units - own_units),
        added=_part(db, own_lots - lots, own_units - units),
    )


def refuse_left_free(db: Session, case: Case, given: Mapping[str, Any]) -> None:
    """Raise `Invalid` when what the signal named stays free and nobody says why."""
    if given.get("left_free_because"):
        return
    beside = beside_signal(db, case, given["scope"])
    if beside is None or not beside.left.is_any:
        return
    units, quantity = beside.left.total
    away_units, away = beside.left.places.get("at_consignee", NOTHING)
    names = (*beside.left.lots, *beside.left.serials)
    facts = {
        "units": units, "quantity": said(quantity), "away_units": away_units, "away": said(away),
        "names": ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else ""),
    }  # fmt: skip
    raise Invalid([Problem("left_free_because", LEFT_FREE, tuple(facts.items()))])


def said(quantity: Decimal) -> str:
    """Return a quantity as it is read: without zeros that say nothing."""
    return f"{quantity.normalize() + 0:f}"


def _named(db: Session, case: Case) -> dict[str, Any] | None:
    report = answers.latest(db, case, case.process, "report")
    return report.answers.get("scope") if report else None


def _part(db: Session, nodes: Iterable[int], units: Iterable[int]) -> Part:
    alone = (
        select(Unit.custody, func.count())
        .join(UnitRoot, UnitRoot.unit_id == Unit.id)
        .where(UnitRoot.root_id == Unit.id, Unit.id.in_(id_set(db, units)))
    )
    lying = select(
        LotStock.custody, func.sum(LotStock.quantity, type_=LotStock.quantity.type)
    ).where(LotStock.lot_id.in_(id_set(db, nodes)), LotStock.quantity != 0)
    count = dict(db.execute(alone.group_by(Unit.custody)).all())
    quantity = dict(db.execute(lying.group_by(LotStock.custody)).all())
    places = {
        place: (
            sum(count.get(one, 0) for one in custodies),
            sum((quantity.get(one, Decimal(0)) for one in custodies), Decimal(0)),
        )
        for place, custodies in PLACES.items()
    }
    lots = select(Lot.lot_no).where(Lot.id.in_(id_set(db, nodes)), ~Lot.is_unknown)
    serials = alone.with_only_columns(Unit.serial).order_by(Unit.serial).limit(NAMED)
    return Part(
        {place: much for place, much in places.items() if much != NOTHING},
        tuple(db.scalars(lots.order_by(Lot.lot_no))),
        tuple(db.scalars(serials)),
    )
