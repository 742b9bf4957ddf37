"""What became of each description: which unit or lot it is, or that nobody can tell."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from forms.context import Context, Description, LotFound, UnitFound
from forms.decimals import decimal_of, text_of
from forms.errors import Problem
from forms.field import Json, Posted, Shown
from forms.kind import Kind, Option, Wrong, blank, is_flag
from forms.kinds.lots import show_lots
from forms.kinds.units import show_units
from forms.rows import read_rows
from forms.scanning import lot_answer, printable, scan_text, scans, unit_answer
from forms.texts import TextRefused, clean
from forms.words import N_, say

IDENTIFIED, NOT_IDENTIFIED, OPEN = "identified", "not_identified", "open"
OUTCOMES = {
    IDENTIFIED: N_("Identified"),
    NOT_IDENTIFIED: N_("Could not be identified"),
    OPEN: N_("Not known yet"),
}
NOTHING = N_("Everything that was named is identified.")
CHOOSE = N_("Say what became of “%(words)s”.")
SCAN = N_("Scan the unit or the lot that “%(words)s” turned out to be.")
UNKNOWN = N_("There is nothing recorded under “%(text)s”. Check the number.")
REASON = N_("Write what was done to identify “%(words)s”, and why it cannot be.")
HOW_MANY = N_("Write how many it can be at most, as a number greater than zero.")
COLUMNS = ("key", "outcome", "scanned", "quantity", "reason")
SAID = ("outcome", "scanned", "reason")  # the quantity may stand there from the report
HEAD = (N_("Described as"), N_("What it is"), N_("Quantity"), N_("What was done"))


class Identification(Kind):
    """Nothing that was described may be passed over, nor its quantity stay unknown.

    With `may_wait` a description may stay open: it is asked about again later.
    """

    is_wide = True
    anchors_itself = False
    is_group = True
    options: ClassVar[Mapping[str, Option]] = {"may_wait": (is_flag, False)}
    sentence_if_missing = N_("Say for each description what became of it.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take an outcome for every description that is open."""
        given = self._given(raw)
        problems: list[Problem] = []
        resolved = []
        described = context.unidentified()
        if described and not given and not self.option("may_wait"):
            raise Wrong([self.missing_problem()])  # it was described after the page was opened
        for place, one in enumerate(described):
            row = given.get(_key(one), {})
            found = self._row(one, row, place, context, problems)
            if found is not None:
                resolved.append(found)
        if problems:
            raise Wrong(problems)
        return {"resolved": resolved}

    def _given(self, raw: Json) -> dict[str, dict[str, Any]]:
        """Bring a page's rows and an earlier answer's rows into one shape, by description."""
        if not isinstance(raw, dict) or not set(raw) <= {"rows", "resolved"}:
            raise self.wrong(self.sentence_if_missing)
        rows = raw.get("rows", raw.get("resolved", []))
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.wrong(self.sentence_if_missing)
        return {str(row.get("key") or f"subject-{row.get('subject_id')}"): row for row in rows}

    def _row(
        self,
        one: Description,
        row: Mapping[str, Any],
        place: int,
        context: Context,
        problems: list[Problem],
    ) -> dict[str, Json] | None:
        outcome = row.get("outcome") or (OPEN if self.option("may_wait") else "")
        facts = {"words": one.words[:60]}
        if outcome not in self.outcomes:
            problems.append(self.problem(CHOOSE, f"{place}.outcome", **facts))
            return None
        known: dict[str, Json] = {
            "subject_id": one.subject_id,
            "description": one.words,
            "outcome": outcome,
            "units": [],
            "lots": [],
            "quantity": None if one.quantity is None else text_of(one.quantity),
            "reason": "",
        }
        if outcome == IDENTIFIED:
            return known | self._identified(row, place, context, problems, facts)
        if outcome == NOT_IDENTIFIED:
            return known | self._not_identified(row, place, one, problems, facts)
        return known

    def _identified(
        self,
        row: Mapping[str, Any],
        place: int,
        context: Context,
        problems: list[Problem],
        facts: dict[str, str],
    ) -> dict[str, Json]:
        at = f"{place}.scanned"
        units: dict[int, Json] = {}
        lots: dict[int, Json] = {}
        found = scans(_scanned(row), _find_both(context))
        if not found:
            problems.append(self.problem(SCAN, at, **facts))
        for scan in found:
            if not scan.found:
                problems.append(self.problem(UNKNOWN, at, text=printable(scan.text)[:60]))
            for match in scan.found:
                if isinstance(match, UnitFound):
                    units[match.unit_id] = unit_answer(match)
                else:
                    lots[match.lot_id] = lot_answer(match, scan.count)
        return {"units": [*units.values()], "lots": [*lots.values()]}

    def _not_identified(
        self,
        row: Mapping[str, Any],
        place: int,
        one: Description,
        problems: list[Problem],
        facts: dict[str, str],
    ) -> dict[str, Json]:
        try:
            reason = clean(row.get("reason"), max_length=2000, lines=True)
        except TextRefused as refused:
            problems.append(self.problem(refused.sentence, f"{place}.reason", **refused.facts))
            return {}
        if not reason:
            problems.append(self.problem(REASON, f"{place}.reason", **facts))
        asked = row.get("quantity")
        quantity = one.quantity if asked in (None, "") else decimal_of(asked)
        if quantity is None or quantity <= 0:
            problems.append(self.problem(HOW_MANY, f"{place}.quantity"))
            return {}
        return {"reason": reason, "quantity": text_of(quantity)}

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Return what may be said of a description here."""
        last = (OPEN,) if self.option("may_wait") else ()
        return (IDENTIFIED, NOT_IDENTIFIED, *last)

    def worded(self, language: str) -> list[tuple[str, str]]:
        """Return these with their words, for the page."""
        return [(code, say(OUTCOMES[code], language)) for code in self.outcomes]

    def is_blank(self, raw: Json) -> bool:
        """Say whether nothing was said of any description; with none there is nothing to say."""
        if not isinstance(raw, dict):
            return blank(raw)
        rows = raw.get("rows", raw.get("resolved"))
        if not isinstance(rows, list) or not rows:
            return not {"rows", "resolved"} & set(raw)
        said = [[r.get(c) for c in SAID] if isinstance(r, dict) else r for r in rows]
        return blank(said)

    def read(self, posted: Posted, name: str) -> Json:
        """Take the rows."""
        return {"rows": read_rows(posted, name, COLUMNS)}

    def filled(self, raw: Json, context: Context) -> Any:
        """Return a row for every description that is open, with what was said so far."""
        parts = raw if isinstance(raw, dict) else {}
        rows = parts.get("rows", parts.get("resolved"))
        given = {
            str(row.get("key") or f"subject-{row.get('subject_id')}"): row
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, dict)
        }
        return [_filled(one, given.get(_key(one), {})) for one in context.unidentified()]

    def show(self, value: Json, language: str) -> Shown:
        """Write a row for every description."""
        if not value["resolved"]:
            return Shown((say(NOTHING, language),))
        rows = tuple(
            (
                row["description"],
                "\n".join((*show_units(row["units"]), *show_lots(row["lots"])))
                or say(OUTCOMES[row["outcome"]], language),
                row["quantity"] or "–",
                row["reason"] or "–",
            )
            for row in value["resolved"]
        )
        return Shown((), tuple(say(word, language) for word in HEAD), rows)

    def variable(self, value: Json) -> Json:
        """Tell the diagram how many stay open."""
        return sum(1 for row in value["resolved"] if row["outcome"] == OPEN)

    def json_schema(self) -> dict[str, Any]:
        """Describe what became of each description."""
        rows = {"type": "array", "items": {"type": "object"}}
        return {"type": "object", "properties": {"resolved": rows}}


def _key(one: Description) -> str:
    return f"subject-{one.subject_id}"


def _filled(one: Description, row: Mapping[str, Any]) -> dict[str, str]:
    quantity = row.get("quantity") or (one.quantity and text_of(one.quantity)) or ""
    return {
        "key": _key(one),
        "words": one.words,
        "outcome": str(row.get("outcome") or ""),
        "scanned": scan_text(_scanned(row)),
        "quantity": str(quantity),
        "reason": str(row.get("reason") or ""),
    }


def _scanned(row: Mapping[str, Any]) -> list[Json]:
    members: list[Json] = []
    for part in (row.get("scanned"), row.get("units"), row.get("lots")):
        members += part if isinstance(part, list) else str(part or "").split("\n")
    return members


def _find_both(context: Context) -> Any:
    def find(texts: Sequence[str]) -> dict[str, list[UnitFound | LotFound]]:
        units, lots = context.find_units(texts), context.find_lots(texts)
        return {text: [*units.get(text, ()), *lots.get(text, ())] for text in texts}

    return find
