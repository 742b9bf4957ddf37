"""What a search did not find: it has left our control, unless it is shown never to have existed."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from engine.bpmn.step import Step
from engine.cases import balance, segregated
from engine.cases.balance import Holding
from engine.cases.carrying_out import how, units_of
from engine.cases.dispositions import Part
from engine.cases.following import acting
from engine.cases.models import Answer, Case
from engine.serials import state
from engine.serials.models import Event, EventLink, Install, Unit
from engine.serials.record import Recorded, StockPart
from engine.serials.sets import id_set

# explanations that end a search without the units: see forms/quarantine/resolve_count_mismatch
GONE = frozenset({"consumed", "shipped", "not_found"})
RECORD_WRONG = "record_wrong"
# what is recorded of a thing only where somebody had it in hand
HANDLED = (
    "shipped",
    "shipment_reported",
    "delivered",
    "sent_out",
    "returned",
    "installed",
    "removed",
)


def post(step: Step, case: Case, answer: Answer) -> list[Holding]:
    """Post what the search that `answer` tells of did not find; return what has left our control.

    What never existed is struck out of the record: the answer is signed. The hold stays on it to
    the end of the case, for it may turn up after all.
    """
    explanation = answer.answers.get("explanation")
    lost, spots = _lost(step, case, answer)
    if not lost or explanation not in {*GONE, RECORD_WRONG}:
        return []
    if explanation == RECORD_WRONG and "never_existed_because" not in answer.answers:
        return []  # an earlier form, which nobody signs: it explains the difference and no more
    if explanation == RECORD_WRONG:
        _strike_out(step, case, lost, spots, answer)
        return []

    evidence = f"count mismatch: {explanation}"
    with acting(case):
        recorded = state.lose(
            step.db, units=_units(lost), stock_parts=spots, **how(step, case, evidence)
        )
        _post(step, case, lost, "not_found", evidence, recorded)
    return lost


def _strike_out(
    step: Step, case: Case, lost: list[Holding], spots: Sequence[StockPart], answer: Answer
) -> None:
    reason = f"{case.number}: {answer.answers['never_existed_because']}"
    with acting(case):
        recorded = state.strike_out(
            step.db, units=_units(lost), stock_parts=spots, **how(step, case, reason)
        )
        evidence = "count mismatch: recorded in error"
        _post(step, case, lost, "recorded_in_error", evidence, recorded)


def handled(db: Session, case: Case, found: dict[str, Any]) -> str | None:
    """Return the serial of a held unit not among those `found` that is shown to have existed."""
    held = balance.holdings(db, case.id, accounts=balance.IN_HOUSE)
    return existed(db, _unseen(found, held))


def existed(db: Session, unit_ids: Iterable[int]) -> str | None:
    """Return the serial of a unit that was in somebody's hands once, or ever had one inside it.

    What was recorded and withdrawn since shows nothing.
    """
    later = aliased(Event)
    in_hand = exists().where(
        EventLink.unit_id == Unit.id,
        EventLink.event_id == Event.id,
        Event.type.in_(HANDLED),
        ~exists().where(later.corrects_id == Event.id),
    )
    # what is inside a host was built in by somebody, and would be let go with its host
    is_host = exists().where(Install.host_id == Unit.id)
    return db.scalar(
        select(Unit.serial)
        .where(Unit.id.in_(id_set(db, unit_ids)), in_hand | is_host)
        .order_by(Unit.serial)
        .limit(1)
    )


def _unseen(found: dict[str, Any], held: Sequence[Holding]) -> list[int]:
    seen = {unit["unit_id"] for unit in found["units"]}
    return [one.unit_id for one in held if one.unit_id is not None and one.unit_id not in seen]


def _post(
    step: Step, case: Case, lost: list[Holding], to: str, evidence: str, recorded: Recorded
) -> None:
    balance.post(
        step.db,
        case,
        lost,
        to=to,
        evidence=evidence,
        by=step.by,
        at=step.at,
        event_id=recorded.event.id,
    )


def _units(lost: Sequence[Holding]) -> list[int]:
    return units_of([Part(one.unit_id, one.lot_id, one.quantity) for one in lost])


def _lost(step: Step, case: Case, answer: Answer) -> tuple[list[Holding], list[StockPart]]:
    """Return what is held and was neither scanned nor counted after the search, and from where."""
    found = answer.answers["found_units"]
    held = balance.holdings(step.db, case.id, accounts=balance.IN_HOUSE)
    unseen = set(_unseen(found, held))
    lost = [part for part in held if part.unit_id in unseen]
    spots: list[StockPart] = []
    for lot_id, missing in _short(found, held).items():
        lost += _of_lot(held, lot_id, missing)
        spots += _spots(step.db, case, found, lot_id, missing)
    return lost, spots


def _short(found: dict[str, Any], held: Sequence[Holding]) -> dict[int, Decimal]:
    """Return how much of each lot that was counted is missing over all its places."""
    counted: dict[int, Decimal] = {}
    for count in found["counts"]:
        there = counted.get(count["lot_id"], Decimal(0))
        counted[count["lot_id"]] = there + Decimal(count["counted"])
    missing = {
        lot_id: sum((one.quantity for one in held if one.lot_id == lot_id), Decimal(0)) - there
        for lot_id, there in counted.items()
    }
    return {lot_id: quantity for lot_id, quantity in missing.items() if quantity > 0}


def _of_lot(held: Sequence[Holding], lot_id: int, missing: Decimal) -> list[Holding]:
    return balance.taken([one for one in held if one.lot_id == lot_id], missing)


def _spots(
    db: Session, case: Case, found: dict[str, Any], lot_id: int, missing: Decimal
) -> list[StockPart]:
    """Return the stock rows that were counted short, as far as the lot is short in all."""
    counted = {count["key"]: Decimal(count["counted"]) for count in found["counts"]}
    spots = []
    for row, *_ in segregated.held_stock(db, case, {lot_id}):
        short = row.quantity - counted.get(f"stock-{row.id}", row.quantity)
        taken = min(short, missing)
        if taken > 0:
            spots.append(StockPart(row.id, taken))
            missing -= taken
    return spots
