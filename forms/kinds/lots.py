"""Lots, scanned or pasted by number and found in the serial store."""

from collections.abc import Mapping
from typing import Any, ClassVar

from forms.context import Context, LotFound
from forms.errors import Problem
from forms.field import Json, Shown
from forms.kind import Kind, Option, Wrong, is_count
from forms.scanning import TOO_MANY, Scan, lot_answer, printable, scan_text, scans
from forms.words import N_

UNKNOWN = N_("No lot is known as %(text)s. Scan it again or check the lot number.")
AMBIGUOUS = N_(
    "%(text)s is the number of lots of several parts (%(parts)s). "
    "Write the part number before the lot number, for example %(part)s %(text)s."
)


def lot_problem(kind: Kind, scan: Scan[LotFound], at: str = "") -> Problem | None:
    """Say what is wrong with a scan that should be exactly one lot."""
    if not scan.found:
        return kind.problem(UNKNOWN, at, text=printable(scan.text))
    if len(scan.found) > 1:
        parts = sorted({lot.part_no for lot in scan.found})
        return kind.problem(
            AMBIGUOUS, at, text=printable(scan.text), parts=", ".join(parts), part=parts[0]
        )
    return None


def show_lots(lots: list[dict[str, Json]]) -> tuple[str, ...]:
    """Write one line per lot, with the quantity meant unless it is the whole lot."""
    return tuple(
        f"{lot['part_no']} {lot['lot_number']}"
        + (f" × {lot['quantity']}" if lot.get("quantity") else "")
        for lot in lots
    )


class Lots(Kind):
    """One lot per line, with how many of it where not the whole lot is meant."""

    has_script = True
    options: ClassVar[Mapping[str, Option]] = {"max_count": (is_count, 100)}
    sentence_if_missing = N_("Enter at least one lot number for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take lots the serial store knows, each once."""
        found = scans(raw, context.find_lots)
        if not found:  # signs that leave nothing to read, though the field was not blank
            raise Wrong([self.missing_problem()])
        if len(found) > self.option("max_count"):
            raise self.wrong(TOO_MANY, max=self.option("max_count"), count=len(found))
        problems = [problem for scan in found if (problem := lot_problem(self, scan))]
        if problems:
            raise Wrong(problems)
        lots = {lot.lot_id: lot_answer(lot, scan.count) for scan in found for lot in scan.found}
        return list(lots.values())

    def filled(self, raw: Json, context: Context) -> Any:
        """Return one line per lot."""
        return scan_text(raw)

    def show(self, value: Json, language: str) -> Shown:
        """Write one line per lot."""
        return Shown(show_lots(value))

    def variable(self, value: Json) -> Json:
        """Tell the diagram how many lots there are."""
        return len(value)

    def json_schema(self) -> dict[str, Any]:
        """Describe the lots found."""
        text, number = {"type": "string"}, {"type": "integer"}
        properties = {"lot_id": number, "lot_number": text, "part_no": text, "quantity": text}
        return {"type": "array", "items": {"type": "object", "properties": properties}}
