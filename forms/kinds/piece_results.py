"""What became of every piece: of two results each unit has one, each quantity is split in two.

The form names its two results: good and bad where pieces are sorted, destroyed and not destroyed
where they are destroyed. Hundreds of units go into two boxes: those of one result are scanned, and
all others have the other.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from forms.context import Context, Stock
from forms.decimals import decimal_of, text_of
from forms.errors import Problem
from forms.field import Json, Posted, Shown, posted_text
from forms.kind import Kind, Option, Wrong, blank, is_words
from forms.kinds.units import show_units
from forms.places import places_answer, say_place_of, say_where
from forms.rows import read_rows
from forms.scanning import printable, scan_text, scans
from forms.words import N_, say

JUDGE = N_("Choose for %(name)s: “%(good)s” or “%(bad)s”.")
SPLIT = N_("Enter both quantities of %(name)s: “%(good)s” and “%(bad)s”.")
SUM = N_("The two quantities of %(name)s make %(sum)s; there are %(count)s.")
STRANGE = N_("%(key)s is not among what this step is about.")
NOT_THERE = N_("%(text)s is not among the units of this step. Take it out, or report it.")
HEAD = (N_("Part"), N_("Unit or lot"), N_("Location"))
COLUMNS = ("key", "result", "good", "bad")
RESULTS = ("good", "bad")


def is_result(value: object) -> bool:
    """Say whether an option names one of the two results."""
    return value in RESULTS


class PieceResults(Kind):
    """No piece may be passed over: each is judged, and the counts add up."""

    has_script = True
    is_wide = True
    anchors_itself = False
    is_group = True
    options: ClassVar[Mapping[str, Option]] = {
        "good": (is_words, N_("Good")),
        "bad": (is_words, N_("Bad")),
        "scanned": (is_result, "bad"),  # the box whose units are scanned
    }
    translated = ("good", "bad")
    sentence_if_missing = N_("Enter a result for every piece under “%(label)s”.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take a result for every piece there is."""
        rows, scanned, has_rest = self._parts(raw)
        pieces = context.pieces()
        given = {str(row.get("key")): row for row in rows}
        problems = [
            self.problem(STRANGE, key=key[:60]) for key in given.keys() - {p.key for p in pieces}
        ]
        units = {piece.unit.unit_id: piece.key for piece in pieces if piece.unit is not None}
        in_box = self._in_box(scanned, units, context, problems)
        if has_rest:
            told = {key for key, row in given.items() if row.get("result") in RESULTS}
            given |= {key: {"result": self.rest} for key in units.values() if key not in told}
        given |= {key: {"result": self.box} for key in in_box}
        results = []
        for place, piece in enumerate(pieces):
            split = self._split(piece, given.get(piece.key, {}), place, problems)
            if split is not None:
                results.append(_answer(piece, *split))
        if problems:
            raise Wrong(problems)
        return results

    @property
    def box(self) -> str:
        """Name the result whose units are scanned into the box."""
        return str(self.option("scanned"))

    @property
    def rest(self) -> str:
        """Name the result that all units outside the box may have."""
        return "good" if self.box == "bad" else "bad"

    def _parts(self, raw: Json) -> tuple[list[dict[str, Any]], Json, bool]:
        """Bring rows alone, and rows with scans of the units in the box, into one shape."""
        parts = raw if isinstance(raw, dict) else {"rows": raw}
        rows = parts.get("rows", [])
        rest_is = f"rest_is_{self.rest}"
        is_known = set(parts) <= {"rows", self.box, rest_is} and isinstance(rows, list)
        if not is_known or not all(isinstance(row, dict) for row in rows):
            raise self.wrong(self.sentence_if_missing)
        return rows, parts.get(self.box) or "", parts.get(rest_is) is True

    def _in_box(
        self, scanned: Json, units: Mapping[int, str], context: Context, problems: list[Problem]
    ) -> set[str]:
        """Return the keys of the scanned units; a unit of another step is a problem."""
        keys: set[str] = set()
        for scan in scans(scanned, context.find_units):
            # a serial that several products share means the one of this step
            found = {units[unit.unit_id] for unit in scan.found if unit.unit_id in units}
            keys |= found
            if not found:
                problems.append(self.problem(NOT_THERE, self.box, text=printable(scan.text)[:60]))
        return keys

    def _split(
        self, piece: Stock, row: Mapping[str, Any], place: int, problems: list[Problem]
    ) -> tuple[Decimal, Decimal] | None:
        words = {result: self.option(result) for result in RESULTS}
        facts: dict[str, object] = {"name": piece.name}
        good, bad = decimal_of(row.get("good")), decimal_of(row.get("bad"))
        if piece.unit is not None and row.get("result") in RESULTS:
            good, bad = (Decimal(row["result"] == result) for result in RESULTS)
        if good is None or bad is None or good < 0 or bad < 0:
            is_unit = piece.unit is not None
            at = f"{place}.{'result' if is_unit else 'good'}"
            problems.append(self.problem(JUDGE if is_unit else SPLIT, at, **facts, **words))
            return None
        if good + bad != piece.quantity:
            facts |= {"sum": text_of(good + bad), "count": text_of(piece.quantity)}
            problems.append(self.problem(SUM, f"{place}.good", **facts))
            return None
        return good, bad

    def is_blank(self, raw: Json) -> bool:
        """Say whether nothing was judged; the keys of the rows say nothing."""
        if isinstance(raw, dict):
            rest = raw.get(f"rest_is_{self.rest}")
            return not rest and blank(raw.get(self.box)) and self.is_blank(raw.get("rows"))
        if not isinstance(raw, list):
            return blank(raw)
        told = ("result", "good", "bad")
        return blank([[r.get(c) for c in told] if isinstance(r, dict) else r for r in raw])

    def read(self, posted: Posted, name: str) -> Json:
        """Take the rows, and the scans of the units in the box where there are any."""
        rows = read_rows(posted, name, COLUMNS)
        in_box = posted_text(posted, f"{name}-{self.box}") or ""
        has_rest = posted_text(posted, f"{name}-rest") == self.rest
        if not in_box.strip() and not has_rest:
            return rows
        return {"rows": rows, self.box: in_box, f"rest_is_{self.rest}": has_rest}

    def filled(self, raw: Json, context: Context) -> Any:
        """Return a row for every piece, with what was judged so far, and the scans."""
        parts = raw if isinstance(raw, dict) else {"rows": raw}
        kept = parts.get("rows")
        rows = [row for row in kept if isinstance(row, dict)] if isinstance(kept, list) else []
        given = {str(row.get("key")): row for row in rows}
        pieces = [
            _row(piece, given.get(piece.key, {})) | {"location": say_where(piece, context.language)}
            for piece in context.pieces()
        ]
        return {
            "rows": pieces,
            "in_box": scan_text(parts.get(self.box)),
            "has_rest": parts.get(f"rest_is_{self.rest}") is True,
            "unit_count": sum(1 for piece in pieces if piece["is_unit"]),
        }

    def show(self, value: Json, language: str) -> Shown:
        """Write the units of each result by part, and a row for every lot."""
        lots = [row for row in value if row["unit_id"] is None]
        said = [say(self.option(result), language) for result in RESULTS]
        lines = tuple(
            f"{words}: {line}"
            for result, words in zip(RESULTS, said, strict=True)
            for line in show_units(_units_of(value, result))
        )
        rows = tuple(
            (
                row["part_no"],
                row["name"],
                say_place_of(row, language),
                *(str(row[result]) for result in RESULTS),
            )
            for row in lots
        )
        head = (*(say(head, language) for head in HEAD), *said) if rows else ()
        return Shown(lines, head, rows)

    def variable(self, value: Json) -> Json:
        """Tell the diagram how many have the first result, as text."""
        return text_of(sum((Decimal(row["good"]) for row in value), Decimal(0)))

    def compared(self, value: Json) -> Any:
        """Compare as a number."""
        return Decimal(self.variable(value))

    def json_schema(self) -> dict[str, Any]:
        """Describe a row for every piece."""
        text = {"type": "string"}
        properties = dict.fromkeys(("key", "part_no", "name", "location", "good", "bad"), text)
        return {"type": "array", "items": {"type": "object", "properties": properties}}


def _units_of(value: Json, result: str) -> list[dict[str, Any]]:
    """Return the units with one result, as `show_units` takes them."""
    return [
        {"part_no": row["part_no"], "serial": row["name"]}
        for row in value
        if row["unit_id"] is not None and Decimal(row[result])
    ]


def _row(piece: Stock, given: Mapping[str, Any]) -> dict[str, Any]:
    result = given.get("result")
    if piece.unit is not None and result not in RESULTS:
        good = decimal_of(given.get("good"))
        result = None if good is None else "good" if good else "bad"
    return {
        "key": piece.key,
        "part_no": piece.part_no,
        "name": piece.name,
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
        **places_answer(piece),
        "unit_id": piece.unit.unit_id if piece.unit else None,
        "lot_id": piece.lot.lot_id if piece.lot else None,
        "good": text_of(good),
        "bad": text_of(bad),
    }
