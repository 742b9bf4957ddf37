"""What is suspected: units, lots, and what nobody could identify."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from forms.context import Context, LotFound, UnitFound
from forms.counting import ALL, miscounted
from forms.decimals import decimal_of, text_of
from forms.errors import Problem
from forms.field import Json, Posted, Shown, posted_text
from forms.kind import Kind, Option, Wrong, blank, is_count
from forms.kinds.lots import show_lots
from forms.kinds.units import show_units
from forms.rows import read_rows, rows_of, with_row, without_row
from forms.scanning import TOO_MANY, Scan, lot_answer, printable, scan_text, scans, unit_answer
from forms.texts import TextRefused, clean
from forms.words import N_, say

NOT_FOUND = N_("Not found under this number; it stays in the report as it was scanned")
UNIDENTIFIED = N_("Not identified")
HOW_MANY = N_("Write how many as a number greater than zero, or leave it empty if nobody knows.")
DESCRIBE = N_("Describe what cannot be identified: where it lies and what it looks like.")
CHECK_DIGIT = N_(
    "The check digit of %(text)s is wrong. Scan the label again or correct the number. If it is "
    "printed like this, describe it below instead."
)
COLUMNS = ("description", "quantity")


class Suspects(Kind):
    """A report is never refused for want of identification.

    A scan that fits several units or lots means all of them until someone says otherwise; one
    that fits none is kept word for word among the unidentified.
    """

    has_rows = True
    has_script = True
    is_wide = True
    anchors_itself = False
    is_group = True
    options: ClassVar[Mapping[str, Option]] = {"max_count": (is_count, 500)}
    sentence_if_missing = N_("Scan what is affected, or describe it if it cannot be identified.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take every scan and every description."""
        parts = self._parts(raw)
        found = scans(parts["scanned"], _find_both(context))
        if problems := self._mistyped(found, context):
            raise Wrong(problems)
        rows = self._unidentified(parts["unidentified"])
        if not found and not rows:  # signs that leave nothing to read, though it was not blank
            raise Wrong([self.missing_problem()])
        if len(found) + len(rows) > self.option("max_count"):
            count = len(found) + len(rows)
            raise self.wrong(TOO_MANY, max=self.option("max_count"), count=count)
        units: dict[int, Json] = {}
        lots: dict[int, Json] = {}
        for scan in found:
            for match in scan.found:
                if isinstance(match, UnitFound):
                    units[match.unit_id] = unit_answer(match)
                else:
                    lots[match.lot_id] = lot_answer(match, scan.count)
            if not scan.found:
                text = printable(scan.text)
                rows.append({"description": text, "quantity": None, "is_scan": True})
        return {"units": [*units.values()], "lots": [*lots.values()], "unidentified": rows}

    def _mistyped(self, found: Sequence[Scan[Any]], context: Context) -> list[Problem]:
        """Name what can only be a slip; what cannot be identified is never one."""
        problems = [
            self.problem(sentence, "scanned", **facts)
            for sentence, facts in miscounted(found, context.say(ALL))
        ]
        return problems + [
            self.problem(CHECK_DIGIT, "scanned", text=printable(scan.text))
            for scan in found
            if not scan.found and context.has_wrong_check_digit(scan.text)
        ]

    def _parts(self, raw: Json) -> dict[str, Any]:
        """Bring a page's parts and an earlier answer's parts into one shape."""
        if not isinstance(raw, dict):
            return {"scanned": raw, "unidentified": []}
        rows = raw.get("unidentified") or []
        is_known = set(raw) <= {"scanned", "units", "lots", "unidentified"}
        if not is_known or not isinstance(rows, list):
            raise self.wrong(self.sentence_if_missing)
        scanned = [raw.get("scanned"), raw.get("units"), raw.get("lots")]
        members: list[Json] = []
        for part in scanned:
            members += part if isinstance(part, list) else str(part or "").split("\n")
        return {"scanned": members, "unidentified": rows}

    def _unidentified(self, rows: Sequence[Json]) -> list[dict[str, Json]]:
        problems, taken = [], []
        for number, row in enumerate(rows):
            if blank(row):
                continue
            if not isinstance(row, dict) or not set(row) <= {*COLUMNS, "is_scan"}:
                raise self.wrong(DESCRIBE)
            try:
                description = clean(row.get("description"), max_length=1000, lines=True)
            except TextRefused as refused:
                at = f"{number}.description"
                problems.append(self.problem(refused.sentence, at, **refused.facts))
                continue
            quantity = decimal_of(row.get("quantity"))
            if not description:
                problems.append(self.problem(DESCRIBE, f"{number}.description"))
            if not blank(row.get("quantity")) and (quantity is None or quantity <= 0):
                problems.append(self.problem(HOW_MANY, f"{number}.quantity"))
            taken.append(
                {
                    "description": description,
                    "quantity": None if quantity is None else text_of(quantity),
                    "is_scan": row.get("is_scan") is True,
                }
            )
        if problems:
            raise Wrong(problems)
        return taken

    def is_blank(self, raw: Json) -> bool:
        """Say whether nothing was scanned and nothing described."""
        if not isinstance(raw, dict):
            return blank(raw)
        rows = raw.get("unidentified")
        described = (
            [r.get("description") or r.get("quantity") for r in rows if isinstance(r, dict)]
            if isinstance(rows, list)
            else rows
        )
        return blank([raw.get("scanned"), raw.get("units"), raw.get("lots"), described])

    def read(self, posted: Posted, name: str) -> Json:
        """Take the scans and the rows."""
        return {
            "scanned": posted_text(posted, f"{name}-scanned") or "",
            "unidentified": read_rows(posted, name, COLUMNS),
        }

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the scans as lines, and the rows with one more to write in."""
        parts = raw if isinstance(raw, dict) else {"scanned": raw}
        rows = [r for r in rows_of(parts, "unidentified") if isinstance(r, dict)]
        texts = [scan_text(parts.get(part)) for part in ("scanned", "units", "lots")]
        texts += [str(row.get("description")) for row in rows if row.get("is_scan")]
        described = [
            {column: str(row.get(column) or "") for column in COLUMNS}
            for row in rows
            if not row.get("is_scan")
        ]
        empty = dict.fromkeys(COLUMNS, "")
        return {"scanned": "\n".join(filter(None, texts)), "rows": described or [empty]}

    def with_row(self, raw: Json) -> Json:
        """Return the answer with an empty description more."""
        return with_row(raw, "unidentified")

    def without_row(self, raw: Json, row: int) -> Json:
        """Return the answer without one description."""
        return without_row(raw, "unidentified", row)

    def show(self, value: Json, language: str) -> Shown:
        """Write units, lots and what was not identified."""
        lines = [*show_units(value["units"]), *show_lots(value["lots"])]
        for row in value["unidentified"]:
            words = say(NOT_FOUND if row["is_scan"] else UNIDENTIFIED, language)
            count = f" × {row['quantity']}" if row["quantity"] else ""
            lines.append(f"{words}: {row['description']}{count}")
        return Shown(tuple(lines))

    def variable(self, value: Json) -> Json:
        """Tell the diagram how many units, lots and descriptions there are."""
        return sum(len(value[part]) for part in ("units", "lots", "unidentified"))

    def json_schema(self) -> dict[str, Any]:
        """Describe what was found and what was not."""
        rows = {"type": "array", "items": {"type": "object"}}
        return {"type": "object", "properties": {"units": rows, "lots": rows, "unidentified": rows}}


def _find_both(context: Context) -> Any:
    def find(texts: Sequence[str]) -> dict[str, list[UnitFound | LotFound]]:
        units, lots = context.find_units(texts), context.find_lots(texts)
        return {text: [*units.get(text, ()), *lots.get(text, ())] for text in texts}

    return find
