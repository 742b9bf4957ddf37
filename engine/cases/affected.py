"""What a case affects: its subjects, everything that contains them, and where that is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases import answers as kept, balance
from engine.cases.balance import OF_CUSTODY, SCOPE, Holding
from engine.cases.models import Case, Subject
from engine.cases.names import stock_names
from engine.people import Person
from engine.serials import trace
from engine.serials.trace import Affected, AffectedStock


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
    affected = trace_of(db, case)
    _enter_units(db, case, affected, by=by, at=at)
    _enter_stock(db, case, affected, by=by, at=at)
    case.subject = subject_words(db, case)
    sums = balance.totals(db, case.id)
    here = (*balance.IN_HOUSE, *balance.NOT_HELD)
    return Settled(
        affected=affected,
        in_house=sum((sums.get(name, Decimal(0)) for name in here), Decimal(0)),
        left_control=sum((sums.get(name, Decimal(0)) for name in balance.LEFT_CONTROL), Decimal(0)),
    )


def trace_of(db: Session, case: Case) -> Affected:
    """Trace forward from the subjects of a case as they stand now."""
    subjects = subjects_of(db, case)
    return trace.contains(
        db,
        lots=[one.lot_id for one in subjects if one.lot_id is not None],
        units=[one.unit_id for one in subjects if one.unit_id is not None],
    )


def subjects_of(db: Session, case: Case) -> list[Subject]:
    """Return what the case is about, in the order it was named."""
    return list(db.scalars(select(Subject).where(Subject.case_id == case.id).order_by(Subject.id)))


def subject_words(db: Session, case: Case) -> str:
    """Return the subjects in a few words, for lists: part, number, and how many more."""
    subjects = [one for one in subjects_of(db, case) if one.unit_id or one.lot_id]
    if not subjects:
        return ""
    name = stock_names(db, [(one.unit_id, one.lot_id) for one in subjects[:1]])
    first = name[subjects[0].unit_id, subjects[0].lot_id]
    more = f" + {len(subjects) - 1}" if len(subjects) > 1 else ""
    return f"{first.part} · {first.name}{more}"


def _take_up_subjects(db: Session, case: Case, *, at: datetime) -> None:
    known = {(one.unit_id, one.lot_id, one.description) for one in subjects_of(db, case)}
    for answer in kept.standing(db, case):
        for value in answer.answers.values():
            for named in _suspects(value):
                key = (named.get("unit_id"), named.get("lot_id"), named.get("description"))
                if key in known:
                    continue
                known.add(key)
                db.add(
                    Subject(
                        case_id=case.id,
                        unit_id=key[0],
                        lot_id=key[1],
                        description=key[2],
                        quantity=_quantity(named),
                        source=answer.element_id,
                        by_id=answer.by_id,
                        at=at,
                    )
                )
    db.flush()


def _suspects(value: Any) -> Iterable[dict[str, Any]]:
    """Return what an answer of the field kind `suspects` names; nothing of any other kind."""
    if not isinstance(value, dict) or "unidentified" not in value:
        return []
    return [*value["units"], *value["lots"], *value["unidentified"]]


def _quantity(named: dict[str, Any]) -> Decimal | None:
    return Decimal(named["quantity"]) if named.get("quantity") else None


def _enter_units(
    db: Session, case: Case, affected: Affected, *, by: Person | None, at: datetime
) -> None:
    """Post each affected unit that stands by itself; a unit inside another goes with its host."""
    entered = {one.unit_id for one in balance.holdings(db, case.id)}
    for custody, account in OF_CUSTODY.items():
        new = [
            Holding(SCOPE, unit.unit_id, None, Decimal(1))
            for unit in affected.roots
            if unit.custody == custody and unit.unit_id not in entered
        ]
        balance.post(db, case, new, to=account, evidence="forward trace", by=by, at=at)


def _enter_stock(
    db: Session, case: Case, affected: Affected, *, by: Person | None, at: datetime
) -> None:
    """Post each affected quantity of a lot; of a lot already entered, only what came since."""
    entered: dict[int | None, Decimal] = {}
    for one in balance.holdings(db, case.id):
        entered[one.lot_id] = entered.get(one.lot_id, Decimal(0)) + one.quantity
    by_lot: dict[int, list[AffectedStock]] = {}
    for row in affected.stock:
        if row.custody in OF_CUSTODY and row.quantity > 0:
            by_lot.setdefault(row.lot_id, []).append(row)

    for lot_id, rows in by_lot.items():
        if lot_id not in entered:
            for row in rows:
                new = [Holding(SCOPE, None, lot_id, row.quantity)]
                account = OF_CUSTODY[row.custody]
                balance.post(db, case, new, to=account, evidence="forward trace", by=by, at=at)
            continue
        more = sum(row.quantity for row in rows) - entered[lot_id]
        if more > 0:
            new = [Holding(SCOPE, None, lot_id, more)]
            balance.post(db, case, new, to="in_house", evidence="came in later", by=by, at=at)
