"""What a case affects: its subjects, everything that contains them, and where that is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.cases import answers as kept, balance, identifying
from engine.cases.balance import SCOPE, Holding
from engine.cases.models import Case, Subject
from engine.cases.names import stock_names
from engine.cases.once import once
from engine.cases.reach import Reached, reached
from engine.people import Person
from engine.serials import holds, trace
from engine.serials.active import holdings_of_stock
from engine.serials.models import Event, LotStock, StockPosting
from engine.serials.trace import Affected

DESCRIPTION = 60  # characters of a description in a list
# whatever moves goods or makes them writes an event; a hold alone moves nothing but may tell a part
# of a lot's stock apart, which is a posting
_NEWEST = select(
    select(func.max(Event.id))
    .where(Event.type.not_in(("hold_placed", "hold_released", "hold_breached")))
    .scalar_subquery(),
    select(func.max(StockPosting.id)).scalar_subquery(),
)


@dataclass(frozen=True)
class Settled:
    """What a settling found: the trace, and how much lies in and out of our hands."""

    affected: Affected
    in_house: Decimal
    left_control: Decimal


def settle(db: Session, case: Case, *, by: Person | None, at: datetime) -> Settled:
    """Take up every suspect that was named, trace them, and bring new units into the balance.

    Nothing leaves the balance here: what turns out not to be affected is released by decision.
    """
    _take_up_subjects(db, case, at=at)
    identifying.take_up(db, case, by=by, at=at)
    affected = trace_of(db, case)
    parts = reached(affected)
    _enter_units(db, case, parts, by=by, at=at)
    _enter_stock(db, case, affected, parts, by=by, at=at)
    case.subject = subject_words(db, case)
    sums = balance.totals(db, case.id)
    here = (*balance.IN_HOUSE, *balance.NOT_HELD)
    return Settled(
        affected=affected,
        in_house=sum((sums.get(name, Decimal(0)) for name in here), Decimal(0)),
        left_control=sum((sums.get(name, Decimal(0)) for name in balance.LEFT_CONTROL), Decimal(0)),
    )


def trace_of(db: Session, case: Case) -> Affected:
    """Trace forward from the subjects of a case as they stand now; once while nothing moves."""
    subjects = subjects_of(db, case)
    lots = frozenset(one.lot_id for one in subjects if one.lot_id is not None)
    units = frozenset(one.unit_id for one in subjects if one.unit_id is not None)
    newest = db.execute(_NEWEST).one()
    return once(
        db,
        ("trace", lots, units, *newest),
        lambda: trace.contains(db, lots=lots, units=units),
    )


def subjects_of(db: Session, case: Case) -> list[Subject]:
    """Return what the case is about, in the order it was named."""
    return list(db.scalars(select(Subject).where(Subject.case_id == case.id).order_by(Subject.id)))


def subject_words(db: Session, case: Case) -> str:
    """Return the subjects in a few words, for lists: part, number, and how many more."""
    subjects = identifying.standing_subjects(db, case)
    subjects.sort(key=lambda one: one.unit_id is None and one.lot_id is None)  # what is known first
    if not subjects:
        return ""
    first = subjects[0]
    key = (first.unit_id, first.lot_id)
    name = stock_names(db, [key]).get(key)
    words = f"{name.part} · {name.name}" if name else (first.description or "")[:DESCRIPTION]
    return words + (f" + {len(subjects) - 1}" if len(subjects) > 1 else "")


def _take_up_subjects(db: Session, case: Case, *, at: datetime) -> None:
    subjects = subjects_of(db, case)
    known = {(one.unit_id, one.lot_id) for one in subjects}
    described = Counter((one.description, one.quantity) for one in subjects if one.description)
    for answer in kept.standing(db, case):
        for value in answer.answers.values():
            for named in _suspects(value):
                if _is_known(named, known, described):
                    continue
                db.add(
                    Subject(
                        case_id=case.id,
                        unit_id=named.get("unit_id"),
                        lot_id=named.get("lot_id"),
                        description=named.get("description"),
                        quantity=_quantity(named),
                        source=answer.element_id,
                        by_id=answer.by_id,
                        at=at,
                    )
                )
    db.flush()


def _is_known(
    named: dict[str, Any],
    known: set[tuple[int | None, int | None]],
    described: Counter[tuple[str, Decimal | None]],
) -> bool:
    """Say whether what is named is taken up already, and count it off.

    A unit or a lot is one thing however often it is named. Every description is a thing of its
    own: the same words twice are two. No correction changes what an answer described, so as
    many as stand in the answers are as many as there are.
    """
    key = (named.get("unit_id"), named.get("lot_id"))
    if key != (None, None):
        was_known = key in known
        known.add(key)
        return was_known

    words = (named["description"], _quantity(named))
    described[words] -= 1
    return described[words] >= 0


def _suspects(value: Any) -> Iterable[dict[str, Any]]:
    """Return what an answer names: of the field kinds `suspects` and `identification`."""
    if not isinstance(value, dict):
        return []
    if "unidentified" in value:
        return [*value["units"], *value["lots"], *value["unidentified"]]
    rows = identifying.resolved_rows(value)
    return [named for row in rows for named in (*row["units"], *row["lots"])]


def _quantity(named: dict[str, Any]) -> Decimal | None:
    return Decimal(named["quantity"]) if named.get("quantity") else None


def _enter_units(
    db: Session, case: Case, parts: Iterable[Reached], *, by: Person | None, at: datetime
) -> None:
    entered = {one.unit_id for one in balance.holdings(db, case.id)}
    new: dict[str, list[Holding]] = {}
    for part in parts:
        if part.unit_id is not None and part.unit_id not in entered:
            here = Holding(SCOPE, part.unit_id, None, Decimal(1), party_id=part.party_id)
            new.setdefault(part.account, []).append(here)
    for account, units in new.items():
        balance.post(db, case, units, to=account, evidence="forward trace", by=by, at=at)


def _enter_stock(
    db: Session,
    case: Case,
    found: Affected,
    parts: Iterable[Reached],
    *,
    by: Person | None,
    at: datetime,
) -> None:
    """Post each affected quantity of a lot; of a lot already entered, only what came since."""
    entered = _entered(db, case)
    by_lot: dict[int, list[Reached]] = {}
    for part in parts:
        if part.lot_id is not None:
            by_lot.setdefault(part.lot_id, []).append(part)
    let_out = _let_out(db, case, found) if entered else {}

    for lot_id, rows in by_lot.items():
        if lot_id not in entered:
            for row in rows:
                new = [Holding(SCOPE, None, lot_id, row.quantity, party_id=row.party_id)]
                balance.post(db, case, new, to=row.account, evidence="forward trace", by=by, at=at)
            continue
        there = sum((row.quantity for row in rows), Decimal(0)) - let_out.get(lot_id, Decimal(0))
        more = there - entered[lot_id]
        if more > 0:
            new = [Holding(SCOPE, None, lot_id, more)]
            balance.post(db, case, new, to="in_house", evidence="came in later", by=by, at=at)


def _entered(db: Session, case: Case) -> dict[int, Decimal]:
    """Return how much of each lot has come into the case and was not let out for use again."""
    entered: dict[int, Decimal] = {}
    for one in balance.holdings(db, case.id):
        if one.lot_id is not None:
            counts = one.account not in balance.LET_OUT
            more = one.quantity if counts else Decimal(0)
            entered[one.lot_id] = entered.get(one.lot_id, Decimal(0)) + more
    return entered


def _let_out(db: Session, case: Case, found: Affected) -> dict[int, Decimal]:
    """Return how much of each lot no hold of this case bears on any more: it was decided on.

    It may be used up by now; what came in later must not be set off against it.
    """
    if not holds.of_case(db, case.number):
        return {}
    ids = [row.stock_id for row in found.stock if row.quantity > 0 and row.custody != "consumed"]
    rows = [row for some in _chunks(ids) for row in _stock_rows(db, some)]
    bearing = holdings_of_stock(db, rows)
    free: dict[int, Decimal] = {}
    for row in rows:
        if not any(hold.case_number == case.number for hold in bearing[row.id]):
            free[row.lot_id] = free.get(row.lot_id, Decimal(0)) + row.quantity
    return free


def _stock_rows(db: Session, ids: Sequence[int]) -> Iterable[LotStock]:
    return db.scalars(select(LotStock).where(LotStock.id.in_(ids)))


def _chunks(ids: Sequence[int], size: int = 1_000) -> Iterable[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
