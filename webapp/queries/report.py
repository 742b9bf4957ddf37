"""What a report was understood to say, before it is saved."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.cases.foreseeing import Foreseen, foresee
from engine.serials.models import Party
from forms.form import Form


@dataclass(frozen=True)
class Understood:
    """The suspects that were recognised, those that were not, and what saving would open."""

    units: tuple[dict[str, Any], ...]
    lots: tuple[dict[str, Any], ...]
    unidentified: tuple[dict[str, Any], ...]
    foreseen: Foreseen
    consignees: tuple[str, ...]
    hold_now: bool


def understood(db: Session, form: Form, answers: dict[str, Any]) -> Understood:
    """Return what the accepted answers of a report name and reach."""
    field = next((one.id for one in form.fields if one.kind == "suspects"), "")
    suspects = answers.get(field) or {}
    foreseen = foresee(db, suspects, hold_now=bool(answers.get("hold_now")))
    found = select(Party.code, Party.name).where(Party.code.in_(foreseen.consignees))
    names = {row.code: row.name for row in db.execute(found)}
    return Understood(
        units=tuple(suspects.get("units") or ()),
        lots=tuple(suspects.get("lots") or ()),
        unidentified=tuple(suspects.get("unidentified") or ()),
        foreseen=foreseen,
        consignees=tuple(names.get(code, code) for code in foreseen.consignees),
        hold_now=bool(answers.get("hold_now")),
    )
