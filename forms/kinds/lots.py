"""Lots, scanned or pasted by number and found in the serial store."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from forms.context import Context, LotFound
from forms.field import Json, Shown
from forms.kind import Option, is_count
from forms.scanned import Scanned
from forms.scanning import Find, lot_answer
from forms.words import N_

UNKNOWN = N_("No lot is known as %(text)s. Scan it again or check the lot number.")
AMBIGUOUS = N_(
    "%(text)s is the number of lots of several parts (%(parts)s). "
    "Write the part number before the lot number, for example %(part)s %(text)s."
)


def show_lots(lots: list[dict[str, Json]]) -> tuple[str, ...]:
    """Write one line per lot, with the quantity meant unless it is the whole lot."""
    return tuple(
        f"{lot['part_no']} {lot['lot_number']}"
        + (f" × {lot['quantity']}" if lot.get("quantity") else "")
        for lot in lots
    )


class Lots(Scanned):
    """One lot per line, with how many of it where not the whole lot is meant."""

    options: ClassVar[Mapping[str, Option]] = {"max_count": (is_count, 100)}
    sentence_if_unknown = UNKNOWN
    sentence_if_ambiguous = AMBIGUOUS
    sentence_if_missing = N_("Enter at least one lot number for “%(label)s”.")

    def find(self, context: Context) -> Find[LotFound]:
        """Look lots up by their number."""
        return context.find_lots

    def answer(self, found: LotFound, count: Decimal | None) -> Json:
        """Write a lot; without a count the whole lot is meant."""
        return lot_answer(found, count)

    def show(self, value: Json, language: str) -> Shown:
        """Write one line per lot."""
        return Shown(show_lots(value))

    def json_schema(self) -> dict[str, Any]:
        """Describe the lots found."""
        text, number = {"type": "string"}, {"type": "integer"}
        properties = {"lot_id": number, "lot_number": text, "part_no": text, "quantity": text}
        return {"type": "array", "items": {"type": "object", "properties": properties}}
