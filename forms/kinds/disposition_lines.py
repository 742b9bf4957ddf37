"""Disposition lines: what becomes of how much of the held stock, and why."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from forms.context import Context, Stock
from forms.decimals import text_of
from forms.disposing import PARTS, Disposing, rest_choices
from forms.field import Json, Posted, Shown
from forms.kind import Kind, Option, Wrong, blank, is_list_of_words
from forms.kinds.quantity import say_uom
from forms.kinds.units import show_units
from forms.places import places_of_stock, say_place_of, say_places
from forms.rows import read_rows, rows_of, with_row, without_row
from forms.scanning import scan_text
from forms.words import N_, say

TYPES: Mapping[str, str] = {
    "use_as_is": N_("Use as is (concession)"),
    "rework": N_("Rework"),
    "repair": N_("Repair"),
    "return_to_supplier": N_("Return to supplier"),
    "scrap": N_("Scrap"),
    "regrade": N_("Regrade"),
    "sort": N_("Sort"),
    "no_fault_found": N_("No fault found"),
    "service": N_("Servicing"),
    "recondition": N_("Recondition"),
}
# what a form offers that names none: the diagrams of running cases know no others
EARLIER = [name for name in TYPES if name not in ("service", "recondition")]
HEAD = (N_("What"), N_("Quantity"), N_("Disposition"), N_("Justification"), N_("Conditions"))
HELD, PENDING = N_("Held"), N_("Pending after these lines")
COLUMNS = ("units", "lot", "quantity", "type", "justification", "conditions")


class DispositionLines(Kind):
    """Lines and what stays pending always make up what is held, so that tranches work."""

    has_rows = True
    has_script = True
    is_wide = True
    anchors_itself = False
    is_group = True
    options: ClassVar[Mapping[str, Option]] = {"types": (is_list_of_words, EARLIER)}
    sentence_if_missing = N_("Enter at least one line for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take lines over what is held, none of it twice, and count what stays pending."""
        rows = rows_of(raw, "lines")
        known = isinstance(raw, dict) and set(raw) <= {"lines", "held", "pending"}
        if not known or not all(isinstance(row, dict) and set(row) <= PARTS for row in rows):
            raise self.wrong(self.sentence_if_missing)
        disposing = Disposing(self, context, self.option("types"))
        for place, row in enumerate(rows):
            if not blank(row):
                disposing.take(place, row)
        disposing.take_the_rest()
        if disposing.problems:
            raise Wrong(disposing.problems)
        return {
            "lines": disposing.lines(),
            "held": disposing.held(),
            "pending": disposing.pending(),
        }

    def is_blank(self, raw: Json) -> bool:
        """Say whether no line holds anything."""
        return blank(rows_of(raw, "lines")) if isinstance(raw, dict) else blank(raw)

    def read(self, posted: Posted, name: str) -> Json:
        """Take the rows."""
        return {"lines": read_rows(posted, name, COLUMNS)}

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the lines as text, what there is to decide on, and the types to choose from."""
        stock = context.pending()
        rows = [_row(row) for row in rows_of(raw, "lines") if isinstance(row, dict)]
        return {
            "rows": rows or [_row({})],
            "has_units": any(s.unit for s in stock),
            "lots": [(s.key, _lot_words(s, context)) for s in stock if s.unit is None],
            "rests": rest_choices(stock, context),
            "types": [(t, context.say(TYPES[t])) for t in self.option("types")],
            "held": _by_uom(Disposing(self, context, []).held(), context.language),
        }

    def with_row(self, raw: Json) -> Json:
        """Return the answer with an empty line more."""
        return with_row(raw, "lines")

    def without_row(self, raw: Json, row: int) -> Json:
        """Return the answer without one line."""
        return without_row(raw, "lines", row)

    def show(self, value: Json, language: str) -> Shown:
        """Write a row for every line, and what is held and pending below."""
        rows = tuple(_shown_line(line, language) for line in value["lines"])
        lines = tuple(
            f"{say(word, language)}: {_by_uom(value[part], language)}"
            for word, part in ((HELD, "held"), (PENDING, "pending"))
        )
        return Shown(lines, tuple(say(head, language) for head in HEAD), rows)

    def variable(self, value: Json) -> Json:
        """Tell the diagram the types between commas, each once."""
        return ",".join(dict.fromkeys(line["type"] for line in value["lines"]))

    def compared(self, value: Json) -> Any:
        """Compare with the list of types: `'scrap' in lines`."""
        return list(dict.fromkeys(line["type"] for line in value["lines"]))

    def lint(self) -> Sequence[str]:
        """Refuse a type there is not."""
        return [f"there is no disposition {t}" for t in self.option("types") if t not in TYPES]

    def json_schema(self) -> dict[str, Any]:
        """Describe lines, what is held and what stays pending."""
        text, units = {"type": "string"}, {"type": "array", "items": {"type": "object"}}
        line = dict.fromkeys(("quantity", "justification", "conditions"), text) | {
            "type": {"type": "string", "enum": self.option("types")},
            "units": units,
            "lot": {"type": "object", "nullable": True},
        }
        lines = {"type": "array", "items": {"type": "object", "properties": line}}
        return {"type": "object", "properties": {"lines": lines}}


def _lot_words(stock: Stock, context: Context) -> str:
    """Say how much of a lot is to be decided on, and where all that is held of it lies."""
    places = places_of_stock(stock)
    facts = {
        "part": stock.part_no,
        "lot": stock.name,
        "count": text_of(stock.quantity),
        "uom": say_uom(stock.uom, context.language, str(stock.quantity)),
        "places": say_places(places, context.language),
    }
    lying = sum(count for _, count in places)
    if not places:
        return context.say(N_("%(part)s %(lot)s: %(count)s %(uom)s held"), **facts)
    if lying == stock.quantity:
        return context.say(N_("%(part)s %(lot)s: %(count)s %(uom)s held, %(places)s"), **facts)
    words = N_("%(part)s %(lot)s: %(count)s %(uom)s not decided yet; held are %(places)s")
    return context.say(words, **facts)


def _row(raw: Mapping[str, Any]) -> dict[str, str]:
    """Write a raw or accepted line as its controls show it."""
    row = {column: "" if raw.get(column) is None else str(raw[column]) for column in COLUMNS}
    lot = raw.get("lot")
    row["units"] = scan_text(raw.get("units"))
    row["lot"] = str(lot.get("key", "")) if isinstance(lot, dict) else str(lot or "")
    row["quantity"] = "" if row["units"] and not row["lot"] else row["quantity"]
    return row


def _shown_line(line: Mapping[str, Any], language: str) -> tuple[str, ...]:
    lot = line["lot"]
    what = f"{lot['part_no']} {lot['lot_number']} {say_place_of(lot, language)}" if lot else ""
    uom = say_uom(line["uom"], language, line["quantity"])
    return (
        what or "; ".join(show_units(line["units"])),
        f"{line['quantity']} {uom}",
        say(TYPES[line["type"]], language),
        line["justification"],
        line["conditions"],
    )


def _by_uom(counts: Mapping[str, str], language: str) -> str:
    return (
        ", ".join(f"{count} {say_uom(uom, language, count)}" for uom, count in counts.items())
        or "0"
    )
