"""Units, scanned or pasted as serials or UDI strings and found in the serial store."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from forms.context import Context, UnitFound
from forms.field import Json, Shown
from forms.kind import Option, is_count
from forms.scanned import Scanned
from forms.scanning import Find, unit_answer
from forms.words import N_

UNKNOWN = N_("No unit is known as %(text)s. Scan it again or check the serial.")
AMBIGUOUS = N_(
    "%(text)s is the serial of units of several parts (%(parts)s). "
    "Write the part number before the serial, for example %(part)s %(text)s."
)


def show_units(units: list[dict[str, Json]]) -> tuple[str, ...]:
    """Write units by part, so that a hundred serials stay readable."""
    by_part: dict[str, list[str]] = {}
    for unit in units:
        by_part.setdefault(unit["part_no"], []).append(unit["serial"])
    return tuple(f"{part} ({len(found)}): {', '.join(found)}" for part, found in by_part.items())


class Units(Scanned):
    """One unit per line; every line that is not exactly one unit is told."""

    options: ClassVar[Mapping[str, Option]] = {"max_count": (is_count, 500)}
    sentence_if_unknown = UNKNOWN
    sentence_if_ambiguous = AMBIGUOUS
    sentence_if_missing = N_("Scan at least one unit for “%(label)s”.")

    def find(self, context: Context) -> Find[UnitFound]:
        """Look units up by serial or UDI."""
        return context.find_units

    def answer(self, found: UnitFound, count: Decimal | None) -> Json:
        """Write a unit, of which there is one."""
        return unit_answer(found)

    def show(self, value: Json, language: str) -> Shown:
        """Write the units by part."""
        return Shown(show_units(value))

    def json_schema(self) -> dict[str, Any]:
        """Describe the units found."""
        text, number = {"type": "string"}, {"type": "integer"}
        properties = {"unit_id": number, "serial": text, "part_no": text}
        return {"type": "array", "items": {"type": "object", "properties": properties}}
