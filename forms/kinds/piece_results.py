"""The result of sorting: every unit good or bad, every quantity split into good and bad.

Hundreds of units are sorted into two boxes: the bad ones are scanned, and all others are good.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from forms.context import Context, Stock
from forms.decimals import decimal_of, text_of
from forms.errors import Problem
from forms.field import Json, Posted, Shown, posted_text
from forms.kind import Kind, Wrong, blank
from forms.rows import read_rows
from forms.scanning import printable, scan_text, scans
from forms.words import N_, say

JUDGE = N_("Say whether %(name)s is good or bad.")
SPLIT = N_("Enter how many of %(name)s are good and how many are bad.")
SUM = N_("Good and bad of %(name)s make %(sum)s; there are %(count)s.")
STRANGE = N_("%(key)s is not among what is to be sorted.")
NOT_THERE = N_("%(text)s is not among the units to be sorted. Take it out, or report it.")
HEAD = (N_("Part"), N_("Unit or lot"), N_("Location"), N_("Good"), N_("Bad"))
COLUMNS = ("key", "result", "good", "bad")


class PieceResults(Kind):
    """No piece may be passed over: each is judged, and the counts add up."""

    has_script = True
    is_wide = True
    anchors_itself = False
    is_group = True
    sentence_if_missing = N_("Enter a result for every piece under “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take a result for every piece there is to sort."""
        rows, scanned, rest_is_good = self._parts(raw)
        pieces = context.pieces()
        given = {str(row.get("key")): row for row in rows}
        problems = [
            self.problem(STRANGE, key=key[:60]) for key in given.keys() - {p.key for p in pieces}
        ]
        units = {piece.unit.unit_id: piece.key for piece in pieces if piece.unit is not None}
        bad = self._bad(scanned, units, context, problems)
        if rest_is_good:
            told = {key for key, row in given.items() if row.get("result") in {"good", "bad"}}
            given |= {key: {"result": "good"} for key in units.values() if key not in told}
        given |= {key: {"result": "bad"} for key in bad}
        results = []
        for place, piece in enumerate(pieces):
            split = self._split(piece, given.get(piece.key, {}), place, problems)
            if split is not None:
                results.append(_answer(piece, *split))
        if problems:
            raise Wrong(problems)
        return results

    def _parts(self, raw: Json) -> tuple[list[dict[str, Any]], Json, bool]:
        """Bring rows alone, and rows with scans of the bad units, into one shape."""
        parts = raw if isinstance(raw, dict) else {"rows": raw}
        rows = parts.get("rows", [])
        is_known = set(parts) <= {"rows", "bad", "rest_is_good"} and isinstance(rows, list)
        if not is_known or not all(isinstance(row, dict) for row in rows):
            raise self.wrong(self.sentence_if_missing)
        return rows, parts.get("bad") or "", parts.get("rest_is_good") is True

    def _bad(
        self, scanned: Json, units: Mapping[int, str], context: Context, problems: list[Problem]
    ) -> set[str]:
        """Return the keys of the units scanned as bad; what is not to be sorted is a problem."""
        keys: set[str] = set()
        for scan in scans(scanned, context.find_units):
            # a serial that several products share means the one that is to be sorted
            found = {units[unit.unit_id] for unit in scan.found if unit.unit_id in units}
            keys |= found
            if not found:
                problems.append(self.problem(NOT_THERE, "bad", text=printable(scan.text)[:60]))
        return keys

    def _split(
        self, piece: Stock, row: Mapping[str, Any], place: int, problems: list[Problem]
    ) -> tuple[Decimal, Decimal] | None:
        facts: dict[str, object] = {"name": piece.name}
        good, bad = decimal_of(row.get("good")), decimal_of(row.get("bad"))
        if piece.unit is not None and row.get("result") in {"good", "bad"}:
            good, bad = (Decimal(row["result"] == word) for word in ("good", "bad"))
        if good is None or bad is None or good < 0 or bad < 0:
            is_unit = piece.unit is not None
            at = f"{place}.{'result' if is_unit else 'good'}"
            problems.append(self.problem(JUDGE if is_unit else SPLIT, at, **facts))
            return None
        if good + bad != piece.quantity:
            facts |= {"sum": text_of(good + bad), "count": text_of(piece.quantity)}
            problems.append(self.problem(SUM, f"{place}.good", **facts))
            return None
        return good, bad

    def is_blank(self, raw: Json) -> bool:
        """Say whether nothing was judged; the keys of the rows say nothing."""
        if isinstance(raw, dict):
            rest = raw.get("rest_is_good")
            return not rest and blank(raw.get("bad")) and self.is_blank(raw.get("rows"))
        if not isinstance(raw, list):
            return blank(raw)
        told = ("result", "good", "bad")
        return blank([[r.get(c) for c in told] if isinstance(r, dict) else r for r in raw])

    def read(self, posted: Posted, name: str) -> Json:
        """Take the rows, and the scans of the bad units where there are any."""
        rows = read_rows(posted, name, COLUMNS)
        bad = posted_text(posted, f"{name}-bad") or ""
        rest_is_good = posted_text(posted, f"{name}-rest") == "good"
        if not bad.strip() and not rest_is_good:
            return rows
        return {"rows": rows, "bad": bad, "rest_is_good": rest_is_good}

    def filled(self, raw: Json, context: Context) -> Any:
        """Return a row for every piece, with what was judged so far, and the scans."""
        parts = raw if isinstance(raw, dict) else {"rows": raw}
        kept = parts.get("rows")
        rows = [row for row in kept if isinstance(row, dict)] if isinstance(kept, list) else []
        given = {str(row.get("key")): row for row in rows}
        pieces = [_row(piece, given.get(piece.key, {})) for piece in context.pieces()]
        return {
            "rows": pieces,
            "bad": scan_text(parts.get("bad")),
            "rest_is_good": parts.get("rest_is_good") is True,
            "unit_count": sum(1 for piece in pieces if piece["is_unit"]),
        }

    def show(self, value: Json, language: str) -> Shown:
        """Write a row for every piece."""
        rows = tuple(
            tuple(str(row[c]) for c in ("part_no", "name", "location", "good", "bad"))
            for row in value
        )
        return Shown((), tuple(say(head, language) for head in HEAD), rows)

    def variable(self, value: Json) -> Json:
        """Tell the diagram how many are good, as text."""
        return text_of(sum((Decimal(row["good"]) for row in value), Decimal(0)))

    def compared(self, value: Json) -> Any:
        """Compare as a number."""
        return Decimal(self.variable(value))

    def json_schema(self) -> dict[str, Any]:
        """Describe a row for every piece."""
        text = {"type": "string"}
        properties = dict.fromkeys(("key", "part_no", "name", "location", "good", "bad"), text)
        return {"type": "array", "items": {"type": "object", "properties": properties}}


def _row(piece: Stock, given: Mapping[str, Any]) -> dict[str, Any]:
    result = given.get("result")
    if piece.unit is not None and result not in {"good", "bad"}:
        good = decimal_of(given.get("good"))
        result = None if good is None else "good" if good else "bad"
    return {
        "key": piece.key,
        "part_no": piece.part_no,
        "name": piece.name,
        "location": piece.location,
        "is_unit": piece.unit is not None,
        "quantity": text_of(piece.quantity),
        "result": result or "",
        "good": "" if given.get("good") is None else str(given["good"]),
        "bad": "" if given.get("bad") is None else str(given["bad"]),
    }


def _answer(piece: Stock, good: Decimal, bad: Decimal) -> dict[str, Json]:
    return {
        "key": piece.key,
        "part_no": piece.part_no,
        "name": piece.name,
        "location": piece.location,
        "unit_id": piece.unit.unit_id if piece.unit else None,
        "lot_id": piece.lot.lot_id if piece.lot else None,
        "good": text_of(good),
        "bad": text_of(bad),
    }
