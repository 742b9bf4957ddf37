"""What a search did not find: treated as having left our control, never as there."""

from decimal import Decimal

from engine.bpmn.step import Step
from engine.cases import balance
from engine.cases.balance import Holding
from engine.cases.carrying_out import how, units_of
from engine.cases.dispositions import Part
from engine.cases.following import acting
from engine.cases.holding import stock_parts
from engine.cases.models import Answer, Case
from engine.serials import state

# explanations that end a search without the units: see forms/quarantine/resolve_count_mismatch
GONE = frozenset({"consumed", "shipped", "not_found"})


def post(step: Step, case: Case, answer: Answer) -> list[Holding]:
    """Move to `not_found` what the search that `answer` tells of did not find; return it."""
    if answer.answers.get("explanation") not in GONE:
        return []
    lost = _lost(step, case, answer)
    if not lost:
        return []

    evidence = f"count mismatch: {answer.answers['explanation']}"
    parts = [Part(one.unit_id, one.lot_id, one.quantity) for one in lost]
    with acting(case):
        recorded = state.lose(
            step.db,
            units=units_of(parts),
            stock_parts=stock_parts(step.db, case, parts),
            **how(step, case, evidence),
        )
        balance.post(
            step.db,
            case,
            lost,
            to="not_found",
            evidence=evidence,
            by=step.by,
            at=step.at,
            event_id=recorded.event.id,
        )
    return lost


def _lost(step: Step, case: Case, answer: Answer) -> list[Holding]:
    """Return what is held and was neither scanned nor counted after the search."""
    found = answer.answers["found_units"]
    seen = {unit["unit_id"] for unit in found["units"]}
    counted: dict[int, Decimal] = {}
    for count in found["counts"]:
        counted[count["lot_id"]] = counted.get(count["lot_id"], Decimal(0)) + Decimal(
            count["counted"]
        )
    lost = []
    for part in balance.holdings(step.db, case.id, accounts=balance.IN_HOUSE):
        if part.unit_id is not None and part.unit_id not in seen:
            lost.append(part)
        elif part.lot_id in counted:
            missing = min(part.quantity, _held(step, case, part.lot_id) - counted[part.lot_id])
            if missing > 0:
                lost.append(Holding(part.account, None, part.lot_id, missing))
                counted[part.lot_id] += missing
    return lost


def _held(step: Step, case: Case, lot_id: int) -> Decimal:
    held = balance.holdings(step.db, case.id, accounts=balance.IN_HOUSE)
    return sum((one.quantity for one in held if one.lot_id == lot_id), Decimal(0))
