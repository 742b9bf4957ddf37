"""Samples of scrap: what was set aside is not destroyed, and never released."""

from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from engine.cases import answers as kept
from engine.cases.dispositions import Part, parts_of_line
from engine.cases.models import Case, Line

PROCESS = "disposition_line"


def kept_as_samples(db: Session, case: Case, line: Line) -> list[Part]:
    """Return what `decide_samples` set aside: units by serial, or a quantity of the line's lot."""
    decided = kept.latest(db, case, PROCESS, "decide_samples", instance_id=line.instance_id)
    return samples_of(db, line, decided.answers) if decided else []


def samples_of(db: Session, line: Line, answers: dict[str, Any]) -> list[Part]:
    """Return what these answers set aside."""
    if not answers.get("samples_kept"):
        return []
    units = [Part(one["unit_id"], None, Decimal(1)) for one in answers.get("sample_units") or ()]
    of_line = parts_of_line(db, line)
    mine = {part.unit_id for part in of_line}
    lots = [part for part in of_line if part.lot_id is not None]
    asked = answers.get("sample_quantity")
    if units or not lots or not asked:
        return [part for part in units if part.unit_id in mine]
    quantity = min(Decimal(asked["quantity"]), lots[0].quantity)
    return [Part(None, lots[0].lot_id, quantity)] if quantity > 0 else []


def without(parts: list[Part], samples: list[Part]) -> list[Part]:
    """Return parts less what was set aside as samples."""
    kept = {part.key: part.quantity for part in samples}
    left = [
        Part(part.unit_id, part.lot_id, part.quantity - kept.get(part.key, Decimal(0)))
        for part in parts
    ]
    return [part for part in left if part.quantity > 0]
