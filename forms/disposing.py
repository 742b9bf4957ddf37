"""Takes disposition lines one by one from what is held, so that nothing is decided on twice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from forms.context import Context, Stock
from forms.decimals import decimal_of, places_of, text_of
from forms.errors import Problem
from forms.field import Json
from forms.kind import Kind, blank
from forms.kinds.units import AMBIGUOUS, UNKNOWN
from forms.places import places_answer, places_of_stock, say_places
from forms.scanning import Scan, printable, scans, unit_answer
from forms.texts import TextRefused, clean
from forms.words import N_

PARTS = frozenset({"units", "lot", "quantity", "uom", "type", "justification", "conditions"})
REST = "rest:"  # `rest:P-100` means every held unit of P-100 that no other line names
MAX_WORDS = 2_000

CHOOSE_TYPE = N_("Choose a disposition for this line.")
JUSTIFY = N_("Justify this disposition.")
CONDITIONS = N_("Say under which conditions it may be used as it is.")
WHAT = N_("Scan the units of this line, or choose a lot.")
NOT_BOTH = N_("Enter units or a lot on this line, not both.")
LOT_GONE = N_("This lot is not held in this case, or a decision on it is already made.")
UNIT_GONE = N_("%(text)s is not held in this case, or a decision on it is already made.")
TWICE = N_("%(text)s stands on two lines.")
QUANTITY = N_("Enter how many of the lot this line takes, as a number greater than zero.")
WHOLE = N_("Enter a whole number.")
TOO_MUCH = N_("The lines take %(sum)s of %(name)s; %(held)s are held and not decided: %(places)s.")
TOO_MUCH_OF = N_(
    "The lines take %(sum)s of %(name)s; %(held)s are not decided yet, of all that is held: "
    "%(places)s."
)
NO_REST = N_("No unit of %(part)s is left for this line.")


class Disposing:
    """One reading of lines; it keeps what each line took and what is wrong with it."""

    def __init__(self, kind: Kind, context: Context, types: Sequence[str]) -> None:
        """Start with everything that is held and not decided on."""
        self.kind = kind
        self.context = context
        self.types = types
        self.stock = list(context.pending())
        self.units = {stock.unit.unit_id: stock for stock in self.stock if stock.unit}
        self.pools = {stock.key: stock for stock in self.stock if not stock.unit}
        self.problems: list[Problem] = []
        self._taken_units: set[int] = set()
        self._taken: dict[str, Decimal] = defaultdict(Decimal)
        self._rests: list[tuple[int, str, dict[str, Json]]] = []
        self._lines: dict[int, dict[str, Json]] = {}

    # --- taking ---------------------------------------------------------------------------

    def take(self, place: int, row: Mapping[str, Any]) -> None:
        """Take one line; what is wrong with it is remembered, not raised."""
        line: dict[str, Json] = {"units": [], "lot": None, "quantity": "", "uom": "each"}
        self._lines[place] = line
        line["type"] = self._type(place, row.get("type"))
        line["justification"] = self._words(place, row, "justification", JUSTIFY)
        is_concession = line["type"] == "use_as_is"
        line["conditions"] = self._words(
            place, row, "conditions", CONDITIONS if is_concession else ""
        )
        lot = row.get("lot")
        key = str(lot.get("key") or "") if isinstance(lot, dict) else str(lot or "")
        if key and not blank(row.get("units")):
            self._wrong(place, "units", NOT_BOTH)
        elif key.startswith(REST):
            self._rests.append((place, key.removeprefix(REST), line))
        elif key:
            self._take_lot(place, key, row.get("quantity"), line)
        elif not blank(row.get("units")):
            self._take_units(place, row.get("units"), line)
        else:
            self._wrong(place, "units", WHAT)

    def take_the_rest(self) -> None:
        """Give the lines that ask for the rest every held unit that no other line names."""
        for place, part_no, line in self._rests:
            rest = [
                stock.unit
                for unit_id, stock in self.units.items()
                if stock.unit and stock.part_no == part_no and unit_id not in self._taken_units
            ]
            if not rest:
                self._wrong(place, "lot", NO_REST, part=part_no[:60])
            self._taken_units |= {unit.unit_id for unit in rest}
            line["units"] = [unit_answer(unit) for unit in rest]
            line["quantity"] = str(len(rest))

    def _take_lot(self, place: int, key: str, raw: Json, line: dict[str, Json]) -> None:
        pool = self.pools.get(key)
        quantity = decimal_of(raw)
        if pool is None:
            self._wrong(place, "lot", LOT_GONE)
        elif quantity is None or quantity <= 0:
            self._wrong(place, "quantity", QUANTITY)
        elif pool.uom == "each" and places_of(quantity):
            self._wrong(place, "quantity", WHOLE)
        else:
            self._taken[key] += quantity
            if self._taken[key] > pool.quantity:
                self._too_much(place, pool, self._taken[key])
            line |= {
                "lot": _lot_answer(pool),
                "quantity": text_of(quantity),
                "uom": pool.uom,
            }

    def _too_much(self, place: int, pool: Stock, taken: Decimal) -> None:
        lying = places_of_stock(pool)
        is_all = sum(count for _, count in lying) == pool.quantity
        self._wrong(
            place,
            "quantity",
            TOO_MUCH if is_all else TOO_MUCH_OF,
            sum=text_of(taken),
            name=pool.name,
            held=text_of(pool.quantity),
            places=say_places(lying, self.context.language),
        )

    def _take_units(self, place: int, raw: Json, line: dict[str, Json]) -> None:
        try:
            found = scans(raw, self.context.find_units)
        except TextRefused as refused:
            self._wrong(place, "units", refused.sentence, **refused.facts)
            return
        for scan in found:
            self._take_unit(place, scan, line)
        line["quantity"] = str(len(line["units"]))

    def _take_unit(self, place: int, scan: Scan[Any], line: dict[str, Json]) -> None:
        text = printable(scan.text)
        held = [unit for unit in scan.found if unit.unit_id in self.units]
        if not scan.found:
            self._wrong(place, "units", UNKNOWN, text=text)
        elif not held:
            self._wrong(place, "units", UNIT_GONE, text=text)
        elif len(held) > 1:
            parts = sorted(unit.part_no for unit in held)
            facts = {"text": text, "parts": ", ".join(parts), "part": parts[0]}
            self._wrong(place, "units", AMBIGUOUS, **facts)
        elif held[0].unit_id in self._taken_units:
            self._wrong(place, "units", TWICE, text=text)
        else:
            self._taken_units.add(held[0].unit_id)
            line["units"].append(unit_answer(held[0]))

    def _type(self, place: int, raw: Json) -> str:
        if not isinstance(raw, str) or raw not in self.types:
            self._wrong(place, "type", CHOOSE_TYPE)
            return ""
        return raw

    def _words(self, place: int, row: Mapping[str, Any], column: str, missing: str) -> str:
        try:
            text = clean(row.get(column), max_length=MAX_WORDS, lines=True)
        except TextRefused as refused:
            self._wrong(place, column, refused.sentence, **refused.facts)
            return ""
        if missing and not text:
            self._wrong(place, column, missing)
        return text

    def _wrong(self, place: int, column: str, sentence: str, **facts: object) -> None:
        self.problems.append(self.kind.problem(sentence, f"{place}.{column}", **facts))

    # --- what came of it --------------------------------------------------------------------

    def lines(self) -> list[dict[str, Json]]:
        """Return the lines taken, in order."""
        return list(self._lines.values())

    def held(self) -> dict[str, str]:
        """Count what is held, by unit of measure."""
        counts: dict[str, Decimal] = defaultdict(Decimal)
        for stock in self.stock:
            counts[stock.uom] += stock.quantity
        return {uom: text_of(count) for uom, count in counts.items()}

    def pending(self) -> dict[str, str]:
        """Count what no line takes, by unit of measure."""
        counts = {uom: Decimal(count) for uom, count in self.held().items()}
        for unit_id in self._taken_units:
            counts[self.units[unit_id].uom] -= self.units[unit_id].quantity
        for key, quantity in self._taken.items():
            counts[self.pools[key].uom] -= quantity
        return {uom: text_of(count) for uom, count in counts.items()}


def rest_choices(stock: Sequence[Stock], context: Context) -> list[tuple[str, str]]:
    """Offer, for every part with held units, the line that takes all that are left."""
    parts = sorted({s.part_no for s in stock if s.unit})
    sentence = N_("Every held unit of %(part)s that no other line names")
    return [(f"{REST}{part}", context.say(sentence, part=part)) for part in parts]


def _lot_answer(pool: Stock) -> dict[str, Json]:
    return {
        "key": pool.key,
        "lot_id": pool.lot.lot_id if pool.lot else None,
        "lot_number": pool.name,
        "part_no": pool.part_no,
        **places_answer(pool),
    }
