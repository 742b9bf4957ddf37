"""The number of a record kept elsewhere, or the reason why there is none."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from forms.context import Context
from forms.field import Json, Posted, Shown, posted_text
from forms.kind import Kind, Option, is_words
from forms.kinds.text import PATTERN, pattern_faults
from forms.texts import clean
from forms.words import N_, say

ONE_OF = N_("Enter the number for “%(label)s”, or say why there is none, not both.")
WHY = N_("Say in a few words why there is none for “%(label)s”.")


class Reference(Kind):
    """A number such as a CAPA's, or "no, because": never silence."""

    anchors_itself = False
    is_group = True
    options: ClassVar[Mapping[str, Option]] = {
        "because": (is_words, N_("None, because")),
        **PATTERN,
    }
    translated = ("because", "pattern_words")
    sentence_if_missing = N_("Enter the number for “%(label)s”, or say why there is none.")

    def accept(self, raw: Json, context: Context) -> Json:
        """Take a number or a reason of at least a few words, and never both."""
        parts = raw if isinstance(raw, dict) else {"number": raw}
        if not set(parts) <= {"number", "because"}:
            raise self.wrong(self.sentence_if_missing)
        number = clean(parts.get("number"), max_length=100)
        because = clean(parts.get("because"), max_length=1000, lines=True)
        if number and because:
            raise self.wrong(ONE_OF)
        if because and len(because) < 4:  # "no" and "n/a" are not reasons
            raise self.wrong(WHY, "because")
        pattern = self.option("pattern")
        if number and pattern and not re.fullmatch(pattern, number):
            raise self.wrong(self.option("pattern_words"), "number")
        return {"number": number or None, "because": because or None}

    def read(self, posted: Posted, name: str) -> Json:
        """Take the number and the reason."""
        return {
            "number": posted_text(posted, f"{name}-number") or "",
            "because": posted_text(posted, f"{name}-because") or "",
        }

    def filled(self, raw: Json, context: Context) -> Any:
        """Return the number and the reason."""
        parts = raw if isinstance(raw, dict) else {"number": raw}
        return {part: str(parts.get(part) or "") for part in ("number", "because")}

    def show(self, value: Json, language: str) -> Shown:
        """Write the number, or the reason."""
        if value["number"]:
            return Shown((value["number"],))
        return Shown((f"{say(self.option('because'), language)}: {value['because']}",))

    def variable(self, value: Json) -> Json:
        """Tell the diagram the number, or nothing."""
        return value["number"]

    def lint(self) -> Sequence[str]:
        """Refuse a pattern without words."""
        return pattern_faults(self)

    def json_schema(self) -> dict[str, Any]:
        """Describe a number or a reason."""
        text = {"type": "string", "nullable": True}
        return {"type": "object", "properties": {"number": text, "because": text}}
