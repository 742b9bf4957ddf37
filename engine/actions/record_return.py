"""Record what went back to the supplier: out of our hands, out of this case's holds."""

from marshmallow import Schema
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.bpmn.step import Step
from engine.cases import answers
from engine.cases.carrying_out import (
    PROCESS,
    case_of,
    finish,
    give_back,
    good_parts,
    how,
    line_of,
    post,
    units_of,
)
from engine.cases.dispositions import Part
from engine.cases.following import acting
from engine.cases.holding import stock_parts
from engine.errors import Refused
from engine.serials import ship
from engine.serials.models import Location, Lot, Part as StorePart, Unit


class NoPlaceOfSupplier(Refused):
    """No location of the supplier is recorded, so nothing can be returned there. Add one first."""


class Parameters(Schema):
    """Nothing is needed: the line is the diagram's own."""


class Result(Schema):
    """Nothing is told: the line is done."""


def record_return(step: Step) -> dict[str, bool]:
    """Ship to the supplier what was sent; what could not be sent is pending again."""
    case, line = case_of(step), line_of(step)
    parts = good_parts(step.db, case, line, "return_to_supplier", "sent")
    if not parts:
        give_back(line, at=step.at)
        return {}

    sent = answers.latest(
        step.db, case, PROCESS, "return_to_supplier", instance_id=step.instance.id
    )
    with acting(case):
        recorded = ship.ship(
            step.db,
            to_location_id=_place(step.db, parts),
            units=units_of(parts),
            stock_parts=stock_parts(step.db, case, parts),
            document_no=sent.answers["rma_number"] if sent else None,
            under_case=case.number,
            **how(step, case, f"{case.number} line {line.number}: return to supplier"),
        )
        post(
            step,
            case,
            parts,
            "returned_to_supplier",
            event_id=recorded.event.id,
            evidence=f"RMA {sent.answers['rma_number'] if sent else '–'}",
        )
    finish(line, at=step.at)
    return {}


def _place(db: Session, parts: list[Part]) -> int:
    """Return the place of whoever made the first part."""
    first = parts[0]
    if first.lot_id is not None:
        maker = db.get_one(Lot, first.lot_id).manufacturer_id
    else:
        maker = db.get_one(StorePart, db.get_one(Unit, first.unit_id).part_id).manufacturer_id
    found = db.scalar(
        select(Location.id).where(Location.party_id == maker).order_by(Location.id).limit(1)
    )
    if found is None:
        raise NoPlaceOfSupplier
    return found
