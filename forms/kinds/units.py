"""Units, scanned or pasted as serials or UDI strings and found in the serial store."""

from collections.abc import Mapping
from typing import Any, ClassVar

from forms.context import Context, UnitFound
from forms.errors import Problem
from forms.field import Json, Shown
from forms.kind import Kind, Option, Wrong, is_count
from forms.scanning import TOO_MANY, Scan, printable, scan_text, scans, unit_answer
from forms.words import N_

UNKNOWN = N_("No unit is known as %(text)s. Scan it again or check the serial.")
AMBIGUOUS = N_(
    "%(text)s is the serial of units of several parts (%(parts)s). "
    "Write the part number before the serial, for example %(part)s %(text)s."
)


def unit_problem(kind: Kind, scan: Scan[UnitFound], at: str = "") -> Problem | None:
    """Say what is wrong with a scan that should be exactly one unit."""
    if not scan.found:
        return kind.problem(UNKNOWN, at, text=printable(scan.text))
    if len(scan.found) > 1:
        parts = sorted({unit.part_no for unit in scan.found})
        return kind.problem(
            AMBIGUOUS, at, text=printable(scan.text), parts=", ".join(parts), part=parts[0]
        )
    return None


def show_units(units: list[dict[str, Json]]) -> tuple[str, ...]:
    """Write units by part, so that a hundred serials stay readable."""
    by_part: dict[str, list[str]] = {}
    for unit in units:
        by_part.setdefault(unit["part_no"], []).append(unit["serial"])
    return tuple(f"{part} ({len(found)}): {', '.join(found)}" for part, found in by_part.items())


class Units(Kind):
    """One unit per line; every line that is not exactly one unit is told."""

    has_script = True
    options: ClassVar[Mapping[str, Option]] = {"max_count": (is_count, 500)}
    sentence_if_missing = N_("Scan at least one unit for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take units the serial store knows, each once, in the order of the scans."""
        found = scans(raw, context.find_units)
        if not found:  # signs that leave nothing to read, though the field was not blank
            raise Wrong([self.missing_problem()])
        if len(found) > self.option("max_count"):
            raise self.wrong(TOO_MANY, max=self.option("max_count"), count=len(found))
        problems = [problem for scan in found if (problem := unit_problem(self, scan))]
        if problems:
            raise Wrong(problems)
        units = {unit.unit_id: unit for scan in found for unit in scan.found}
        return [unit_answer(unit) for unit in units.values()]

    def filled(self, raw: Json, context: Context) -> Any:
        """Return one line per unit."""
        return scan_text(raw)

    def show(self, value: Json, language: str) -> Shown:
        """Write the units by part."""
        return Shown(show_units(value))

    def variable(self, value: Json) -> Json:
        """Tell the diagram how many units there are."""
        return len(value)

    def json_schema(self) -> dict[str, Any]:
        """Describe the units found."""
        text, number = {"type": "string"}, {"type": "integer"}
        properties = {"unit_id": number, "serial": text, "part_no": text}
        return {"type": "array", "items": {"type": "object", "properties": properties}}
