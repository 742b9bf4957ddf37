"""What stands in quarantine: units scanned, and lots counted at each location."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from forms.context import Context, Stock, UnitFound
from forms.decimals import decimal_of, text_of
from forms.errors import Problem
from forms.field import Json, Posted, Shown, posted_text
from forms.kind import Kind, Option, Wrong, blank, is_flag
from forms.kinds.quantity import say_uom
from forms.kinds.units import AMBIGUOUS, show_units
from forms.rows import read_rows, rows_of
from forms.scanning import Scan, printable, scan_text, scans, unit_answer
from forms.words import N_, say

COUNT = N_("Enter how many of %(name)s stand at %(location)s, or 0 if there are none.")
SCAN = N_("Scan the units that stand there, or tick that none does.")
NOT_BOTH = N_("Units are scanned and yet it is ticked that none stands there. Correct one of them.")
UNKNOWN = N_("Scanned but not known")
NONE = N_("No unit found there")
HEAD = (N_("Part"), N_("Lot"), N_("Location"), N_("Counted"))
_PARTS = frozenset({"scanned", "none", "counts", "units", "unknown"})


class Segregation(Kind):
    """A count is a fact and never refused: what nobody expected or knows is recorded too."""

    has_script = True
    is_wide = True
    anchors_itself = False
    is_group = True
    options: ClassVar[Mapping[str, Option]] = {"blind": (is_flag, False)}
    sentence_if_missing = N_("Scan or count what stands in quarantine for “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take every scan, and a count for every lot expected at a location."""
        if not isinstance(raw, dict) or not set(raw) <= _PARTS:
            raise self.wrong(self.sentence_if_missing)
        expected = context.expected()
        problems: list[Problem] = []
        units, unknown = self._units(raw, expected, context, problems)
        counts = self._counts(raw.get("counts"), expected, problems)
        if problems:
            raise Wrong(problems)
        return {
            "units": units,
            "none": raw.get("none") is True,
            "unknown": unknown,
            "counts": counts,
        }

    def _units(
        self, raw: Any, expected: Sequence[Stock], context: Context, problems: list[Problem]
    ) -> tuple[list[Json], list[str]]:
        found = scans(_scanned(raw), context.find_units)
        if any(stock.unit for stock in expected):
            if found and raw.get("none") is True:
                problems.append(self.problem(NOT_BOTH, "scanned"))
            if not found and raw.get("none") is not True:
                problems.append(self.problem(SCAN, "scanned"))
        ids = {stock.unit.unit_id for stock in expected if stock.unit}
        units: dict[int, Json] = {}
        for scan in found:
            meant = _meant(scan, ids)
            if len(meant) > 1:
                problems.append(self._ambiguous(scan))
            units |= {unit.unit_id: unit_answer(unit) for unit in meant}
        return [*units.values()], [printable(scan.text) for scan in found if not scan.found]

    def _ambiguous(self, scan: Scan[UnitFound]) -> Problem:
        parts = sorted({unit.part_no for unit in scan.found})
        facts = {"text": printable(scan.text), "parts": ", ".join(parts), "part": parts[0]}
        return self.problem(AMBIGUOUS, "scanned", **facts)

    def _counts(
        self, raw: Json, expected: Sequence[Stock], problems: list[Problem]
    ) -> list[dict[str, Json]]:
        rows = [row for row in raw if isinstance(row, dict)] if isinstance(raw, list) else []
        counted = {str(row.get("key")): decimal_of(row.get("counted")) for row in rows}
        counts = []
        for place, stock in enumerate(_lots(expected)):
            count = counted.get(stock.key)
            if count is None or count < 0:
                facts = {"name": stock.name, "location": stock.location}
                problems.append(self.problem(COUNT, f"{place}.counted", **facts))
            else:
                counts.append(_count_answer(stock, count))
        return counts

    def is_blank(self, raw: Json) -> bool:
        """Say whether nothing was scanned, ticked or counted; the keys of the rows say nothing."""
        if not isinstance(raw, dict):
            return blank(raw)
        counts = raw.get("counts")
        counted = (
            [r.get("counted") if isinstance(r, dict) else r for r in counts]
            if isinstance(counts, list)
            else counts
        )
        parts = [raw.get(part) for part in ("scanned", "units", "unknown")]
        return blank([*parts, counted]) and raw.get("none") is not True

    def read(self, posted: Posted, name: str) -> Json:
        """Take the scans, the tick and the counts."""
        return {
            "scanned": posted_text(posted, f"{name}-scanned") or "",
            "none": "yes" in posted.getlist(f"{name}-none"),
            "counts": read_rows(posted, name, ("key", "counted")),
        }

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the scans and a row for every lot expected, with what was counted so far."""
        parts = raw if isinstance(raw, dict) else {}
        rows = [row for row in rows_of(parts, "counts") if isinstance(row, dict)]
        counted = {str(row.get("key")): row.get("counted") for row in rows}
        expected = context.expected()
        return {
            "scanned": scan_text(_scanned(parts)),
            "none": parts.get("none") is True,
            "has_units": any(stock.unit for stock in expected),
            "unit_count": sum(1 for stock in expected if stock.unit),
            "rows": [
                {
                    "key": stock.key,
                    "part_no": stock.part_no,
                    "name": stock.name,
                    "location": stock.location,
                    "expected": text_of(stock.quantity),
                    "uom": say_uom(stock.uom, context.language),
                    "counted": "" if counted.get(stock.key) is None else str(counted[stock.key]),
                }
                for stock in _lots(expected)
            ],
        }

    def show(self, value: Json, language: str) -> Shown:
        """Write the units by part and a row for every count."""
        lines = [*show_units(value["units"])]
        lines += [f"{say(UNKNOWN, language)}: {text}" for text in value["unknown"]]
        lines += [say(NONE, language)] if value["none"] else []
        rows = tuple(
            (
                c["part_no"],
                c["name"],
                c["location"],
                f"{c['counted']} {say_uom(c['uom'], language, c['counted'])}",
            )
            for c in value["counts"]
        )
        return Shown(tuple(lines), tuple(say(h, language) for h in HEAD) if rows else (), rows)

    def variable(self, value: Json) -> Json:
        """Tell the diagram how many were found, as text."""
        counted = sum((Decimal(count["counted"]) for count in value["counts"]), Decimal(0))
        return text_of(counted + len(value["units"]))

    def json_schema(self) -> dict[str, Any]:
        """Describe what was found."""
        rows, text = {"type": "array", "items": {"type": "object"}}, {"type": "string"}
        texts = {"type": "array", "items": text}
        properties = {"units": rows, "unknown": texts, "counts": rows}
        return {"type": "object", "properties": {**properties, "none": {"type": "boolean"}}}


def _scanned(parts: Mapping[str, Any]) -> list[Json]:
    members: list[Json] = []
    for part in (parts.get("scanned"), parts.get("units"), parts.get("unknown")):
        members += part if isinstance(part, list) else str(part or "").split("\n")
    return members


def _meant(scan: Scan[UnitFound], expected: set[int]) -> tuple[UnitFound, ...]:
    """Take the unit that is expected when a serial fits several."""
    among = tuple(unit for unit in scan.found if unit.unit_id in expected)
    return among if len(among) == 1 else scan.found


def _lots(expected: Sequence[Stock]) -> list[Stock]:
    return [stock for stock in expected if stock.unit is None]


def _count_answer(stock: Stock, count: Decimal) -> dict[str, Json]:
    return {
        "key": stock.key,
        "part_no": stock.part_no,
        "name": stock.name,
        "location": stock.location,
        "lot_id": stock.lot.lot_id if stock.lot else None,
        "uom": stock.uom,
        "counted": text_of(count),
    }
