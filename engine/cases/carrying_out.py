"""Carrying out one line of a disposition: what was done to which parts, and what stays pending."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.models import Instance
from engine.bpmn.step import Step
from engine.cases import answers as kept, balance
from engine.cases.balance import Holding
from engine.cases.dispositions import TYPES, Part, parts_of_line
from engine.cases.following import acting
from engine.cases.holding import let_out_stock, let_out_units, stock_parts
from engine.cases.models import Case, Line
from engine.cases.recalls.destroying import closed_last
from engine.cases.recalls.doings import DESTROYING, RELABELLING, RETURNING, REWORKING
from engine.cases.tasks import case_numbered
from engine.serials import state
from engine.serials.models import LotStock
from engine.serials.record import How

PROCESS = "disposition_line"
# what an authority may have to know of first, by the account where it ends
STOPPED = {
    "destroyed": DESTROYING,
    "returned_to_supplier": RETURNING,
    "regraded": RELABELLING,
    **dict.fromkeys(("reworked", "repaired", "serviced", "reconditioned"), REWORKING),
}
RETURNED_TO = frozenset(one.account for one in TYPES.values() if one.is_of_returned)


def case_of(step: Step) -> Case:
    """Return the case a running diagram belongs to."""
    number = step.db.get_one(Instance, step.instance.root_id).business_key
    return case_numbered(step.db, number)


def line_of(step: Step) -> Line:
    """Return the line that a child instance carries out."""
    return step.db.get_one(Line, step.variables["line_id"])


def how(step: Step, case: Case, reason: str) -> How:
    """Say to the serial store who acts, when, and in whose ledger stream."""
    return How(by=step.by, at=step.at, stream=case.stream, reason=reason, documents=(case.number,))


def good_parts(db: Session, case: Case, line: Line, element: str, field: str) -> list[Part]:
    """Return the parts that the answer at `element` judged good; all of them if it judges none.

    A quantity of a lot is split: what is bad stays pending.
    """
    answer = kept.latest(db, case, PROCESS, element, instance_id=line.instance_id)
    results: list[dict[str, Any]] | None = answer.answers.get(field) if answer else None
    if results is None:
        return parts_of_line(db, line)
    return judged_good(results)


def judged_good(results: Sequence[Mapping[str, Any]]) -> list[Part]:
    """Return the parts that an answer of the field kind `piece_results` judged good."""
    return [
        Part(row["unit_id"], row["lot_id"] if row["unit_id"] is None else None, good)
        for row in results
        if (good := Decimal(row["good"])) > 0
    ]


def post(
    step: Step, case: Case, parts: Sequence[Part], account: str, *, event_id: int, evidence: str
) -> None:
    """Move parts out of what is held into the account where they end.

    Of a lot that partly came back it is that part which is serviced, and the other otherwise; of
    what is destroyed, altered or sent away it is what no gate holds back.
    """
    db = step.db
    held: dict[tuple[int | None, int | None], list[Holding]] = {}
    of_returned = account in RETURNED_TO
    lying = sorted(
        balance.holdings(db, case.id, accounts=balance.IN_HOUSE),
        key=lambda one: (
            (one.party_id is None) == of_returned,
            balance.IN_HOUSE.index(one.account),
        ),
    )
    doing = STOPPED.get(account)
    for one in lying if doing is None else closed_last(db, case, lying, doing=doing):
        held.setdefault((one.unit_id, one.lot_id), []).append(one)
    moved = [
        part
        for wanted in parts
        for part in balance.taken(held.get(wanted.key, ()), wanted.quantity)
    ]
    balance.post(
        db,
        case,
        moved,
        to=account,
        evidence=evidence,
        by=step.by,
        at=step.at,
        event_id=event_id,
    )


def units_of(parts: Sequence[Part]) -> list[int]:
    """Return the units among parts."""
    return [part.unit_id for part in parts if part.unit_id is not None]


def finish(line: Line, *, at: datetime) -> None:
    """Mark a line as carried out; what of it was not done is pending again."""
    line.state, line.done_at = "done", at


def give_back(line: Line, *, at: datetime) -> None:
    """Mark a line as not carried out: all it was about is pending again."""
    line.state, line.done_at = "returned", at


def release_for_use(step: Step, case: Case, line: Line, parts: Sequence[Part]) -> None:
    """Make parts conforming, let them out of this case's holds, and post where they ended.

    What another case holds of them stays held there.
    """
    db = step.db
    reason = f"{case.number} line {line.number}: {TYPES[line.type].label}"
    with acting(case):
        taken = stock_parts(db, case, parts)
        spots = [(db.get_one(LotStock, one.stock_id), one.quantity) for one in taken]
        spots = [(_copy_of(row), quantity) for row, quantity in spots]
        recorded = state.release(
            db,
            units=units_of(parts),
            stock_parts=taken,
            under_case=case.number,
            **how(step, case, reason),
        )
        let_out_units(db, case, units_of(parts), reason=reason, by=step.by, at=step.at)
        freed = [(_conforming(db, row), quantity) for row, quantity in spots]
        let_out_stock(db, case, freed, reason=reason, by=step.by, at=step.at)
        post(
            step,
            case,
            parts,
            TYPES[line.type].account,
            event_id=recorded.event.id,
            evidence=reason,
        )


def _copy_of(row: LotStock) -> LotStock:
    """Return the spot of a stock row as it was: the row itself may run empty and vanish."""
    return LotStock(
        lot_id=row.lot_id,
        location_id=row.location_id,
        custody=row.custody,
        tranche_id=row.tranche_id,
    )


def _conforming(db: Session, spot: LotStock) -> LotStock:
    return db.scalars(
        select(LotStock).where(
            LotStock.lot_id == spot.lot_id,
            LotStock.location_id == spot.location_id,
            LotStock.custody == spot.custody,
            LotStock.tranche_id == spot.tranche_id,
            LotStock.usability == "conforming",
        )
    ).one()


def rework(step: Step, case: Case, line: Line, parts: Sequence[Part]) -> None:
    """Record that parts were reworked, before they are released: not usable until inspected."""
    reason = f"{case.number} line {line.number}: {TYPES[line.type].label}"
    with acting(case):
        state.rework(
            step.db,
            units=units_of(parts),
            stock_parts=stock_parts(step.db, case, parts),
            under_case=case.number,
            **how(step, case, reason),
        )
